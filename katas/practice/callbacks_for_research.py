"""Why do callbacks suit researchers?

Because an idea can go into the training loop without a change to the loop.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn


class CancelBatch(Exception):
    """Raised by a callback: leave the rest of this batch out."""


class CancelEpoch(Exception):
    """Raised by a callback: leave the rest of this epoch out."""


class CancelFit(Exception):
    """Raised by a callback: leave the rest of the training out."""


class Loop:
    """A training loop that calls callbacks on its way, and lets them change what goes on.

    A callback is any object. At each event the method of that name is called, with the loop as its
    one argument, on each callback that has one; what it returns is ignored. Callbacks are called in
    ascending order of their attribute order, a number; one without it has 0. Of equal ones the
    first given comes first.

    The loop shows model, optimizer, epoch (counted from 0 in each fit), batch (the pair of inputs
    and targets) and loss (the tensor). It goes on with what it shows: a callback may replace batch
    in before_batch, and loss in after_loss.
    """

    def __init__(
        self,
        model: nn.Module,
        batches: Iterable[tuple[Tensor, Tensor]],
        loss_func: Callable[[Tensor, Tensor], Tensor],
        optimizer: torch.optim.Optimizer,
        callbacks: Iterable[Any] = (),
    ) -> None:
        """Take all that a training needs; nothing is called yet."""
        raise NotImplementedError

    def fit(self, epochs: int) -> None:
        """Train for some epochs: each goes once through batches, by a new iter().

        Events, in this order: before_fit; in each epoch, for each batch before_batch, then the loss
        is loss_func(model(inputs), targets), after_loss, then backward, after_backward, then a step
        of the optimizer, after_step; after its batches after_epoch; at the end of all after_fit.
        Each step goes by the gradient of its own batch alone: not by what was in .grad before fit,
        nor by what a cancelled batch has left there. When gradients are cleared is open, but
        after_backward finds them whole.

        One of the three exceptions, raised by a callback, is not seen outside. It leaves out the
        rest, the same event for later callbacks included.
        - CancelBatch, from before_batch to after_step, goes on with the next batch.
        - CancelEpoch, from there too, goes on with after_epoch, then with the next epoch.
        - CancelFit, from before_fit to after_epoch, goes on with after_fit: an epoch that it breaks
          off has no after_epoch.

        All other errors come out of fit, an AttributeError inside a callback too, and so do
        CancelBatch and CancelEpoch where there is no batch or epoch to cancel: after_epoch is no
        part of its epoch. after_fit is called once in any case, after an error as well.
        """
        raise NotImplementedError
