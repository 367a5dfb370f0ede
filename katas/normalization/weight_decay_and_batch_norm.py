"""Does L2 regularisation regularise when batch norm follows?

Weight decay makes weights smaller. What does a smaller weight change, and what does a larger one?
"""

from torch import Tensor, nn


def scale_effect(
    layer: nn.Module, norm: nn.Module, x: Tensor, y: Tensor, k: float
) -> tuple[float, float]:
    """Tell what layer.weight times k does to the outputs norm(layer(x)), and to its gradient.

    Only layer.weight is scaled, not the layer's bias if it has one. k may be any number but 0.
    layer is an nn.Linear or an nn.Conv2d. norm is any module: a batch norm mostly, but possibly
    none, nn.Identity(). It is in training mode for both outputs, in whatever mode it comes. x and
    y are floating-point tensors, y of the outputs' shape.

    Returns two Python floats:
        The largest change of an output, as an absolute value.
        The length (the root of the sum of squares) of the gradient of mse_loss(outputs, y) by
        layer.weight when it is k times as large, over the length when it is as it came; the
        latter is not 0. Each is the gradient at the weight that the layer has then.

    All is afterwards as it was, to the last bit: weights, running statistics and other buffers,
    modes, and what is in .grad, whether there was something or not. That goes for layer, norm, x
    and y. The layer's weight is the same nn.Parameter as before.
    """
    raise NotImplementedError
