"""Which method makes an object subscriptable?

Here the object holds items, and takes between its brackets what a tensor takes: one place, a slice,
several places, or a mask.
"""

from collections.abc import Iterable
from typing import Any


class Items:
    """Items in order, picked by what stands between the brackets.

    - An int picks one item; a negative one counts back from the end.
    - A slice picks what it picks of a list, and gives Items again.
    - A list of ints picks these places, in the order of the list, repeats included, and gives
      Items; they are ints as above, so 0 and 1 are places.
    - A list of bools, one for each item, is a mask: it keeps the items at its Trues, and gives
      Items.
    - An empty list gives Items without any item.

    A for loop walks the items in order and ends; that is the brackets' doing too: an Items is no
    list, and has no __iter__.

    Raises, between the brackets:
        IndexError: there is no such place, be it too far ahead or too far back, alone or in a list.
        IndexError: a mask has more or fewer bools than there are items; the message names both
            numbers.
    """

    def __init__(self, items: Iterable[Any]) -> None:
        """Take the items of any iterable; what becomes of it later does not matter."""
        raise NotImplementedError
