"""What can sorted() sort?

Here: the callbacks of a training loop, which are functions, classes and objects of any kind, into
the order in which they run.
"""

from collections.abc import Iterable
from typing import Any


def run_order(callbacks: Iterable[Any]) -> list[Any]:
    """Return the callbacks as a new list in the order in which they run, smallest `order` first.

    A callback is any object: a function, a class, an instance. Its attribute `order`, wherever it
    has that from, is an int or a finite float, which may be negative; without the attribute its
    order is 0. Callbacks of equal order keep the order in which they came, and one that came twice
    is there twice.

    Nothing else about them counts, and nothing is done to them: they may be unable to compare, to
    hash or to say whether they are true, they are not called, and get no attributes. The list
    holds the very objects that came in. callbacks is any iterable, walked once, and may be empty;
    a list that is handed in stays as it is.
    """
    raise NotImplementedError
