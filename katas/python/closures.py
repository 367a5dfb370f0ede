"""What is a closure, and what does it remember?

Here: functions that each remember an amount, and a function that remembers a mean.
"""

from collections.abc import Callable, Iterable


def make_adders(amounts: Iterable[float]) -> list[Callable[[float], float]]:
    """Return a list of functions, one for each amount, in order: each adds its own to a number.

    amounts is any iterable of numbers, a generator too, and is walked once. An adder is called with
    one argument, by position.
    """
    raise NotImplementedError


def make_averager() -> Callable[[float], float]:
    """Return a function of one number, given by position, that returns the mean of all so far.

    Each call of make_averager gives a function with a memory of its own. It remembers what it needs
    for the next mean, which does not grow with the numbers. Of the numbers themselves it may keep
    the first alive, and no other.
    """
    raise NotImplementedError
