"""Which method makes an object callable?

Here the object is a chain of transforms, such as those that every picture of a data set goes
through.
"""

from collections.abc import Callable
from typing import Any


class Compose:
    """Transforms of one value joined into one, which is called like a function of one value.

    A call hands the value to the first transform, what that gives to the second, and so on, and
    returns what the last one gives. Every value goes on as it is, uncopied and whole, be it 0,
    None, empty, a list or a tuple. Each call runs every transform anew, also a call that one of
    the transforms makes meanwhile. What a transform raises comes out, and those after it do not
    run. Without transforms a call returns what it is given.

    It goes where a function goes: callable() is True of it, map() takes it, another Compose takes
    it as a transform. And it pickles if its transforms do.
    """

    def __init__(self, *transforms: Callable[[Any], Any]) -> None:
        """Take the transforms in the order in which they run; they are anything callable."""
        raise NotImplementedError
