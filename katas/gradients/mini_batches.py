"""Why does SGD use mini-batches?

Here you draw them, take their gradients, and measure how far these are from the full gradient.
"""

from jaxtyping import Float
from torch import Generator, Tensor


def batch_gradients(
    x: Float[Tensor, "examples features"],
    y: Float[Tensor, " examples"],
    w: Float[Tensor, " features"],
    size: int,
    count: int,
    generator: Generator,
) -> Float[Tensor, "count features"]:
    """Return the gradients of the loss over `count` batches, each of `size` examples.

    The loss of a batch is the mean of (x @ w - y)² over its examples; the gradient is that with
    respect to w. Each example of each batch is drawn from all examples, all of them equally likely,
    whatever was drawn before: with replacement. So a batch may be larger than the data.

    generator lives on the CPU and is the only source of chance: equal states give equal batches.
    x, y and w are float32 or float64, on one device, and are left as they are; w may require grad.
    The result has their dtype and device, and no graph behind it.

    The number of operations does not grow with count, and for 1,000 batches of 16 examples of 5
    features it is more than 10 times as fast as a loop over the batches.
    """
    raise NotImplementedError


def gradient_noise(
    gradients: Float[Tensor, "count features"], full: Float[Tensor, " features"]
) -> float:
    """Return the mean squared distance of the gradients from the full gradient.

    The squared distance of one gradient is the sum over features of its squared differences.
    """
    raise NotImplementedError
