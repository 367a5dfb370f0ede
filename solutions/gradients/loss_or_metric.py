"""How do a loss and a metric differ?

One is for the optimiser and is taken on training batches; the other is for people, and is taken on
data that the training never saw. Here a recorder keeps both.
"""

from collections.abc import Callable
from typing import ClassVar

import torch
from torch import Tensor

from dojo import alternative, misconception

__all__ = ["Recorder"]


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
        self._loss_func, self._metric = loss_func, metric
        self._rows: list[tuple[float | None, float | None]] = []
        self._begin()

    def train_batch(self, predictions: Tensor, targets: Tensor) -> Tensor:
        """Take in a training batch of one example or more, and return its loss.

        The loss is what loss_func gave, ready for backward(). Nothing that its graph needs stays
        alive on the recorder's account.
        """
        loss = self._loss_func(predictions, targets)
        self._total += loss.item() * len(targets)
        self._examples += len(targets)
        return loss

    def valid_batch(self, predictions: Tensor, targets: Tensor) -> None:
        """Take in a validation batch, whose predictions may carry a graph; it is not kept alive."""
        self._valid.append((predictions.detach(), targets))

    def end_epoch(self) -> None:
        """Close the epoch with a row of its own; what comes next belongs to the next one."""
        loss = self._total / self._examples if self._examples else None
        metric = None
        if self._valid:
            predictions, targets = (torch.cat(parts) for parts in zip(*self._valid, strict=True))
            metric = float(self._metric(predictions, targets))
        self._rows.append((loss, metric))
        self._begin()

    def rows(self) -> list[tuple[float | None, float | None]]:
        """Return a row for each closed epoch: the loss in training and the metric in validation.

        A row is a tuple of two floats. The loss is the mean over the epoch's training examples. The
        metric is metric(predictions, targets), called once with those of all validation batches
        joined. An epoch without training batches has None for its loss, one without validation
        batches None for its metric. The list is the caller's to change.
        """
        return list(self._rows)

    def _begin(self):
        self._total, self._examples = 0.0, 0
        self._valid = []


HINTS = (
    "What must train_batch return for the caller to call backward(), and what may the recorder "
    "keep of it? A last batch of 2 examples: how much should it count beside one of 64?",
    "Keep a sum of loss.item() times the size, and the count. For validation keep predictions "
    "(detached) and targets: is a metric of all of them the mean of the metrics of batches?",
    "end_epoch: total / count, metric(torch.cat(predictions), torch.cat(targets)), None where "
    "there was nothing; append the tuple and start anew.",
)
ANSWER = """
A loss is for the optimiser: it has to have a slope everywhere, so that a small change of a weight
shows. A metric is for people: it has to say what they care about, and may be flat, such as
accuracy. They can disagree. Of two models the one with the lower loss may get fewer answers right,
since a loss also counts how sure a model was.

The bookkeeping has its own traps. A mean of batch means gives the short last batch too much weight,
and for a metric that is no mean, such as RMSE or F1, it is another number altogether: join the
predictions first. Appending the loss itself keeps the graph of every batch alive, until memory runs
out after some hundred batches; item() keeps a number. And a metric on training batches says how
well the model remembers.
"""


class _Recorder:
    """What the programs below share; each changes a part."""

    def __init__(self, loss_func, metric):
        self.loss_func, self.metric, self.closed = loss_func, metric, []
        self.begin()

    def begin(self):
        self.losses, self.valid = [], []

    def train_batch(self, predictions, targets):
        loss = self.loss_func(predictions, targets)
        self.losses.append((self.kept(loss), len(targets)))
        return loss

    def kept(self, loss):
        return loss.item()

    def valid_batch(self, predictions, targets):
        self.valid.append((predictions.detach(), targets))

    def end_epoch(self):
        self.closed.append((self.mean_loss(), self.value()))
        self.begin()

    def mean_loss(self):
        count = sum(size for _, size in self.losses)
        return sum(float(loss) * size for loss, size in self.losses) / count if count else None

    def value(self):
        if not self.valid:
            return None
        predictions = torch.cat([predictions for predictions, _ in self.valid])
        return float(self.metric(predictions, torch.cat([targets for _, targets in self.valid])))

    def rows(self):
        return list(self.closed)


@alternative
class KeepsAListOfLosses(_Recorder):
    pass


@alternative
class DetachesOnTheWayIn(_Recorder):
    def kept(self, loss):
        return loss.detach().clone()

    def valid_batch(self, predictions, targets):
        with torch.no_grad():
            self.valid.append((predictions.clone(), targets.clone()))


@alternative
class WorksRowsOutWhenAsked(_Recorder):
    def end_epoch(self):
        self.closed.append((self.losses, self.valid))
        self.begin()

    def rows(self):
        now, result = (self.losses, self.valid), []
        for losses, valid in self.closed:
            self.losses, self.valid = losses, valid
            result.append((self.mean_loss(), self.value()))
        self.losses, self.valid = now
        return result


