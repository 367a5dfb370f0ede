"""What is a loss?

A number that says how wrong a model is, in such a way that a small change of any weight shows.
"""

from jaxtyping import Float, Int64
from torch import Tensor


def digit_loss(
    predictions: Float[Tensor, " examples"], targets: Int64[Tensor, " examples"]
) -> Float[Tensor, ""]:
    """Return the mean distance of the predictions from the right answers.

    A prediction is the probability that an example has label 1, between 0 and 1; targets holds the
    labels, 0 and 1. The right answer is a probability of 1 for label 1, and of 0 for label 0. There
    is at least one example.

    The result is a tensor of rank 0, of the predictions' dtype and on their device. Gradients flow
    back to the predictions. Both inputs are left as they are.

    Raises:
        ValueError: the shapes differ, be it only by an axis of size 1; the message gives both.
    """
    raise NotImplementedError
