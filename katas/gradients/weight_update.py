"""Which formula gives the new weights from a learning rate?

w minus the rate times the gradient is easily written down; here it has to move the model's own
weights.
"""

from torch import Tensor


def update(params: list[Tensor], lr: float) -> None:
    """Take lr times its gradient off every parameter, in place.

    params is a list of leaf tensors that require grad, each with its .grad set. They are moved
    where they are: the same tensors, in the same memory, which still are leaves that require grad
    and carry no graph. The list and the values of .grad stay as they are.
    """
    raise NotImplementedError
