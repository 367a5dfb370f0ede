"""What are the steps of a training loop?

Epoch after epoch: train on one part of the data, and ask the other part how well it went.
"""

from collections.abc import Callable, Iterable

from jaxtyping import Float
from torch import Tensor, nn


def fit(
    model: nn.Module,
    train: Iterable[tuple[Tensor, Tensor]],
    valid: Iterable[tuple[Tensor, Tensor]],
    loss_func: Callable[[Tensor, Tensor], Float[Tensor, ""]],
    lr: float,
    epochs: int,
) -> list[tuple[float, float]]:
    """Train the model by SGD for some epochs; return a row (train loss, valid loss) for each.

    train and valid give batches, pairs of inputs and targets. Both are gone through once in every
    epoch, each time by a new iter(): first train, which may hand out another order each time, then
    valid. train has at least one batch; a valid without any raises ValueError that names it. With 0
    epochs there are no rows, and nothing moves.

    Training takes a step of SGD for each batch, along the gradient of loss_func(model(inputs),
    targets) of this batch alone: what was in .grad before does not count. Parameters that take no
    part, or do not require grad, stay as they are. The model is in train mode for it, and in eval
    mode, with gradients switched off, for validation, which teaches the model nothing: whatever
    valid holds, weights and running statistics come out the same. Afterwards the model is in the
    mode in which it came, and gradients are recorded as before the call.

    loss_func is the mean over a batch, and len(inputs) the number of examples in it. Both losses
    of a row are means over all examples, each with the same weight, as Python floats: for train
    each batch's loss before its step, for valid that of the model as the epoch has left it.
    """
    raise NotImplementedError
