import gc
import weakref

import pytest
import torch
from torch.nn.functional import binary_cross_entropy, mse_loss

from dojo.checks import answer_of
from katas.gradients.loss_or_metric import Recorder


def rmse(predictions, targets):
    """A metric that is no mean over examples."""
    return (predictions - targets).square().mean().sqrt()


def accuracy(predictions, targets):
    return ((predictions > 0.5) == (targets > 0.5)).float().mean().item()


def test_the_loss_of_a_batch_comes_back():
    got = Recorder(mse_loss, rmse).train_batch(torch.tensor([6.0, 5.0]), torch.tensor([4.0, 5.0]))
    assert isinstance(got, torch.Tensor), f"the loss is a tensor, to call backward on, got {got!r}"
    assert got.item() == 2.0, f"squares 4 and 0 are 2 on average, got {got.item()}"


def test_backward_reaches_the_weights():
    weight = torch.tensor([2.0], requires_grad=True)
    loss = Recorder(mse_loss, rmse).train_batch(weight * 3, torch.tensor([5.0]))
    assert isinstance(loss, torch.Tensor), (
        f"the loss is a tensor, to call backward on, got {loss!r}"
    )
    assert loss.requires_grad, "the loss has no graph: backward() would reach no weight"
    loss.backward()
    assert weight.grad.item() == 6.0, f"(3w - 5)² at 2 has slope 6, got {weight.grad.item()}"


def test_the_loss_is_over_examples():
    got, _ = one_row(train=[([1.0, 1.0, 1.0], [0.0, 0.0, 0.0]), ([3.0], [0.0])])
    assert got == 3.0, (
        f"squares 1, 1, 1 and 9 are 3 on average, got {got}: 5 would mean the mean of batch means, "
        "9 the last batch, 10 a sum"
    )


def test_batches_of_one_size_count_alike():
    got, _ = one_row(train=[([1.0, 1.0], [0.0, 0.0]), ([3.0, 3.0], [0.0, 0.0])])
    assert got == 5.0, f"squares 1, 1, 9 and 9 are 5 on average, got {got}: 9 is the last, 10 a sum"


def test_batches_that_agree_have_their_loss():
    got, _ = one_row(train=[([2.0], [0.0]), ([2.0, 2.0], [0.0, 0.0])])
    assert got == 4.0, f"all squares are 4, and so is their mean, got {got}: 8 would mean a sum"


def test_the_metric_is_of_all_predictions_at_once():
    valid = [([1.0, 1.0, 1.0], [0.0, 0.0, 0.0]), ([3.0], [0.0])]
    _, got = one_row(valid=valid)
    assert got == pytest.approx(3**0.5), (
        f"squares 1, 1, 1 and 9 have the root 1.732 of their mean, 3, got {got}: 2 would mean the "
        "mean of two batch values, 1.5 that mean weighted by size"
    )


def test_the_metric_is_called_once_an_epoch():
    calls = []
    recorder = Recorder(mse_loss, lambda predictions, targets: calls.append(len(targets)) or 0.5)
    for size in (3, 2):
        recorder.valid_batch(torch.ones(size), torch.zeros(size))
    recorder.end_epoch()
    recorder.rows()
    assert calls == [5], f"the metric is called once, with 5 examples, got calls with {calls}"


def test_the_metric_gets_predictions_first():
    recorder = Recorder(mse_loss, lambda predictions, targets: (predictions - targets).mean())
    feed(recorder, valid=[([5.0], [2.0]), ([1.0], [0.0])])
    recorder.end_epoch()
    [(_, got)] = recorder.rows()
    assert got == 2.0, f"predictions are 3 and 1 above their targets, 2 on average, got {got}"


def test_the_metric_is_not_of_training_batches():
    _, got = one_row(train=[([9.0], [0.0])], valid=[([1.0], [0.0])])
    assert got == 1.0, f"the validation batch is 1 off, got {got}: 6.4 has the training batch in it"


def test_the_row_holds_the_metric_and_not_the_loss():
    _, got = one_row(valid=[([3.0, 3.0], [1.0, 1.0])])
    assert got == 2.0, f"RMSE of errors 2 and 2 is 2, got {got}: 4 is the loss"


def test_a_loss_and_a_metric_can_disagree():
    targets = torch.tensor([1.0, 1.0, 1.0, 0.0])
    timid = torch.tensor([0.49, 0.49, 0.49, 0.3])
    bold = torch.tensor([0.9, 0.9, 0.51, 0.97])
    rows = []
    for predictions in (timid, bold):
        recorder = Recorder(binary_cross_entropy, accuracy)
        recorder.train_batch(predictions, targets)
        recorder.valid_batch(predictions, targets)
        recorder.end_epoch()
        rows += answer_of(recorder.rows, "an epoch was closed")
    (loss_a, metric_a), (loss_b, metric_b) = rows
    assert (round(loss_a, 2), round(loss_b, 2)) == (0.62, 1.10), f"losses {loss_a}, {loss_b}"
    assert (metric_a, metric_b) == (0.25, 0.75), (
        f"the bold one has the higher loss and gets 3 of 4 right, got {metric_a} and {metric_b}"
    )


