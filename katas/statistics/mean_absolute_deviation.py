"""What does (t - t.mean()).abs().mean() calculate?

The mean absolute deviation: how far numbers are from their mean, on average. Here along one axis.
"""

from jaxtyping import Float
from torch import Tensor


def mean_absolute_deviation(x: Float[Tensor, "*shape"], dim: int) -> Float[Tensor, "*rest"]:
    """Return the mean distance of the numbers along axis dim from their own mean.

    Each slice along dim, such as each column of a table for dim 0, has a mean and a deviation of
    its own. x is of any rank from 1 up; dim may be negative, counting from the last axis. The
    result has x's shape without that axis, x's dtype and device. x is left as it is.
    """
    raise NotImplementedError
