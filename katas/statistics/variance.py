"""What does variance measure?

How far numbers lie from their mean, in squared units: data in metres have it in square metres.
"""

from jaxtyping import Float
from torch import Tensor


def variance(
    x: Float[Tensor, "*shape"], dim: int, correction: int = 1
) -> Float[Tensor, "*other_axes"]:
    """Return the variance of x along its axis dim, without torch.var or torch.std.

    It is the sum of the squared distances from the mean, over n - correction, where n is the size
    of the axis. Each slice along dim has a mean of its own, and the result has the shape of x
    without that axis. correction is 0 or 1. A negative dim counts from the last axis.

    x is float32 or float64, of any rank from 1, with at least one number on each axis; it need not
    be contiguous and is left as it is. dtype and device stay, and so do the digits of float64. One
    number with correction 1 gives NaN, as in torch; with correction 0 it gives 0. The result is
    never negative, and within 1e-4 of the true variance (relatively) also far from 0: for float32
    data around 10,000 with a spread of 1, for float64 data around 100,000,000.

    The number of operations is the same for all sizes, and no number is read out on the way (item,
    tolist, numpy, a boolean mask). On 1,000 rows of 50, along axis 1, it is more than 30 times as
    fast as a loop over the rows.
    """
    raise NotImplementedError
