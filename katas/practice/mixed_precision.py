"""With half precision, is everything calculated in half precision?

Here: a training step in float16 that learns as in float32. What must stay in float32, and why?
"""

from collections.abc import Callable
from typing import Any

from torch import Tensor
from torch.nn import Module
from torch.optim import Optimizer


class MixedPrecision:
    """Training in float16, with weights, loss and optimizer in float32.

    model and optimizer are those of float32 training and stay so: the model's parameters, which are
    the optimizer's, remain the same float32 tensors, and they are what is trained.

    Attributes:
        scale: The factor that the next step's loss is multiplied with before backward.
    """

    scale: float

    def __init__(
        self,
        model: Module,
        optimizer: Optimizer,
        scale: float = 2.0**16,
        growth_interval: int = 100,
    ) -> None:
        """Begin with this scale.

        Args:
            model: In float32, on any device; called with one tensor, gives one.
            optimizer: Over parameters of the model.
            scale: The first scale.
            growth_interval: After so many good steps in a row the scale is doubled.
        """
        raise NotImplementedError

    def step(self, batch: tuple[Tensor, Any], loss_func: Callable[[Tensor, Any], Tensor]) -> float:
        """Train on one batch, whatever gradients were there before.

        Forward and backward run once, through a float16 copy of the model: as the model is at this
        moment, with its weights, its buffers and its mode, but each floating-point parameter and
        buffer in float16. Inputs go in as float16 if they are floating point; integers remain
        what they are. loss_func gets the predictions in float32, and the targets as they are.

        The gradients of loss times scale come out in float16; in float32 they are divided by that
        scale. If all of them are finite, the optimizer makes a step with them: a good one. With the
        growth_interval-th good step in a row the scale is doubled for the next step, and counting
        begins anew. If one of them is infinite or NaN, weights and optimizer state stay as they
        are, the scale is halved for the next step, and counting begins anew too.

        A parameter without part in the loss, or frozen, stays as it is under an optimizer that
        leaves alone what has no gradient. Floating-point buffers that the forward pass changes are
        changed in the model, in float32 (after a step that was no good either way is right).

        Args:
            batch: Inputs and targets, on the model's device.
            loss_func: Called once with predictions and targets, gives a loss of one number.

        Returns:
            The loss as a float, not scaled.
        """
        raise NotImplementedError
