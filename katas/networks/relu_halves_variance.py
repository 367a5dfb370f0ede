"""Does initialisation for relu need anything special?

Relu throws half of the numbers away. After fifty layers that is felt.
"""

from collections.abc import Iterable

from jaxtyping import Float
from torch import Generator, Tensor


def kaiming_(weight: Float[Tensor, "outputs inputs *kernel"], generator: Generator) -> None:
    """Draw the weight of a layer anew, in place, so that relu behind the layer keeps the signal.

    weight is that of a linear layer, (outputs, inputs), or of a convolution, (outputs, inputs,
    height, width); it may be a Parameter, which stays a leaf and records nothing. Its numbers are
    drawn each by itself, around 0, normal or uniform, with one variance for all: the one for which
    the mean square of relu(layer(x)) is on average that of x, where the layer has no bias and x is
    spread evenly around 0 or comes out of such a relu.

    The generator, which is on the CPU wherever the weight is, is the only source of chance: the
    same state gives the same weight, and a second call draws on.
    """
    raise NotImplementedError


def layer_scales(
    weights: Iterable[Float[Tensor, "outputs inputs"]], x: Float[Tensor, "batch inputs"]
) -> Float[Tensor, " layers"]:
    """Return the mean square of the numbers behind each layer of a relu network, first to last.

    A layer is relu(x @ weight.T), and its result is the next one's x. The mean is over all numbers
    of the batch, and what is squared is the number itself, as it comes out of relu. There is one
    layer at least; widths may differ. x and the weights are left as they are.
    """
    raise NotImplementedError
