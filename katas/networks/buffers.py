"""What does register_buffer do that setting an attribute does not?

The numbers here are the means and deviations of a data set: a model needs them, and never learns
them.
"""

from jaxtyping import Float
from torch import Tensor, nn


class Standardize(nn.Module):
    """A layer that standardises pictures, channel by channel: (x - mean) / deviation.

    mean and deviation are given beforehand and are attributes of the module, by these names. They
    are part of it, in all that one does with a model: .to(), .half() and .double() move and convert
    them, state_dict() holds them under their names (and nothing else), and load_state_dict() sets
    them, whatever numbers the module was built with. They are no parameters: parameters() is empty,
    and no training changes them. Train and eval mode do not differ.
    """

    def __init__(
        self, mean: Float[Tensor, " channels"], deviation: Float[Tensor, " channels"]
    ) -> None:
        """Take a mean and a deviation, more than 0, for each channel.

        Both are copied, in the shape they have: whatever is written later into the tensors given,
        or into the module's, does not show in the other. The copies are constants: they require no
        gradient, even where the tensors given do.
        """
        raise NotImplementedError

    def forward(
        self, x: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch channels height width"]:
        """Give the pictures standardised; x, of the module's dtype and device, stays as it is.

        The result has this dtype, too, and gradients pass to x.
        """
        raise NotImplementedError
