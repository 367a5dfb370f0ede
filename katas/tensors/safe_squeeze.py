"""Why name the axis when squeezing?

squeeze() drops every axis of size 1, also one that happens to be of size 1 today: the batch.
"""

from jaxtyping import Float
from torch import Tensor


def drop_axis(t: Tensor, dim: int) -> Tensor:
    """Return t without its axis dim, which must be of size 1, as a view.

    A negative dim counts from the last axis. Other axes stay, whatever their size.

    Raises:
        IndexError: t has no axis dim.
        ValueError: the axis is not of size 1; the message names dim, its size and the shape.
    """
    raise NotImplementedError


def predictions(logits: Float[Tensor, "batch 1"]) -> Float[Tensor, " batch"]:
    """Return one number for each example: the logits as they are, without their last axis.

    Raises:
        ValueError: logits are not of shape (batch, 1); the message gives their shape.
    """
    raise NotImplementedError
