"""What is a function called that you hand over, to be called back?

Here a sum takes its time, and tells whoever wants to know how far it is: a progress bar, a
recorder, or something that has seen enough.
"""

from collections.abc import Callable, Iterable


def slow_total(
    numbers: Iterable[float], on_step: Callable[[int, float], object] | None = None
) -> float:
    """Return the total of the numbers, added one by one, and report each step.

    Right after each addition, before the next number is taken, on_step(step, running) is called:
    step is a whole number that counts from 0 in each run, running the total so far, and both are
    given by position. If what it returns is truthy, the work stops there: no number more is taken
    and nothing more is reported, and the total so far, with that step's number in it, is the
    result. Otherwise the work goes on, as it does when on_step returns nothing. on_step is anything
    that can be called, or None if nobody wants to know. An error that it raises, of whichever
    kind, comes out as it is.

    numbers is any iterable of ints and floats, such as a list or a generator, and is walked once;
    it may be endless where on_step stops the work. No numbers give 0, and no call.
    """
    raise NotImplementedError
