"""What is a major limitation of batch norm?

It takes the mean and deviation of a batch for those of all data. How good is that guess, and when
is there nothing left to guess from?
"""

import torch
from jaxtyping import Float
from torch import Tensor


def batch_noise(
    x: Float[Tensor, "examples features"], size: int, count: int, generator: torch.Generator
) -> float:
    """Return how far means of random batches lie from the mean of all, relative to an example.

    It draws `count` batches of `size` examples each, every one at random from all examples. The
    result is the root mean square of (mean of a batch - mean of all examples), divided by the root
    mean square of (example - mean of all examples): each of the two is one number, from a mean of
    squares over all features and all drawn batches, or all features and all examples. It's a
    Python float.

    Batches may be drawn with or without replacement, as you like. All that is random comes from
    `generator`, which is on the CPU, wherever x is. size is from 1 to the number of examples,
    count at least 1, and the examples are not all equal, though single features may never change.
    x is left as it is.
    """
    raise NotImplementedError


def batch_norm(
    x: Float[Tensor, "batch channels *pixels"],
    running_mean: Float[Tensor, " channels"],
    running_var: Float[Tensor, " channels"],
    training: bool,
    eps: float = 1e-5,
) -> Float[Tensor, "batch channels *pixels"]:
    """Return (x - mean) / root of (variance + eps), channel by channel, as batch norm does.

    x is of shape (batch, channels) or (batch, channels, height, width). In training, mean and
    variance are those of all values that a channel has in x, and the variance divides by their
    number; otherwise they are running_mean and running_var. There is no weight and no bias, and
    all that is passed in is left as it is: running statistics are not updated.

    Raises:
        ValueError: in training, x has just one value in each channel; the message gives the shape
            of x. Outside of training such an x is as good as any.
    """
    raise NotImplementedError
