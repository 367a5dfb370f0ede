"""Which two ways mend batch norm on small batches?

One turns a number that every such layer has; which, and in which direction? The other is to be
written here: a layer that does not rely on the batch alone, not even in training.
"""

from jaxtyping import Float
from torch import Tensor, nn


class RunningBatchNorm(nn.Module):
    """Batch norm that normalises by running sums, in training too.

    For each channel it keeps three running figures: a sum of values, a sum of their squares, and
    how many they were. Each is 0 at the beginning, and each training batch mixes its own in, as
    figure = (1 - momentum) * figure + momentum * that of the batch. Then the batch is normalised,
    already by the new figures: mean = sum / count, variance = sum of squares / count - mean², and
    the result is (x - mean) / root of (variance + eps). In eval mode figures are used as they are,
    and nothing changes. How it behaves in eval mode before any training is left open.

    x is of shape (batch, channels) or (batch, channels, height, width), float32, not empty, and
    left as it is; the result is of that shape and dtype. Every pixel is a value of its channel. A
    single value per channel is no reason to refuse. Rounding can put the variance of a channel that
    never changes below 0: it counts as 0 then, and outputs and gradients stay finite.

    There are no parameters. What is kept is in buffers, so that state_dict() and to() take it along
    and a fresh layer that loads it gives the same in eval mode. The buffers carry no graph.
    Gradients flow through the batch's own share in the figures, and no further back: every step
    can be followed by a backward pass of its own.
    """

    def __init__(self, channels: int, momentum: float = 0.1, eps: float = 1e-5) -> None:
        """Take the number of channels, the share of each new batch, and what the variance gets."""
        raise NotImplementedError

    def forward(
        self, x: Float[Tensor, "batch channels *pixels"]
    ) -> Float[Tensor, "batch channels *pixels"]:
        """Return x, normalised; in training mode after mixing its figures in."""
        raise NotImplementedError
