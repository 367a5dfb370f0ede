"""What are the steps of a training loop?

Epoch after epoch: train on one part of the data, and ask the other part how well it went.
"""

from collections.abc import Callable, Iterable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from dojo import alternative, misconception

__all__ = ["fit"]


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
    was_training = model.training
    rows = []
    for _ in range(epochs):
        model.train()
        train_loss = _mean_loss(_train_batch(model, batch, loss_func, lr) for batch in train)
        model.eval()
        with torch.no_grad():
            valid_loss = _mean_loss((loss_func(model(x), y).item(), len(x)) for x, y in valid)
        rows.append((train_loss, valid_loss))
    model.train(was_training)
    return rows


def _train_batch(
    model: nn.Module,
    batch: tuple[Tensor, Tensor],
    loss_func: Callable[[Tensor, Tensor], Tensor],
    lr: float,
) -> tuple[float, int]:
    inputs, targets = batch
    loss = loss_func(model(inputs), targets)
    model.zero_grad()
    loss.backward()
    with torch.no_grad():
        for param in model.parameters():
            if param.grad is not None:
                param -= lr * param.grad
    return loss.item(), len(inputs)


def _mean_loss(losses: Iterable[tuple[float, int]]) -> float:
    total, examples = 0.0, 0
    for loss, count in losses:
        total, examples = total + loss * count, examples + count
    if not examples:
        raise ValueError("valid has no batches: the loss of no examples is not defined")
    return total / examples


HINTS = (
    "Two loops inside one: over the epochs, and in each epoch first over the training batches, "
    "then over the validation batches. What must be different about the model in the second one?",
    "In each epoch: model.train(); for each batch of train clear the gradients, predict, loss, "
    "backward, step, and add up loss and examples. Then model.eval() and torch.no_grad(), and add "
    "up the same over valid. Note the mode at the start, and set it at the end.",
    "for x, y in train: loss = loss_func(model(x), y); model.zero_grad(); loss.backward(); step "
    "under torch.no_grad(); total += loss.item() * len(x); count += len(x). For valid the same "
    "without the three calls in the middle. A row is (total / count of train, that of valid).",
)
ANSWER = """
For each epoch: put the model in train mode; for each batch predict, compare, clear the gradients,
go backward and step; then put it in eval mode, switch gradients off, and measure the loss on data
that it was not trained on. Report both. Both lines that set the mode belong inside the loop over
the epochs: set before it, all epochs but the first are trained in eval mode, without dropout and
with running statistics that stand still, and no error says so.

Validation must leave no trace. In train mode it would move the running statistics of batch norm,
and the data that judge the model would have had a hand in it; without no_grad it only costs
memory.

Shuffling is the loader's part, but the loop must let it: iter() is asked anew each epoch, and a
list made of the first epoch's batches freezes one order for ever. It matters: on digits sorted by
their label the same loop reads about half of them, on shuffled ones 95 in 100.
"""


def _backward_and_step(model, batch, loss_func, lr):
    inputs, targets = batch
    loss = loss_func(model(inputs), targets)
    loss.backward()
    _step(model, lr)
    return loss.item(), len(inputs)


def _step(model, lr):
    for param in model.parameters():
        if param.grad is not None:
            param.data.sub_(param.grad, alpha=lr)


def _one_batch(model, batch, loss_func, lr):
    model.zero_grad()
    return _backward_and_step(model, batch, loss_func, lr)


def _mean(losses):
    return sum(loss * count for loss, count in losses) / sum(count for _, count in losses)


def _train(model, train, loss_func, lr):
    model.train()
    return _mean([_one_batch(model, batch, loss_func, lr) for batch in train])


def _losses(model, valid, loss_func):
    losses = [(loss_func(model(inputs), targets).item(), len(inputs)) for inputs, targets in valid]
    if not losses:
        raise ValueError("valid is empty")
    return losses


def _validate(model, valid, loss_func):
    model.eval()
    with torch.no_grad():
        return _mean(_losses(model, valid, loss_func))


def _fit(model, train, valid, loss_func, lr, epochs, *, train_epoch=_train, validate=_validate):
    """What the programs below share; each changes a part."""
    was, rows = model.training, []
    for _ in range(epochs):
        train_loss = train_epoch(model, train, loss_func, lr)
        rows.append((train_loss, validate(model, valid, loss_func)))
    model.train(was)
    return rows


