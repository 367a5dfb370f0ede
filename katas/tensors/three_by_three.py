"""How do you make a 3 by 3 grid of 1 to 9, double it, and take the four at the bottom right?

Here for a grid of any size, and for a corner of any matrix.
"""

import torch
from jaxtyping import Int64, Shaped
from torch import Tensor


def doubled_grid(n: int, device: torch.device | str | None = None) -> Int64[Tensor, "n n"]:
    """Return the numbers 1 to n² in rows, from left to right and from the top down, doubled.

    n = 0 gives an empty grid, of shape (0, 0). Each call gives a new tensor, on device; None is
    torch's default device at the time of the call, as it is for torch.zeros.
    """
    raise NotImplementedError


def bottom_right(t: Shaped[Tensor, "height width"], k: int) -> Shaped[Tensor, "k k"]:
    """Return the last k columns of the last k rows of t, as a view.

    k runs from 0, which gives shape (0, 0), to the shorter side of t. Any dtype will do, and t may
    be a view itself, such as a transposed matrix. t is left as it is.

    Raises:
        ValueError: k is below 0 or above the shorter side; the message names k and the shape.
    """
    raise NotImplementedError
