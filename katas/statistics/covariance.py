"""What is covariance?

How two columns of numbers move together: above their means at the same time, or by turns.
"""

from jaxtyping import Float
from torch import Tensor


def covariance(
    x: Float[Tensor, " n"], y: Float[Tensor, " n"], correction: int = 1
) -> Float[Tensor, ""]:
    """Return the covariance of the pairs (x[0], y[0]), (x[1], y[1]), ..., without torch.cov.

    It is the sum, over all places, of the distance of x from its mean times the distance of y from
    its own, over n - correction. Distances have a sign. correction is 0 or 1.

    x and y are of one length, at least 1, of one dtype, float32 or float64, and on one device; they
    need not be contiguous and are left as they are. The result is a tensor of rank 0, of that dtype
    and on that device, and float64 keeps its digits. A constant column has a covariance of 0, but
    for rounding. One pair with correction 1 gives NaN and no error, with correction 0 it gives 0.

    Far from 0 the result is still within 1% for columns that are clearly related (a correlation of
    0.5 or more): for float32 numbers around 10,000 with a spread of 1, for float64 numbers around
    100,000,000 with a spread of 1.

    Raises:
        ValueError: the lengths differ, also where one of them is 1; the message gives both.
    """
    raise NotImplementedError
