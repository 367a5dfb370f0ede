"""What is SGD?

The loop that trains nearly every network, in its plainest form.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from dojo import alternative, misconception

__all__ = ["sgd"]


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
    losses = []
    for batch in batches:
        for param in params:
            param.grad = None
        value = loss(params, batch)
        losses.append(value.item())
        value.backward()
        with torch.no_grad():
            for param in params:
                if param.grad is not None:
                    param -= lr * param.grad
    return losses


HINTS = (
    "What has to happen for one batch, from its loss to the moved parameters? In which order, and "
    "what must be as new before the next batch comes?",
    "For each batch: clear the gradients, calculate the loss, note its number, call backward, move "
    "each parameter. Moving is no part of the calculation that autograd is to record.",
    "for batch in batches: set each param.grad to None; value = loss(params, batch); append "
    "value.item(); value.backward(); and under torch.no_grad(): param -= lr * param.grad, where "
    "there is a gradient.",
)
ANSWER = """
Stochastic gradient descent: each step follows the gradient of a random part of the data, as if it
were that of the whole. It is right on average and wrong each time, and it is cheap: a thousand
examples give twenty steps in place of one.

As each step is a little wrong, at a constant rate the parameters end near the best ones and not on
them: they go on trembling, the wider the higher the rate, which is why rates are lowered towards
the end. Gradient descent with all the data in each step has no such noise, and pays for each step
with a walk through all the data.

