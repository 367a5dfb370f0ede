"""What are RMSE and the L1 norm?

Two ways to turn many errors into one number, and the norm behind one of them.
"""

from jaxtyping import Float
from torch import Tensor


def rmse(a: Float[Tensor, "*shape"], b: Float[Tensor, "*shape"]) -> Float[Tensor, ""]:
    """Return the root of the mean of the squared differences of a and b.

    a and b are of one shape, of any rank (0 included), with at least one number, of one dtype and
    on one device. The result is a tensor of rank 0, of that dtype and on that device. a and b are
    left as they are.

    Raises:
        ValueError: the shapes differ, be it only by an axis of size 1; the message gives both.
    """
    raise NotImplementedError


def mean_absolute_error(
    a: Float[Tensor, "*shape"], b: Float[Tensor, "*shape"]
) -> Float[Tensor, ""]:
    """Return the mean of the absolute differences of a and b.

    All else is as for rmse, the ValueError for other shapes too.
    """
    raise NotImplementedError


def l1_norm(v: Float[Tensor, "*shape"]) -> Float[Tensor, ""]:
    """Return the L1 norm of all numbers in v, as if they stood in one row.

    v is of any rank and left as it is; the result is of rank 0, of v's dtype and on its device.
    """
    raise NotImplementedError
