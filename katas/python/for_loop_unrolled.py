"""What does Python call, and in what order, when it runs a for loop?

Here: a for loop written without for, and an object that such a loop can walk.
"""

from collections.abc import Callable, Iterable
from typing import Any


def for_each(iterable: Iterable[Any], action: Callable[[Any], object]) -> None:
    """Do what `for item in iterable: action(item)` does, without writing it.

    Neither here nor in what this uses of the file may there be a for statement (async for counts),
    a comprehension, a generator expression or a yield from.

    Whatever a for loop walks can be walked; for anything else there is a TypeError, as from a for
    loop. iterable is asked for an iterator once. Fetching an item and calling action with it take
    turns: nothing is fetched ahead. Any object can be an item, None too. What action returns makes
    no difference, and nothing is returned. Errors come out as they are, those of action as well as
    those met while fetching; a StopIteration that action raises is such an error, and not the end.
    """
    raise NotImplementedError


class Countdown:
    """An iterator that gives start, start - 1 and so on down to 1; nothing if start is below 1.

    As every iterator it is its own: asked for an iterator it returns itself, so that a loop goes on
    where the one before has stopped. Once exhausted it stays exhausted. It is written by the rule
    that holds for for_each: no for of any kind, no comprehension, no yield from.
    """

    def __init__(self, start: int) -> None:
        """Take the number to begin with, an int."""
        raise NotImplementedError
