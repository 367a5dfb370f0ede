"""Why is accuracy not a loss?

Nudge the weights a little in any direction, and see which of the two numbers notices.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor


def accuracy(
    predictions: Float[Tensor, "examples classes"], targets: Int[Tensor, " examples"]
) -> float:
    """Return the share of the examples whose target is the class with the highest prediction.

    At least one example; predictions may be any numbers, below 0 as well. Ties are not judged.
    """
    raise NotImplementedError


def share_of_nudges_felt(
    metric: Callable[[Tensor], float | Tensor],
    weights: Float[Tensor, "..."],
    eps: float,
    count: int,
    generator: torch.Generator,
) -> float:
    """Return the share of small random steps away from the weights that the metric notices.

    metric takes a tensor of the weights' shape and dtype and gives one number, as a float or a
    tensor. A nudge is a step from weights, of length eps: the root of the sum of the squares of all
    of its numbers. Its direction is random, every direction as likely as any other. It is felt
    where the metric there is another number than at weights itself, larger or smaller, by however
    little.

    count nudges are tried, at least one, each from weights and in a direction of its own, drawn
    with the generator, which is on the CPU like the weights: the same seed gives the same nudges,
    and torch's global generator is not used. The weights stay as they are; the metric changes
    nothing of what it is given.
    """
    raise NotImplementedError
