"""Which method gives len() of an object?

Here the object is a data set cut into batches, and its length is what a progress bar counts to.
"""

from collections.abc import Sequence
from typing import Any


class Batches:
    """A sequence, cut into batches: slices of `size` items each, in order.

    len() is the number of batches, and a for loop yields just as many; each loop starts anew. The
    last batch holds what is left over, which may be fewer items than `size`; with drop_last a
    batch of fewer is left out, both of the loop and of the length. Where there is no batch the
    object is falsy.
    """

    def __init__(self, items: Sequence[Any], size: int, drop_last: bool = False) -> None:
        """Take the items, of any number, and the size of a batch.

        Raises:
            ValueError: size is less than 1; the message gives it.
        """
        raise NotImplementedError
