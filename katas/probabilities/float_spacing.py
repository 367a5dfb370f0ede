"""What goes wrong with large floating-point numbers?

They lie further apart, so that what is small beside them is lost.
"""

import torch
from jaxtyping import Float
from torch import Tensor


def spacing(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Return how far it is from each |x| to the next larger number that x's dtype has.

    x is of float16, bfloat16, float32 or float64, of any shape, rank 0 and no numbers at all
    included. All of it is finite. 0 and the subnormal numbers, those closer to 0 than
    finfo.smallest_normal, are among them; the largest finite number is not, for only inf comes
    after it. The result is exact, on x's device, of its shape and dtype; expected values come from
    the CPU. x is left as it is.
    """
    raise NotImplementedError


def largest_exp(dtype: torch.dtype) -> float:
    """Return the largest number of dtype whose exp, computed on the CPU in dtype, is finite.

    dtype is float16, bfloat16, float32 or float64. The result is a plain float, and exactly a
    number that dtype has.
    """
    raise NotImplementedError
