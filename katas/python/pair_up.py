"""How do two sequences become one of pairs, and why does training want them so?

Here: inputs and targets, paired by position, and taken apart again.
"""

from collections.abc import Iterable, Sequence
from typing import Any


def pair_up(xs: Sequence[Any], ys: Sequence[Any]) -> list[tuple[Any, Any]]:
    """Return a list of tuples (x, y): the first of xs with the first of ys, and so on.

    Sequences are lists, strings, ranges, tensors and whatever else has a length and an order. Items
    may repeat, may be false or None, and go into the tuples as they are. Without items the list is
    empty. xs and ys stay as they are.

    Raises:
        ValueError: xs and ys differ in length; the message gives both lengths.
    """
    raise NotImplementedError


def unpair(pairs: Iterable[tuple[Any, Any]]) -> tuple[list[Any], list[Any]]:
    """Return two lists: all that comes first in a pair, and all that comes second, in order.

    pairs is any iterable of pairs, an iterator too, and may be empty, which gives two empty lists.
    It is walked once. A list that is handed in stays as it is.
    """
    raise NotImplementedError
