"""What are the steps of an epoch of SGD?

Once through the data, a step for each batch, and a number that says how it went.
"""

from collections.abc import Callable, Iterable

from jaxtyping import Float
from torch import Tensor, nn


def train_epoch(
    model: nn.Module,
    batches: Iterable[tuple[Tensor, Tensor]],
    loss_func: Callable[[Tensor, Tensor], Float[Tensor, ""]],
    lr: float,
) -> float:
    """Train the model for one epoch of SGD, and return the mean loss of the examples.

    batches gives pairs of inputs and targets, at least one pair; it may be a generator, and is
    gone through once, in its order. len(inputs) is the number of examples, the last batch may be
    shorter than the others. loss_func(model(inputs), targets) is the mean loss of a batch; it is
    calculated once for each batch, before the batch's step, and that loss is the one that counts.
    The mean is one over all examples of the epoch, each with the same weight, as a Python float.

    The model's own parameters move, as torch.optim.SGD(model.parameters(), lr) would move them: at
    a rate of 0.5 on the CPU to the last bit. Each batch's step goes by its own gradient alone:
    what is in .grad before the call does not count, and what is there afterwards is not looked at.
    A parameter that takes no part in the loss, or does not require grad, stays as it is.

    The model, with its layers, is in train mode during the epoch, and then again in the mode in
    which it came.
    """
    raise NotImplementedError
