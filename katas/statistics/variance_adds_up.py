"""Why do mathematicians prefer the standard deviation to the mean absolute deviation?

One reason can be programmed: its square, the variance, can be put together from parts. The numbers
themselves are not needed for that.
"""


def merge(
    a: tuple[float, float, float], b: tuple[float, float, float]
) -> tuple[float, float, float]:
    """Return count, mean and variance of two groups of numbers taken together.

    A group is known as (count, mean, variance), with the variance over count, not count - 1. The
    count is a whole number, int or float, and may be in the millions. An empty group is (0, 0.0,
    0.0): merged with another it changes nothing, and two empty ones give an empty one.

    The result is such a group too and can be merged further. But for rounding, neither the order
    nor the grouping of merges matters. Mean and variance are right to 1e-9 of their size where the
    numbers lie around 0, and to 1e-6 where they lie around 100,000,000 with a spread of 1, also
    after a thousand merges.
    """
    raise NotImplementedError
