"""How does layer norm differ from batch norm?

Both subtract a mean and divide by a deviation. It matters whose.
"""

from jaxtyping import Float
from torch import Tensor, nn


class LayerNorm(nn.Module):
    """Layer norm of examples of one shape: the last axes of x, however many, have that shape.

    The axes before them count examples: one axis as a rule, several for sentences of words, none
    for a single example. It does what torch.nn.LayerNorm does, in training mode and in eval mode.
    Equal are the outputs and the gradients of x, weight and bias.

    The output is (x - mean) / sqrt(variance + eps) * weight + bias. Which numbers mean and variance
    are calculated on is the question; the variance of n numbers is the sum of their squared
    differences from the mean, over n, and gradients flow through both. weight and bias are
    parameters, at first 1 and 0 in every place; state_dict holds these two and nothing else.
    """

    def __init__(self, shape: tuple[int, ...], eps: float = 1e-5) -> None:
        """Take the shape of an example, which is that of weight and bias, and eps above 0."""
        raise NotImplementedError

    def forward(self, x: Float[Tensor, "*examples_shape"]) -> Float[Tensor, "*examples_shape"]:
        """Normalise x, which has at least one example and is left as it is.

        There may be a single example, and an example may be a single number.
        """
        raise NotImplementedError
