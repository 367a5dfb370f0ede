"""What is LAMB?

Adam chooses the direction of a step. LAMB also chooses its length, for each tensor by itself.
"""

from collections.abc import Callable, Iterable
from typing import Any

from torch.optim import Optimizer


class Lamb(Optimizer):
    """Adam whose step has a length of its own in each tensor of weights.

    A step goes, for each parameter tensor that has a gradient, along a direction in two parts:

    - Adam's: the debiased running average of the gradients, divided by the sum of eps and the
      root of the debiased running average of their squares, number by number. Both averages
      start at 0, and debiasing counts the steps in which this very tensor had a gradient.
    - weight_decay times the tensor, as it is before the step.

    It goes against that direction, and is as long as lr times the norm of the tensor (the root of
    the sum of its squares); no bounds are put on this length. Where the norm of the tensor is 0, or
    that of the direction, the step is lr times the direction, as it is.

    A tensor without a gradient stays as it is. Tensors move in place and remain what they were;
    gradients are left as they are. The options stand in the parameter groups under their names, as
    in torch.optim, where each group may have its own and they may be changed between steps.
    state_dict() holds all that a new optimizer needs to go on just as this one would.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-6,
        weight_decay: float = 0.0,
    ) -> None:
        """Take charge of parameters.

        Args:
            params: Tensors, or dicts of groups, as in torch.optim.
            lr: The length of a step, as a share of the norm of the tensor that moves.
            betas: The share of the old in the two averages, of gradients and of their squares.
            eps: Added to the root, after debiasing.
            weight_decay: The tensor's own share in the direction.
        """
        raise NotImplementedError

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Move all parameters once.

        Args:
            closure: Called once, first: it computes the gradients that the step goes by.

        Returns:
            What the closure returned; None without one.
        """
        raise NotImplementedError
