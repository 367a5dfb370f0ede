"""What is a list comprehension, and how does one keep some items and change them on the way?

Here: the odd numbers of a list, doubled.
"""

from collections.abc import Iterable


def double_odds(numbers: Iterable[int]) -> list[int]:
    """Return twice each odd number, in the order given, as a list.

    numbers is any iterable of ints, such as a list, a range or a generator, and may be empty; it is
    walked once. Negative numbers are odd or even like any other, equal numbers count each time, and
    large ones keep every digit. A list that is handed in stays as it is.
    """
    raise NotImplementedError
