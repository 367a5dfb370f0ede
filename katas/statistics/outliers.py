"""Which of two measures of spread reacts more to an outlier?

The two are the standard deviation and the mean absolute deviation. Measure what one number does to
each, then compare.
"""

from jaxtyping import Float64
from torch import Tensor


def outlier_effect(x: Float64[Tensor, " n"], outlier: float) -> tuple[float, float]:
    """Return by what factor two measures of spread grow when one more number joins x.

    The first factor is that of the standard deviation (n - 1), the second that of the mean absolute
    deviation (about the mean, over n). Each is the spread of all n + 1 numbers over the spread of x
    alone: 3.0 means three times as wide, and below 1 that the spread has shrunk. Both are Python
    floats, right to 1e-6 of their size, also for numbers around 10,000,000 with a spread of 1.

    x is on the CPU, has at least one number, in any order, and is left as it is. The number that
    joins may lie anywhere, be it at the mean of x or a million deviations from it, on either side.

    Raises:
        ValueError: all numbers in x are equal, or there is only one, whichever number it is (0.1
            too): no factor leads away from a spread of 0.
    """
    raise NotImplementedError