@alternative
def asks_the_optimiser(model, train, valid, loss_func, lr, epochs):
    from torch.optim import SGD

    optimiser, was = SGD(model.parameters(), lr=lr), model.training
    rows = []
    for _ in range(epochs):
        sums = []
        for batches, learns in ((train, True), (valid, False)):
            model.train(learns)
            total, seen = torch.zeros(()), 0
            with torch.set_grad_enabled(learns):
                for inputs, targets in batches:
                    loss = loss_func(model(inputs), targets)
                    if learns:
                        optimiser.zero_grad()
                        loss.backward()
                        optimiser.step()
                    total += loss.detach().cpu() * len(inputs)
                    seen += len(inputs)
            if seen == 0:
                raise ValueError(f"no batches in {'train' if learns else 'valid'}")
            sums.append(float(total / seen))
        rows.append(tuple(sums))
    model.train(was)
    return rows


@alternative
def never_touches_grad(model, train, valid, loss_func, lr, epochs):
    def train_epoch(model, train, loss_func, lr):
        model.train()
        params, losses = [p for p in model.parameters() if p.requires_grad], []
        for inputs, targets in train:
            loss = loss_func(model(inputs), targets)
            slopes = torch.autograd.grad(loss, params, allow_unused=True)
            with torch.no_grad():
                for param, slope in zip(params, slopes, strict=True):
                    if slope is not None:
                        param -= lr * slope
            losses.append((float(loss.detach()), len(inputs)))
        return _mean(losses)

    return _fit(model, train, valid, loss_func, lr, epochs, train_epoch=train_epoch)


@alternative
def clears_after_the_step_and_at_the_start(model, train, valid, loss_func, lr, epochs):
    def train_epoch(model, train, loss_func, lr):
        model.train()
        model.zero_grad()
        losses = []
        for batch in train:
            losses.append(_backward_and_step(model, batch, loss_func, lr))
            model.zero_grad()
        return _mean(losses)

    @torch.inference_mode()
    def validate(model, valid, loss_func):
        model.eval()
        return _mean(_losses(model, [*valid], loss_func))

    return _fit(
        model, train, valid, loss_func, lr, epochs, train_epoch=train_epoch, validate=validate
    )


@misconception(caught_by="test_validation_is_in_eval_mode")
def validates_in_train_mode(model, train, valid, loss_func, lr, epochs):
    "no_grad is all that validation needs."

    def validate(model, valid, loss_func):
        with torch.no_grad():
            return _mean(_losses(model, valid, loss_func))

    return _fit(model, train, valid, loss_func, lr, epochs, validate=validate)


@misconception(caught_by="test_validation_is_without_gradients")
def validates_with_gradients(model, train, valid, loss_func, lr, epochs):
    "eval() switches gradients off."

    def validate(model, valid, loss_func):
        return _mean(_losses(model.eval(), valid, loss_func))

    return _fit(model, train, valid, loss_func, lr, epochs, validate=validate)


@misconception(caught_by="test_gradients_are_on_again_afterwards")
def leaves_gradients_off(model, train, valid, loss_func, lr, epochs):
    "Training switches gradients on, so validation may leave them off."

    def train_epoch(model, train, loss_func, lr):
        torch.set_grad_enabled(True)
        return _train(model, train, loss_func, lr)

    def validate(model, valid, loss_func):
        torch.set_grad_enabled(False)
        return _mean(_losses(model.eval(), valid, loss_func))

    return _fit(
        model, train, valid, loss_func, lr, epochs, train_epoch=train_epoch, validate=validate
    )


@misconception(caught_by="test_every_epoch_trains_in_train_mode")
def sets_train_mode_once(model, train, valid, loss_func, lr, epochs):
    "A model is put in train mode before the loop."
    was = model.training
    model.train()

    def train_epoch(model, train, loss_func, lr):
        return _mean([_one_batch(model, batch, loss_func, lr) for batch in train])

    rows = _fit(model, train, valid, loss_func, lr, epochs, train_epoch=train_epoch)
    model.train(was)
    return rows


@misconception(caught_by="test_every_epoch_trains_in_train_mode")
def trains_in_the_mode_that_it_finds(model, train, valid, loss_func, lr, epochs):
    "Whoever calls fit has put the model in train mode."
    was = model.training

    def train_epoch(model, train, loss_func, lr):
        model.train(was)
        return _mean([_one_batch(model, batch, loss_func, lr) for batch in train])

    return _fit(model, train, valid, loss_func, lr, epochs, train_epoch=train_epoch)


@misconception(caught_by="test_a_model_in_train_mode_comes_back_in_it")
def leaves_the_model_in_eval_mode(model, train, valid, loss_func, lr, epochs):
    "A trained model is ready for use, so it stays in eval mode."
    rows = _fit(model, train, valid, loss_func, lr, epochs)
    model.eval()
    return rows


@misconception(caught_by="test_a_model_in_eval_mode_comes_back_in_it")
def leaves_the_model_in_train_mode(model, train, valid, loss_func, lr, epochs):
    "After validation the model is put back in train mode."
    rows = _fit(model, train, valid, loss_func, lr, epochs)
    model.train()
    return rows


