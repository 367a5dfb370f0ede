"""What does a Learner need to be told?

Everything else about training can have a default.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

Batch = tuple[Tensor, Tensor]


class Learner:
    """Trains a model on data and reports on each epoch.

    data is (train, valid), each a list of batches (x, y), with at least one item. The mean loss of
    a batch is loss_func(model(x), y). opt_func(parameters, lr=lr) makes the optimiser, which has
    zero_grad() and step(); one optimiser serves a Learner for its whole life. A metric is called as
    metric(predictions, targets) and returns a number or a tensor of one number.

    data, model and loss_func must be told: None for one of them raises ValueError at once, when the
    Learner is made, and the message names the one that is missing, as the argument is called here.
    Nothing is put in its place. Messages for different arguments differ.
    """

    def __init__(
        self,
        data: tuple[list[Batch], list[Batch]],
        model: nn.Module,
        loss_func: Callable[[Tensor, Tensor], Tensor],
        opt_func: Callable[..., torch.optim.Optimizer] = torch.optim.SGD,
        lr: float = 0.1,
        metrics: Sequence[Callable[[Tensor, Tensor], float | Tensor]] = (),
    ) -> None:
        """Take what there is to know; nothing is trained yet."""
        raise NotImplementedError

    def fit(self, epochs: int) -> list[dict[str, float]]:
        """Train for some epochs, and return a dict of metric name -> value for each of them.

        An epoch is a step of the optimiser for each batch of train, in the order of the list, along
        the gradient of that batch alone, with the model in train mode; the model itself is trained,
        no copy. Then come the metrics, by what the model is after the epoch, in eval mode and
        without gradients, which teaches it nothing. Each metric gets the predictions and targets of
        all items of valid at once, in their order, and counts them all alike: the last batch may be
        shorter. Values are Python floats, keys the metrics' __name__, or str(metric) where there
        is none. Without metrics the dicts are empty.

        Another call goes on where the last one stopped: fit(1) twice is fit(2), to the last bit,
        for optimisers with a memory too; it returns its own epochs only.
        """
        raise NotImplementedError

    def predict(self, x: Tensor) -> Tensor:
        """Return the model's outputs for one batch of inputs, in eval mode and without gradients.

        The model is left in the mode, train or eval, in which it was.
        """
        raise NotImplementedError
