"""What can sorted() sort?

Here: callbacks of a training loop, which are functions, classes and objects, into the order in
which they run.
"""

from collections.abc import Iterable
from typing import Any


def run_order(callbacks: Iterable[Any]) -> list[Any]:
    """Return the callbacks as a list in which they run: by their attribute `order`, smallest first.

    A callback is anything: a function, a class, an object. `order` is a number, which may be
    negative; a callback without that attribute has order 0. Callbacks of equal order stay in the
    order in which they came. They are compared by nothing else, so they need not be comparable, and
    the list holds the very ones that came in.

    callbacks is any iterable, a generator too; a list that is handed in stays as it is.
    """
    raise NotImplementedError