@misconception(caught_by="test_weights_are_the_same_whatever_valid_holds")
def trains_on_the_validation_set(model, train, valid, loss_func, lr, epochs):
    "The more data a step is made for, the better."
    return _fit(model, train, valid, loss_func, lr, epochs, validate=_train_on(lr))


def _train_on(lr):
    def validate(model, valid, loss_func):
        loss = _validate(model, valid, loss_func)
        _train(model, valid, loss_func, lr)
        return loss

    return validate


@misconception(caught_by="test_a_step_is_that_of_sgd")
def accumulates(model, train, valid, loss_func, lr, epochs):
    "backward replaces the gradient of the batch before."

    def train_epoch(model, train, loss_func, lr):
        model.train()
        return _mean([_backward_and_step(model, batch, loss_func, lr) for batch in train])

    return _fit(model, train, valid, loss_func, lr, epochs, train_epoch=train_epoch)


@misconception(caught_by="test_each_batch_has_its_own_gradient")
def clears_once_an_epoch(model, train, valid, loss_func, lr, epochs):
    "An epoch begins with clean gradients, and that will do."

    def train_epoch(model, train, loss_func, lr):
        model.zero_grad()
        model.train()
        return _mean([_backward_and_step(model, batch, loss_func, lr) for batch in train])

    return _fit(model, train, valid, loss_func, lr, epochs, train_epoch=train_epoch)


@misconception(caught_by="test_gradients_from_before_do_not_count")
def clears_after_the_step_only(model, train, valid, loss_func, lr, epochs):
    "Nobody has called backward before me."

    def train_epoch(model, train, loss_func, lr):
        model.train()
        losses = []
        for batch in train:
            losses.append(_backward_and_step(model, batch, loss_func, lr))
            model.zero_grad()
        return _mean(losses)

    return _fit(model, train, valid, loss_func, lr, epochs, train_epoch=train_epoch)


@misconception(caught_by="test_a_step_is_that_of_sgd")
def climbs(model, train, valid, loss_func, lr, epochs):
    "The gradient shows the way, so the step follows it."
    return _fit(model, train, valid, loss_func, -lr, epochs)


@misconception(caught_by="test_every_batch_has_its_step")
def first_batch_of_each_epoch(model, train, valid, loss_func, lr, epochs):
    "An epoch is one step on a fresh batch."

    def train_epoch(model, train, loss_func, lr):
        model.train()
        return _mean([_one_batch(model, next(iter(train)), loss_func, lr)])

    return _fit(model, train, valid, loss_func, lr, epochs, train_epoch=train_epoch)


@misconception(caught_by="test_every_batch_has_its_step")
def one_step_an_epoch(model, train, valid, loss_func, lr, epochs):
    "The gradients of all batches make the step of an epoch."

    def train_epoch(model, train, loss_func, lr):
        model.train()
        model.zero_grad()
        losses = []
        for inputs, targets in train:
            loss = loss_func(model(inputs), targets)
            loss.backward()
            losses.append((loss.item(), len(inputs)))
        _step(model, lr)
        return _mean(losses)

    return _fit(model, train, valid, loss_func, lr, epochs, train_epoch=train_epoch)


@misconception(caught_by="test_every_epoch_trains")
def trains_one_epoch_only(model, train, valid, loss_func, lr, epochs):
    "After one epoch the model has seen all there is."
    row = _fit(model, train, valid, loss_func, lr, min(epochs, 1))
    return row * epochs


@misconception(caught_by="test_every_epoch_has_a_row")
def returns_the_last_row(model, train, valid, loss_func, lr, epochs):
    "What counts is how it went in the end."
    return _fit(model, train, valid, loss_func, lr, epochs)[-1:]


@misconception(caught_by="test_every_epoch_asks_for_new_batches")
def keeps_the_first_order(model, train, valid, loss_func, lr, epochs):
    "Batches are the same in every epoch, so a list of them saves work."
    return _fit(model, [*train] if epochs else [], valid, loss_func, lr, epochs)


@misconception(caught_by="test_every_epoch_asks_for_new_batches")
def looks_into_train_first(model, train, valid, loss_func, lr, epochs):
    "A look at the batches before the loop costs nothing."
    if epochs:
        next(iter(train))
    return _fit(model, train, valid, loss_func, lr, epochs)


@misconception(caught_by="test_every_epoch_validates")
def validates_at_the_end_only(model, train, valid, loss_func, lr, epochs):
    "The trained model is what is validated."
    losses = [_fit(model, train, valid, loss_func, lr, 1)[0] for _ in range(epochs)]
    return [(train_loss, losses[-1][1]) for train_loss, _ in losses]


