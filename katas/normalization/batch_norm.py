"""On what are the mean and deviation of a batch-norm layer calculated during training?

And on what in eval mode? The layer has both, and they are not the same numbers.
"""

from jaxtyping import Float
from torch import Tensor, nn


class BatchNorm(nn.Module):
    """Batch norm: rows of (examples, channels), or pictures (examples, channels, height, width).

    It does what torch.nn.BatchNorm1d does with rows and BatchNorm2d with pictures, in training
    mode and in eval mode. Equal are the outputs, the gradients of x, weight and bias, and the
    running statistics.

    weight and bias are its only parameters, running_mean and running_var are buffers that
    state_dict holds. Each has one number a channel, at first 1 for weight and running_var, 0 for
    bias and running_mean.

    The output is (x - mean) / sqrt(variance + eps) * weight + bias. Which numbers mean and variance
    are calculated on, in which mode, is the question; here the variance of n numbers is the sum of
    their squared differences from the mean, over n. Each call in training mode, and no other,
    turns the running statistics into (1 - momentum) times what they were, plus momentum times the
    mean or the variance, which for running_var is over n - 1. They carry no graph.
    """

    def __init__(self, channels: int, momentum: float = 0.1, eps: float = 1e-5) -> None:
        """Take the number of channels, momentum from 0 to 1, and eps above 0."""
        raise NotImplementedError

    def forward(
        self, x: Float[Tensor, "examples channels *height_width"]
    ) -> Float[Tensor, "examples channels *height_width"]:
        """Normalise x, which has at least one example and is left as it is.

        Raises:
            ValueError: in training mode there is only one value a channel, as in shapes (1, 7) and
                (1, 7, 1, 1); the message gives the shape, and the running statistics stay as they
                were. One picture with several pixels is fine, and so is anything in eval mode.
        """
        raise NotImplementedError
