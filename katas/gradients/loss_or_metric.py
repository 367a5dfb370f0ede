"""How do a loss and a metric differ?

One is for the optimiser and is taken on training batches; the other is for people, and is taken on
data that the training never saw. Here a recorder keeps both.
"""

from collections.abc import Callable

from torch import Tensor


class Recorder:
    """Keeps, for each epoch, the loss in training and the metric in validation.

    Both are taken over all examples of the epoch, not over batches, which may differ in size. Two
    recorders share nothing.
    """

    def __init__(
        self,
        loss_func: Callable[[Tensor, Tensor], Tensor],
        metric: Callable[[Tensor, Tensor], Tensor | float],
    ) -> None:
        """Take a loss and a metric, both functions of (predictions, targets).

        loss_func gives the mean over the examples of a batch, a tensor of rank 0; metric gives a
        number or a tensor of rank 0, and need not be a mean over examples.
        """
        raise NotImplementedError

    def train_batch(self, predictions: Tensor, targets: Tensor) -> Tensor:
        """Take in a training batch of one example or more, and return its loss.

        The loss is what loss_func gave, ready for backward(). Nothing that its graph needs stays
        alive on the recorder's account.
        """
        raise NotImplementedError

    def valid_batch(self, predictions: Tensor, targets: Tensor) -> None:
        """Take in a validation batch, whose predictions may carry a graph; it is not kept alive."""
        raise NotImplementedError

    def end_epoch(self) -> None:
        """Close the epoch with a row of its own; what comes next belongs to the next one."""
        raise NotImplementedError

    def rows(self) -> list[tuple[float | None, float | None]]:
        """Return a row for each closed epoch: the loss in training and the metric in validation.

        A row is a tuple of two floats. The loss is the mean over the epoch's training examples. The
        metric is metric(predictions, targets), called once with those of all validation batches
        joined. An epoch without training batches has None for its loss, one without validation
        batches None for its metric. The list is the caller's to change.
        """
        raise NotImplementedError