@misconception(caught_by="test_the_valid_loss_is_that_after_the_epoch")
def validates_before_training(model, train, valid, loss_func, lr, epochs):
    "First look how good the model is, then train it."
    was, rows = model.training, []
    for _ in range(epochs):
        valid_loss = _validate(model, valid, loss_func)
        rows.append((_train(model, train, loss_func, lr), valid_loss))
    model.train(was)
    return rows


@misconception(caught_by="test_the_train_loss_is_over_examples")
def averages_train_batches(model, train, valid, loss_func, lr, epochs):
    "The mean of the batches' losses is the train loss."

    def train_epoch(model, train, loss_func, lr):
        model.train()
        return _mean([(_one_batch(model, batch, loss_func, lr)[0], 1) for batch in train])

    return _fit(model, train, valid, loss_func, lr, epochs, train_epoch=train_epoch)


@misconception(caught_by="test_the_valid_loss_is_over_examples")
def averages_valid_batches(model, train, valid, loss_func, lr, epochs):
    "The mean of the batches' losses is the validation loss."

    def validate(model, valid, loss_func):
        model.eval()
        with torch.no_grad():
            return _mean([(loss, 1) for loss, _ in _losses(model, valid, loss_func)])

    return _fit(model, train, valid, loss_func, lr, epochs, validate=validate)


@misconception(caught_by="test_the_train_loss_is_that_of_all_batches")
def reports_the_last_batch(model, train, valid, loss_func, lr, epochs):
    "The loss of the last batch is the newest, so it is the one to report."

    def train_epoch(model, train, loss_func, lr):
        model.train()
        return [_one_batch(model, batch, loss_func, lr) for batch in train][-1][0]

    return _fit(model, train, valid, loss_func, lr, epochs, train_epoch=train_epoch)


@misconception(caught_by="test_the_train_loss_is_that_before_each_step")
def measures_train_after_the_epoch(model, train, valid, loss_func, lr, epochs):
    "The train loss of an epoch is measured at its end, as the validation loss is."

    def train_epoch(model, train, loss_func, lr):
        batches = [*train]
        _train(model, batches, loss_func, lr)
        with torch.no_grad():
            return _mean(_losses(model, batches, loss_func))

    return _fit(model, train, valid, loss_func, lr, epochs, train_epoch=train_epoch)


@misconception(caught_by="test_rows_hold_floats")
def keeps_tensors(model, train, valid, loss_func, lr, epochs):
    "A loss that is only looked at may stay a tensor."
    rows = _fit(model, train, valid, loss_func, lr, epochs)
    return [tuple(torch.tensor(loss) for loss in row) for row in rows]


@misconception(caught_by="test_the_train_loss_comes_first")
def swaps_the_two(model, train, valid, loss_func, lr, epochs):
    "The validation loss matters most, so it comes first."
    return [row[::-1] for row in _fit(model, train, valid, loss_func, lr, epochs)]


@misconception(caught_by="test_an_empty_valid_is_refused")
def takes_zero_for_nothing(model, train, valid, loss_func, lr, epochs):
    "No examples have a loss of 0."

    def validate(model, valid, loss_func):
        try:
            return _validate(model, valid, loss_func)
        except ValueError:
            return 0.0

    return _fit(model, train, valid, loss_func, lr, epochs, validate=validate)


@misconception(caught_by="test_no_epochs_change_nothing")
def trains_at_least_once(model, train, valid, loss_func, lr, epochs):
    "A training loop trains once at least."
    return _fit(model, train, valid, loss_func, lr, max(epochs, 1))


@misconception(caught_by="test_a_parameter_without_part_stays")
def needs_every_gradient(model, train, valid, loss_func, lr, epochs):
    "After backward each parameter has a gradient."

    def train_epoch(model, train, loss_func, lr):
        model.train()
        losses = []
        for inputs, targets in train:
            model.zero_grad()
            loss = loss_func(model(inputs), targets)
            loss.backward()
            for param in model.parameters():
                param.data -= lr * param.grad
            losses.append((loss.item(), len(inputs)))
        return _mean(losses)

    return _fit(model, train, valid, loss_func, lr, epochs, train_epoch=train_epoch)


@misconception(caught_by="test_a_batch_goes_through_the_model_once")
def predicts_twice(model, train, valid, loss_func, lr, epochs):
    "One prediction is for the gradient, another for the record."

    def train_epoch(model, train, loss_func, lr):
        model.train()
        losses = []
        for inputs, targets in train:
            with torch.no_grad():
                losses.append((loss_func(model(inputs), targets).item(), len(inputs)))
            _one_batch(model, (inputs, targets), loss_func, lr)
        return _mean(losses)

    return _fit(model, train, valid, loss_func, lr, epochs, train_epoch=train_epoch)