@misconception(caught_by="test_the_loss_of_a_batch_comes_back")
class ReturnsAFloat(_Recorder):
    "A recorder hands out numbers."

    def train_batch(self, predictions, targets):
        return super().train_batch(predictions, targets).item()


@misconception(caught_by="test_backward_reaches_the_weights")
class ReturnsALossWithoutGraph(_Recorder):
    "The loss is detached where it is taken down."

    def train_batch(self, predictions, targets):
        return super().train_batch(predictions, targets).detach()


@misconception(caught_by="test_the_loss_is_over_examples")
class AveragesBatchMeans(_Recorder):
    "The mean over batches is the mean over examples."

    def mean_loss(self):
        return sum(loss for loss, _ in self.losses) / len(self.losses) if self.losses else None


@misconception(caught_by="test_batches_of_one_size_count_alike")
class TakesTheLastLoss(_Recorder):
    "The loss of an epoch is the one at its end."

    def mean_loss(self):
        return self.losses[-1][0] if self.losses else None


@misconception(caught_by="test_batches_that_agree_have_their_loss")
class SumsTheLosses(_Recorder):
    "The loss of an epoch is that of its batches together."

    def mean_loss(self):
        return sum(loss for loss, _ in self.losses) if self.losses else None


@misconception(caught_by="test_nothing_saved_for_backward_stays_alive")
class KeepsTheGraph(_Recorder):
    "A loss is a number, and can be kept as it is."

    def kept(self, loss):
        return loss


@misconception(caught_by="test_validation_keeps_no_graph_alive")
class KeepsValidationGraphs(_Recorder):
    "Whoever validates has switched gradients off."

    def valid_batch(self, predictions, targets):
        self.valid.append((predictions, targets))


@misconception(caught_by="test_the_metric_is_not_of_training_batches")
class TakesTheMetricInTraining(_Recorder):
    "The more examples a metric sees the better."

    def train_batch(self, predictions, targets):
        self.valid.append((predictions.detach(), targets))
        return super().train_batch(predictions, targets)


@misconception(caught_by="test_the_metric_is_of_all_predictions_at_once")
class AveragesBatchMetrics(_Recorder):
    "The metric of an epoch is the mean over its batches."

    def value(self):
        values = [float(self.metric(*batch)) for batch in self.valid]
        return sum(values) / len(values) if values else None


@misconception(caught_by="test_the_metric_is_of_all_predictions_at_once")
class WeighsBatchMetrics(_Recorder):
    "A mean over batches is right once it is weighted by their size."

    def value(self):
        count = sum(len(targets) for _, targets in self.valid)
        total = sum(float(self.metric(*batch)) * len(batch[1]) for batch in self.valid)
        return total / count if count else None


@misconception(caught_by="test_the_metric_gets_predictions_first")
class HandsTargetsOverFirst(_Recorder):
    "It does not matter which of the two comes first."

    def value(self):
        self.valid = [batch[::-1] for batch in self.valid]
        return super().value()


@misconception(caught_by="test_the_row_holds_the_metric_and_not_the_loss")
class TakesTheLossInValidation(_Recorder):
    "The loss is the metric."

    def value(self):
        if not self.valid:
            return None
        return float(self.loss_func(*(torch.cat(parts) for parts in zip(*self.valid, strict=True))))


@misconception(caught_by="test_losses_of_epochs_do_not_mix")
class CarriesTheLossOver(_Recorder):
    "A mean gets better the longer it runs."

    def begin(self):
        self.valid = []
        self.losses = getattr(self, "losses", [])


@misconception(caught_by="test_metrics_of_epochs_do_not_mix")
class CarriesValidationOver(_Recorder):
    "Validation data are the same in every epoch, so they can be kept."

    def begin(self):
        self.losses = []
        self.valid = getattr(self, "valid", [])


@misconception(caught_by="test_values_are_plain_floats")
class KeepsTensors(_Recorder):
    "What a function gives is what is recorded."

    def value(self):
        value = super().value()
        return None if value is None else torch.tensor(value)


@misconception(caught_by="test_an_epoch_without_validation_has_none")
class TakesZeroForNothing(_Recorder):
    "No batches have a metric of 0."

    def value(self):
        return super().value() if self.valid else 0.0


@misconception(caught_by="test_an_epoch_without_training_has_none")
class TakesZeroLossForNothing(_Recorder):
    "No batches have a loss of 0."

    def mean_loss(self):
        return super().mean_loss() or 0.0


@misconception(caught_by="test_the_list_of_rows_is_the_callers")
class HandsOutItsOwnList(_Recorder):
    "Callers read, and do not write."

    def rows(self):
        return self.closed


@misconception(caught_by="test_two_recorders_share_nothing")
class SharesItsRows(_Recorder):
    "A list in the class body belongs to each object."

    closed: ClassVar[list] = []

    def __init__(self, loss_func, metric):
        self.loss_func, self.metric = loss_func, metric
        self.begin()


@misconception(caught_by="test_an_open_epoch_has_no_row")
class CountsTheOpenEpoch(_Recorder):
    "rows() shows what is known so far."

    def rows(self):
        return [*self.closed, (self.mean_loss(), self.value())]
