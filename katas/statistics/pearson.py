"""What is Pearson's correlation coefficient?

How closely two columns of numbers lie on a line, whatever their units.
"""

from jaxtyping import Float
from torch import Tensor


def pearson(x: Float[Tensor, " n"], y: Float[Tensor, " n"]) -> Float[Tensor, ""]:
    """Return Pearson's correlation coefficient of the pairs (x[0], y[0]), (x[1], y[1]), ...

    Without torch.corrcoef. x and y are of one dtype, float32 or float64, and on one device; their
    numbers are finite. The result is a tensor of rank 0, of that dtype and on that device. x and y
    are left as they are.

    The result is never above 1 nor below -1, not by rounding either. In float32 too it is right to
    0.001 for numbers around 10,000 with a spread of 1. Numbers are constant only if all are equal:
    0, 1 and 3 millionths are not, nor are 4096 and 4096.01.

    Raises:
        ValueError: the lengths differ, also where one of them is 1 (the message gives both); there
            are fewer than 2 pairs; or x or y is constant.
    """
    raise NotImplementedError
