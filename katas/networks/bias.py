"""What are the bias parameters, and why are they needed?

A layer of your own can tell: the one with a bias reaches what the one without can't.
"""

from jaxtyping import Float
from torch import Tensor, nn


class Linear(nn.Module):
    """A layer that does what torch.nn.Linear does, made of parameters of your own.

    `weight` has a row for each output and a column for each input, `bias` a number for each output;
    both are learned, and nothing else is. With bias=False there is no bias: the attribute is None,
    and neither parameters() nor state_dict() knows of one. So a state_dict of torch.nn.Linear with
    the same arguments can be loaded, and then outputs and gradients are those of torch.

    How both start is open, so long as every number is finite. The layer derives from nn.Module
    alone, and no torch.nn.Linear is inside it.
    """

    weight: nn.Parameter
    bias: nn.Parameter | None

    def __init__(self, n_in: int, n_out: int, bias: bool = True) -> None:
        """Make a layer from n_in inputs to n_out outputs; both numbers are at least 1."""
        raise NotImplementedError

    def forward(self, x: Float[Tensor, "*axes n_in"]) -> Float[Tensor, "*axes n_out"]:
        """Return the outputs for each vector along the last axis of x, which is left as it is.

        x may be one vector, a batch of them, or have any other number of axes before the last.
        """
        raise NotImplementedError
