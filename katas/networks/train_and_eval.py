"""What do model.train() and model.eval() change, and what do they leave alone?

Two sides of it: a layer that acts in one way in training and in another in use, and the switch
between the two for a whole model.
"""

from jaxtyping import Float
from torch import Tensor, nn


class Dropout(nn.Module):
    """A layer that drops numbers at random in train mode, and does nothing in eval mode.

    Its mode is that of any torch.nn.Module, so that train() and eval() of a model switch it.
    """

    def __init__(self, p: float) -> None:
        """Take the share of the numbers that is zeroed, from 0 to 1, both included."""
        raise NotImplementedError

    def forward(self, x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """Give x with a share p of its numbers zeroed in train mode, x as it is in eval mode.

        In train mode each number of x is zeroed with probability p, on its own: whatever becomes of
        its neighbours in the same row, channel or batch, of the same place in other examples, in an
        earlier call or in another Dropout. The numbers that stay are multiplied by the one factor
        that keeps the expected value of each what it was. With p = 0 all stay, with p = 1 none.

        Gradients pass in both modes: to a number that stays goes the factor times what arrives, to
        one that is zeroed goes 0, with p = 1 as well. x may have any shape, and is left as it is;
        the result has its dtype and device.
        """
        raise NotImplementedError


def set_training(module: nn.Module, mode: bool) -> None:
    """Put a module into train mode (True) or eval mode (False), and every module inside it.

    Do it without train() and eval(), those of torch.nn.Module and those of a subclass. Modules may
    lie inside each other at any depth, in containers too, and each may have been in either mode; a
    place for a module may be empty (None). Nothing but the mode changes: neither requires_grad of
    a parameter nor whether torch records gradients.
    """
    raise NotImplementedError
