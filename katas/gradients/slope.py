"""What is a gradient?

The slopes of a function, one for each input. Here they are measured, by nudging the inputs.
"""

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor


def slope(
    f: Callable[[Tensor], Tensor], x: Float[Tensor, "*shape"], eps: float = 1e-5
) -> Float[Tensor, "*shape"]:
    """Return the slope of f along each element of x, by central differences.

    For each element: f where that element is eps larger, minus f where it is eps smaller, over the
    distance of the two. All of it is calculated in float64, whatever the dtype of x: f is handed
    float64 tensors of x's shape, and gives a tensor of rank 0.

    x may be of any shape, laid out in memory in any way, and may require grad. It is left as it is,
    also while f runs. The result has x's shape and dtype and no graph behind it.
    """
    raise NotImplementedError
