"""What does indexing with None do?

t[None] picks nothing out: every number of t is still there afterwards.
"""

from jaxtyping import Float
from torch import Tensor


def add_axis(t: Tensor, position: int) -> Tensor:
    """Return t with a new axis of size 1, as a view; indexing with None is meant.

    The new axis is axis number position of the result: 0 is the first, -1 the last, t.ndim the last
    too, and -t.ndim - 1 the first. t is of any rank, 0 included, and of any dtype, and stays as it
    is.

    Raises:
        IndexError: position is less than -t.ndim - 1 or more than t.ndim.
    """
    raise NotImplementedError


def pairwise_differences(x: Float[Tensor, " n"], y: Float[Tensor, " m"]) -> Float[Tensor, "n m"]:
    """Return all differences: x[i] - y[j] in row i and column j.

    x and y are of one dtype, which the result has too, and of any lengths, 0 and 1 included. They
    stay as they are. The number of operations does not depend on the lengths; for 100 by 120
    differences this is more than 50 times as fast as a Python loop over the pairs of numbers, the
    making of a tensor of its results included.
    """
    raise NotImplementedError
