"""How is the standard deviation calculated?

And how does it bring columns of any unit to one scale, those that do not vary included?
"""

from jaxtyping import Float
from torch import Tensor


def standard_deviation(x: Float[Tensor, "*shape"], dim: int) -> Float[Tensor, "*rest"]:
    """Return the standard deviation along axis dim: the root of the variance that n - 1 divides.

    That is without torch.var or torch.std. Each slice along dim has a mean of its own. There are at
    least two numbers along dim, which may be negative and then counts from the last axis. The
    result has x's shape without that axis, x's dtype and device. x is left as it is.
    """
    raise NotImplementedError


def standardize(x: Float[Tensor, "*shape"], dim: int) -> Float[Tensor, "*shape"]:
    """Return x with mean 0 and standard deviation 1 in each slice along dim.

    A spread of 1e-6 becomes 1 like any other; but a constant slice, in which all numbers are equal,
    becomes zeros, exactly, whatever the number and the length. So does a slice of length 1.
    The result has x's shape, dtype and device. x is left as it is.
    """
    raise NotImplementedError