def test_an_epoch_without_validation_has_none():
    row = one_row(train=[([1.0], [0.0])])
    assert row == (1.0, None), f"a loss of 1 and no validation give (1.0, None), got {row}"


def test_an_epoch_without_training_has_none():
    row = one_row(valid=[([1.0], [0.0])])
    assert row == (None, 1.0), f"no training and a metric of 1 give (None, 1.0), got {row}"


def test_a_loss_of_zero_is_a_loss():
    row = one_row(train=[([1.0], [1.0])], valid=[([1.0], [1.0])])
    assert row == (0.0, 0.0), f"a perfect epoch is (0.0, 0.0), got {row}"


def test_losses_of_epochs_do_not_mix():
    got = [loss for loss, _ in two_epochs()]
    assert got == [1.0, 9.0], f"the epochs have losses 1 and 9, got {got}: begin anew"


def test_metrics_of_epochs_do_not_mix():
    got = [metric for _, metric in two_epochs()]
    assert got == [2.0, 6.0], f"the epochs have metrics 2 and 6, got {got}: begin anew"


def test_an_open_epoch_has_no_row():
    recorder = Recorder(mse_loss, rmse)
    feed(recorder, train=[([1.0], [0.0])], valid=[([1.0], [0.0])])
    got = answer_of(recorder.rows, "rows can be read in mid-epoch")
    assert got == [], f"no epoch was closed yet, got {got}"


def test_values_are_plain_floats():
    row = one_row(train=[([1.0], [0.0])], valid=[([1.0], [0.0])])
    kinds = {type(value).__name__ for value in row}
    assert kinds == {"float"}, f"both values are Python floats, got {kinds}"
    assert isinstance(row, tuple), f"a row is a tuple, got a {type(row).__name__}"


def test_the_list_of_rows_is_the_callers():
    recorder = Recorder(mse_loss, rmse)
    feed(recorder, train=[([1.0], [0.0])])
    recorder.end_epoch()
    recorder.rows().clear()
    got = recorder.rows()
    assert len(got) == 1, f"a caller emptied the list that it got, and the recorder has {got}"


def test_two_recorders_share_nothing():
    one, other = Recorder(mse_loss, rmse), Recorder(mse_loss, rmse)
    feed(one, train=[([1.0], [0.0])])
    one.end_epoch()
    got = answer_of(other.rows, "a new recorder has no rows")
    assert got == [], f"the other recorder closed no epoch, and has {got}"


def test_nothing_saved_for_backward_stays_alive():
    recorder, alive = Recorder(mse_loss, rmse), weakref.WeakSet()
    weight = torch.ones(3, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(watched_in(alive), Box.opened):
        for _ in range(3):
            recorder.train_batch(weight * 2, torch.zeros(3))
    gc.collect()
    assert len(alive) == 0, (
        f"in mid-epoch {len(alive)} tensors saved for backward are still alive, though the losses "
        "were let go: the recorder keeps a graph, or more than numbers"
    )


def test_validation_keeps_no_graph_alive():
    recorder, alive = Recorder(mse_loss, rmse), weakref.WeakSet()
    weight = torch.ones(3, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(watched_in(alive), Box.opened):
        recorder.valid_batch((weight * 2).exp(), torch.zeros(3))
    gc.collect()
    assert len(alive) == 0, (
        f"{len(alive)} tensors saved for backward are still alive after a validation batch: detach"
    )


class Box:
    """Holds a tensor that is saved for backward, and can be watched."""

    def __init__(self, tensor):
        self.tensor = tensor

    def opened(self):
        return self.tensor


def watched_in(alive):
    def pack(tensor):
        box = Box(tensor.detach())
        alive.add(box)
        return box

    return pack


def one_row(**batches):
    recorder = Recorder(mse_loss, rmse)
    feed(recorder, **batches)
    answer_of(recorder.end_epoch, "an epoch may lack training or validation")
    [row] = answer_of(recorder.rows, "one epoch was closed")
    return row


def two_epochs():
    recorder = Recorder(mse_loss, rmse)
    for error in (1.0, 3.0):
        feed(recorder, train=[([error], [0.0])], valid=[([2 * error], [0.0])])
        recorder.end_epoch()
    return recorder.rows()


def feed(recorder, train=(), valid=()):
    for predictions, targets in train:
        recorder.train_batch(torch.tensor(predictions), torch.tensor(targets))
    for predictions, targets in valid:
        recorder.valid_batch(torch.tensor(predictions), torch.tensor(targets))
