"""Which formula gives the new weights from a learning rate?

The formula is easily written down; here it has to move the model's own weights.
"""

from torch import Tensor


def update(params: list[Tensor], lr: float) -> None:
    """Move every parameter one step of gradient descent at learning rate lr, in place.

    params is a list of leaf tensors that require grad, each with its .grad set, of any shape and
    laid out in memory in any way. They are moved where they are: the same tensors, in the same
    memory, which still are leaves that require grad and carry no graph. The list and the values of
    .grad stay as they are, and so does the caller's grad mode.
    """
    raise NotImplementedError
