"""Why must gradients be zeroed?

backward() adds to .grad. A step may use its own batch's gradients only.
"""

from collections.abc import Iterable

from torch import Tensor


def step(params: Iterable[Tensor], lr: float) -> None:
    """Move every parameter one step of SGD: by lr times its gradient, downhill.

    params is any iterable of leaf tensors that require grad, model.parameters() too, which can be
    walked once only. Each parameter, of any shape and laid out in memory in any way, is moved in
    place: the tensor and its memory stay the same, and it still requires grad. Afterwards .grad is
    ready for the next batch's backward(): None, or zeros. A parameter whose .grad is None took no
    part in the loss, and stays as it is.
    """
    raise NotImplementedError
