"""A new model for a new problem: what do you check first?

A model that can't learn one batch by heart will not learn a data set.
"""

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor, nn


def can_overfit(
    model: nn.Module,
    batch: tuple[Tensor, Tensor],
    loss_func: Callable[[Tensor, Tensor], Float[Tensor, ""]],
    steps: int = 200,
    lr: float = 0.01,
    below: float = 0.05,
) -> bool:
    """Tell whether the model, from where it stands, can learn one batch by heart.

    The batch is (inputs, targets), and loss_func(model(inputs), targets) its loss. A copy of the
    model is trained on this batch alone, by torch's Adam at rate lr with its other settings left
    at their defaults: exactly `steps` steps, each after one forward pass in train mode, whatever
    mode the model came in. After the last step the copy goes into eval mode, and is judged by its
    loss on the same batch there: True if that is less than below, else False, also where it is
    NaN. The answer is a bool.

    The model is on one device with the batch, and has something to train. It is left as it is: its
    weights, their .grad, its buffers, its mode and that of each layer. And torch's global random
    numbers, on the CPU and on that device, go on as if nothing had been drawn in between.
    """
    raise NotImplementedError
