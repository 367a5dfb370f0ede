"""What is SGD?

The loop that trains nearly every network, in its plainest form.
"""

from collections.abc import Callable, Iterable
from typing import Any

from jaxtyping import Float
from torch import Tensor


def sgd(
    loss: Callable[[list[Tensor], Any], Float[Tensor, ""]],
    params: list[Tensor],
    batches: Iterable[Any],
    lr: float,
) -> list[float]:
    """Take one step of SGD for each batch, and return each batch's loss before its step.

    loss(params, batch) gives a scalar, and is called once for each batch; what a batch is, only
    loss knows. A step moves each parameter against its gradient of this batch's loss, times lr;
    torch.optim.SGD(params, lr) takes the same steps. batches may be a generator: the next batch is
    read only when the step of the one before has been taken.

    params are leaf tensors that require grad, and stay so. They are moved in place: the same
    tensors in the same memory. What is in .grad before the call does not count, and what is there
    afterwards is not looked at. A parameter that a batch's loss does not depend on does not move
    in that batch's step.

    The losses are Python floats, in the order of the batches; without batches there are none.
    """
    raise NotImplementedError