"Stochastic" is in the drawing of the batches, not in the step: this function draws nothing. Called
with the same batch for ever, it finds the best parameters for that batch.
"""


@alternative
def asks_the_optimiser(loss, params, batches, lr):
    from torch.optim import SGD

    optimiser, losses = SGD(params, lr), []
    for batch in batches:
        optimiser.zero_grad()
        value = loss(params, batch)
        value.backward()
        losses.append(value.item())
        optimiser.step()
    return losses


@alternative
def never_touches_grad(loss, params, batches, lr):
    losses = []
    for batch in batches:
        value = loss(params, batch)
        grads = torch.autograd.grad(value, params, allow_unused=True)
        losses.append(value.detach().clone())
        for param, grad in zip(params, grads, strict=True):
            if grad is not None:
                param.data.sub_(grad, alpha=lr)
    return torch.stack(losses).tolist() if losses else []


@alternative
def zeroes_before_and_after(loss, params, batches, lr):
    losses = []
    for param in params:
        param.grad = torch.zeros_like(param)
    for batch in batches:
        value = loss(params, batch)
        value.backward()
        losses.append(value.tolist())
        for param in params:
            param.data.add_(param.grad, alpha=-lr)
            param.grad.zero_()
    return losses


@alternative
def is_a_generator_inside(loss, params, batches, lr):
    def step(batch):
        for param in params:
            param.grad = None
        value = loss(params, batch)
        value.backward()
        moving = [param for param in params if param.grad is not None]
        with torch.no_grad():
            torch._foreach_add_(moving, [param.grad for param in moving], alpha=-lr)
        return value.item()

    return [*map(step, batches)]


@misconception(caught_by="test_each_step_follows_its_own_batch")
def follows_the_first_batch(loss, params, batches, lr):
    "The gradient points to the minimum, so one is enough."
    losses, grads = [], None
    for batch in batches:
        value = loss(params, batch)
        losses.append(value.item())
        if grads is None:
            grads = torch.autograd.grad(value, params, allow_unused=True)
        _move(params, grads, lr)
    return losses


@misconception(caught_by="test_each_step_follows_its_own_batch")
def keeps_the_first_batch(loss, params, batches, lr):
    "SGD draws a batch, and then descends on it."
    first, losses = None, []
    for batch in batches:
        first = batch if first is None else first
        losses.append(_step(loss, params, first, lr))
    return losses


@misconception(caught_by="test_a_step_goes_downhill")
def climbs(loss, params, batches, lr):
    "The gradient is the direction to go."
    return [_step(loss, params, batch, -lr) for batch in batches]


@misconception(caught_by="test_each_step_starts_from_a_clean_gradient")
def accumulates(loss, params, batches, lr):
    "backward replaces the gradient of the batch before."
    for param in params:
        param.grad = None
    losses = []
    for batch in batches:
        value = loss(params, batch)
        losses.append(value.item())
        value.backward()
        _move(params, [param.grad for param in params], lr)
    return losses


@misconception(caught_by="test_gradients_from_before_do_not_count")
def clears_after_the_step_only(loss, params, batches, lr):
    "To clear after each step is enough, as the first batch finds nothing."
    losses = []
    for batch in batches:
        value = loss(params, batch)
        losses.append(value.item())
        value.backward()
        _move(params, [param.grad for param in params], lr)
        for param in params:
            param.grad = None
    return losses


@misconception(caught_by="test_a_loss_is_that_before_its_step")
def notes_the_loss_after_the_step(loss, params, batches, lr):
    "The loss of a batch is what its step has brought it down to."
    losses = []
    for batch in batches:
        _step(loss, params, batch, lr)
        losses.append(loss(params, batch).item())
    return losses


@misconception(caught_by="test_the_loss_is_calculated_once_a_batch")
def calculates_the_loss_twice(loss, params, batches, lr):
    "One call of loss is for the number, another for the gradient."
    losses = []
    for batch in batches:
        losses.append(loss(params, batch).item())
        _step(loss, params, batch, lr)
    return losses


@misconception(caught_by="test_all_parameters_move_at_once")
def moves_one_after_the_other(loss, params, batches, lr):
    "Each parameter has a loss, a backward and a step of its own."
    losses = []
    for batch in batches:
        values = []
        for param in params:
            value = loss(params, batch)
            values.append(value.item())
            _move([param], torch.autograd.grad(value, [param], allow_unused=True), lr)
        losses.append(values[0])
    return losses


@misconception(caught_by="test_each_batch_has_its_step")
def takes_one_step_on_all(loss, params, batches, lr):
    "Gradient descent goes down the loss of all the data."
    values = [loss(params, batch) for batch in batches]
    if values:
        _move(params, torch.autograd.grad(sum(values), params, allow_unused=True), lr)
    return [value.item() for value in values]


@misconception(caught_by="test_each_batch_has_its_step")
def averages_all_batches(loss, params, batches, lr):
    "The gradients of the batches are averaged, and the step follows their mean."
    values = [loss(params, batch) for batch in batches]
    if values:
        mean = sum(values) / len(values)
        _move(params, torch.autograd.grad(mean, params, allow_unused=True), lr)
    return [value.item() for value in values]


@misconception(caught_by="test_the_losses_are_floats")
def returns_tensors(loss, params, batches, lr):
    "A loss that is looked at later may stay a tensor."
    losses = []
    for batch in batches:
        value = loss(params, batch)
        losses.append(value)
        _move(params, torch.autograd.grad(value, params, allow_unused=True), lr)
    return losses


@misconception(caught_by="test_batches_are_read_one_at_a_time")
def reads_all_batches_first(loss, params, batches, lr):
    "A list of the batches is as good as a generator of them."
    return [_step(loss, params, batch, lr) for batch in list(batches)]


@misconception(caught_by="test_as_many_losses_as_batches")
def returns_the_last_loss(loss, params, batches, lr):
    "What matters of the losses is the one at the end."
    return [_step(loss, params, batch, lr) for batch in batches][-1:]


@misconception(caught_by="test_the_path_on_a_parabola")
def lowers_the_rate(loss, params, batches, lr):
    "SGD settles because its rate falls with each step."
    return [_step(loss, params, batch, lr / n) for n, batch in enumerate(batches, 1)]


@misconception(caught_by="test_a_steeper_slope_makes_a_longer_step")
def goes_as_far_as_the_rate(loss, params, batches, lr):
    "The gradient gives the direction, and the rate how far to go."
    losses = []
    for batch in batches:
        value = loss(params, batch)
        losses.append(value.item())
        grads = torch.autograd.grad(value, params, allow_unused=True)
        _move(params, [None if grad is None else grad.sign() for grad in grads], lr)
    return losses


@misconception(caught_by="test_the_path_on_a_parabola")
def gathers_speed(loss, params, batches, lr):
    "SGD keeps part of its last step, as a ball rolls on."
    losses, speeds = [], [torch.zeros_like(param) for param in params]
    for batch in batches:
        value = loss(params, batch)
        losses.append(value.item())
        grads = torch.autograd.grad(value, params, allow_unused=True)
        for param, speed, grad in zip(params, speeds, grads, strict=True):
            if grad is not None:
                speed.mul_(0.9).add_(grad)
                param.data.sub_(speed, alpha=lr)
    return losses


@misconception(caught_by="test_a_gradient_from_before_moves_no_parameter_without_part")
def clears_what_has_moved(loss, params, batches, lr):
    "A parameter without part has no gradient, so there is nothing to clear."
    losses = []
    for batch in batches:
        value = loss(params, batch)
        losses.append(value.item())
        grads = torch.autograd.grad(value, params, allow_unused=True)
        for param, grad in zip(params, grads, strict=True):
            if grad is not None:
                param.grad = grad
            if param.grad is not None:
                param.data.sub_(param.grad, alpha=lr)
    return losses


@misconception(caught_by="test_a_parameter_without_part_stays")
def needs_every_gradient(loss, params, batches, lr):
    "After backward each parameter has a gradient."
    losses = []
    for batch in batches:
        for param in params:
            param.grad = None
        value = loss(params, batch)
        losses.append(value.item())
        value.backward()
        for param in params:
            param.data.sub_(param.grad, alpha=lr)
    return losses


@misconception(caught_by="test_the_parameters_move_in_place")
def puts_new_tensors_into_the_list(loss, params, batches, lr):
    "Who has the list has the new parameters."
    losses = []
    for batch in batches:
        value = loss(params, batch)
        losses.append(value.item())
        grads = torch.autograd.grad(value, params, allow_unused=True)
        for place, grad in enumerate(grads):
            if grad is not None:
                params[place] = (params[place] - lr * grad).detach().requires_grad_()
    return losses


@misconception(caught_by="test_the_parameters_move_in_place")
def trains_copies(loss, params, batches, lr):
    "To move the parameters is to return what they have come to."
    return _train([param.detach().clone().requires_grad_() for param in params], loss, batches, lr)


@misconception(caught_by="test_the_parameters_stay_in_their_memory")
def gives_them_new_memory(loss, params, batches, lr):
    "Another .data in the same tensor is in place."
    losses = []
    for batch in batches:
        value = loss(params, batch)
        losses.append(value.item())
        grads = torch.autograd.grad(value, params, allow_unused=True)
        for param, grad in zip(params, grads, strict=True):
            if grad is not None:
                param.data = param.data - lr * grad
    return losses


@misconception(caught_by="test_the_parameters_can_be_trained_on")
def leaves_grad_turned_off(loss, params, batches, lr):
    "A parameter must not require grad while it is moved."
    losses = []
    for batch in batches:
        for param in params:
            param.requires_grad_()
        losses.append(_step(loss, params, batch, lr))
        for param in params:
            param.requires_grad_(False)
    return losses


def _train(params, loss, batches, lr):
    return [_step(loss, params, batch, lr) for batch in batches]


def _step(loss, params, batch, lr):
    value = loss(params, batch)
    _move(params, torch.autograd.grad(value, params, allow_unused=True), lr)
    return value.item()


def _move(params, grads, lr):
    with torch.no_grad():
        for param, grad in zip(params, grads, strict=True):
            if grad is not None:
                param -= lr * grad
