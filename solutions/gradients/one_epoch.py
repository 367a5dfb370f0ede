"""What are the steps of an epoch of SGD?

Once through the data, a step for each batch, and a number that says how it went.
"""

from collections.abc import Callable, Iterable
from contextlib import contextmanager
from copy import deepcopy

import torch
from jaxtyping import Float
from torch import Tensor, nn

from dojo import alternative, misconception

__all__ = ["train_epoch"]


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
    was_training = model.training
    model.train()
    total, examples = 0.0, 0
    for inputs, targets in batches:
        model.zero_grad()
        loss = loss_func(model(inputs), targets)
        loss.backward()
        with torch.no_grad():
            for param in model.parameters():
                if param.grad is not None:
                    param -= lr * param.grad
        total += loss.item() * len(inputs)
        examples += len(inputs)
    model.train(was_training)
    return total / examples


HINTS = (
    "Write down what happens to one batch, from its inputs to the moved weights. What must be done "
    "before the first batch, and what after the last one?",
    "Per batch: clear the gradients, predict, loss, backward, step, note the loss. A batch of 3 "
    "must count three times as much in the mean as a batch of 1.",
    "was = model.training; model.train(); for x, y in batches: model.zero_grad(); "
    "loss = loss_func(model(x), y); loss.backward(); step under torch.no_grad(); "
    "total += loss.item() * len(x). At the end model.train(was), and total over the examples.",
)
ANSWER = """
For each batch: predict, compare (the loss), find the gradients (backward), step, and clear the
gradients before the next one. Clearing may come anywhere between a step and the next backward; it
must not come between a batch's backward and its step, and the first batch needs it too, where
something has called backward before. After the last batch the data have been seen once: an epoch.

loss_func is a mean, so the last batch, which is mostly shorter, would count too much in the mean of
the batches' losses. And since the weights move all the while, the number is no loss of any one
model: each batch was judged by the weights that it found. It is higher than the loss of the same
data afterwards, which is one reason why a training loss may lie above the validation loss.

param -= lr * param.grad rounds twice, the optimiser's fused step once, so they differ in the last
bits; at a rate that is a power of two the product is exact, and they don't.
"""


@alternative
def asks_the_optimiser(model, batches, loss_func, lr):
    from torch.optim import SGD

    optimiser = SGD([param for param in model.parameters() if param.requires_grad], lr=lr)
    was, losses, sizes = model.training, [], []
    model.train()
    for inputs, targets in batches:
        loss = loss_func(model(inputs), targets)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.detach().cpu())
        sizes.append(len(inputs))
    model.train(was)
    weights = torch.tensor(sizes) / sum(sizes)
    return (torch.stack(losses) * weights).sum().item()


@alternative
def never_touches_grad(model, batches, loss_func, lr):
    was = model.training
    params = [param for param in model.train().parameters() if param.requires_grad]
    total = examples = 0
    for inputs, targets in batches:
        loss = loss_func(model(inputs), targets)
        grads = torch.autograd.grad(loss, params, allow_unused=True)
        for param, grad in zip(params, grads, strict=True):
            if grad is not None:
                param.data.sub_(grad, alpha=lr)
        total += loss.item() * len(inputs)
        examples += len(inputs)
    model.train(was)
    return total / examples


@alternative
def clears_before_and_after(model, batches, loss_func, lr):
    was, mean, examples = model.training, 0.0, 0
    model.train()
    model.zero_grad(set_to_none=False)
    for inputs, targets in [*batches]:
        loss = loss_func(model(inputs), targets)
        loss.backward()
        for param in model.parameters():
            if param.requires_grad and param.grad is not None:
                param.data = param.data - lr * param.grad
                param.grad.zero_()
        examples += len(inputs)
        mean += (float(loss.detach()) - mean) * len(inputs) / examples
    model.train(was)
    return mean


@misconception(caught_by="test_each_step_starts_from_a_clean_gradient")
def never_clears(model, batches, loss_func, lr):
    "backward replaces the gradient of the batch before."
    with _train_mode(model):
        return _mean([_backward_and_step(model, batch, loss_func, lr) for batch in batches])


@misconception(caught_by="test_each_step_starts_from_a_clean_gradient")
def clears_once_an_epoch(model, batches, loss_func, lr):
    "An epoch starts with clean gradients, and that will do."
    model.zero_grad()
    with _train_mode(model):
        return _mean([_backward_and_step(model, batch, loss_func, lr) for batch in batches])


@misconception(caught_by="test_each_batch_has_its_step")
def steps_after_the_loop(model, batches, loss_func, lr):
    "An epoch ends with the step."
    seen = []
    with _train_mode(model):
        for inputs, targets in batches:
            model.zero_grad()
            loss = loss_func(model(inputs), targets)
            loss.backward()
            seen.append((loss.item(), len(inputs)))
        _step(model, lr)
    return _mean(seen)


@misconception(caught_by="test_each_batch_has_its_step")
def gathers_all_gradients_first(model, batches, loss_func, lr):
    "An epoch is one step, along the gradients of all its batches."
    model.zero_grad()
    seen = []
    with _train_mode(model):
        for inputs, targets in batches:
            loss = loss_func(model(inputs), targets)
            loss.backward()
            seen.append((loss.item(), len(inputs)))
        _step(model, lr)
    return _mean(seen)


@misconception(caught_by="test_a_step_goes_by_the_gradient")
def clears_before_the_step(model, batches, loss_func, lr):
    "Gradients are cleared as soon as backward is through."
    seen = []
    with _train_mode(model):
        for inputs, targets in batches:
            loss = loss_func(model(inputs), targets)
            loss.backward()
            model.zero_grad()
            _step(model, lr)
            seen.append((loss.item(), len(inputs)))
    return _mean(seen)


@misconception(caught_by="test_gradients_from_before_do_not_count")
def clears_after_the_step_only(model, batches, loss_func, lr):
    "To clear after each step is enough, as the first batch finds nothing."
    seen = []
    with _train_mode(model):
        for batch in batches:
            seen.append(_backward_and_step(model, batch, loss_func, lr))
            model.zero_grad()
    return _mean(seen)


@misconception(caught_by="test_a_step_goes_downhill")
def climbs(model, batches, loss_func, lr):
    "The gradient is the direction to go."
    return _epoch(model, batches, loss_func, -lr)


@misconception(caught_by="test_each_example_counts_alike_in_the_mean")
def averages_the_batches(model, batches, loss_func, lr):
    "The mean of the batches' means is the mean of all."
    seen = _seen(model, batches, loss_func, lr)
    return sum(loss for loss, _ in seen) / len(seen)


@misconception(caught_by="test_the_mean_is_one_of_examples")
def divides_by_the_batches(model, batches, loss_func, lr):
    "The sum over the examples is divided by the number of batches."
    seen = _seen(model, batches, loss_func, lr)
    return sum(loss * size for loss, size in seen) / len(seen)


@misconception(caught_by="test_the_mean_is_one_of_examples")
def adds_the_losses(model, batches, loss_func, lr):
    "The loss of an epoch is the sum of its batches' losses."
    return sum(loss for loss, _ in _seen(model, batches, loss_func, lr))


@misconception(caught_by="test_the_mean_is_one_of_examples")
def divides_the_means_by_the_examples(model, batches, loss_func, lr):
    "A batch's loss is the sum over its examples."
    seen = _seen(model, batches, loss_func, lr)
    return sum(loss for loss, _ in seen) / sum(size for _, size in seen)


@misconception(caught_by="test_all_batches_are_in_the_mean")
def returns_the_last_loss(model, batches, loss_func, lr):
    "The loss at the end is what the epoch has reached."
    return _seen(model, batches, loss_func, lr)[-1][0]


@misconception(caught_by="test_a_loss_is_that_before_its_step")
def measures_after_the_step(model, batches, loss_func, lr):
    "The loss of a batch is what its step has brought it down to."
    seen = []
    with _train_mode(model):
        for inputs, targets in batches:
            model.zero_grad()
            _backward_and_step(model, (inputs, targets), loss_func, lr)
            seen.append((loss_func(model(inputs), targets).item(), len(inputs)))
    return _mean(seen)


@misconception(caught_by="test_a_batch_goes_through_the_model_once")
def predicts_twice(model, batches, loss_func, lr):
    "One prediction is for the number, another for the gradient."
    seen = []
    with _train_mode(model):
        for inputs, targets in batches:
            model.zero_grad()
            seen.append((loss_func(model(inputs), targets).item(), len(inputs)))
            _backward_and_step(model, (inputs, targets), loss_func, lr)
    return _mean(seen)


@misconception(caught_by="test_the_model_is_in_train_mode_during_the_epoch")
def stays_in_the_mode(model, batches, loss_func, lr):
    "A model is in train mode unless I say otherwise."
    seen = []
    for batch in batches:
        model.zero_grad()
        seen.append(_backward_and_step(model, batch, loss_func, lr))
    return _mean(seen)


@misconception(caught_by="test_a_model_in_eval_mode_comes_back_in_it")
def stays_in_train_mode(model, batches, loss_func, lr):
    "Who wants another mode afterwards will set it."
    model.train()
    return stays_in_the_mode(model, batches, loss_func, lr)


@misconception(caught_by="test_a_model_in_train_mode_comes_back_in_it")
def ends_in_eval_mode(model, batches, loss_func, lr):
    "After training comes validation, so the model is left in eval mode."
    result = _epoch(model, batches, loss_func, lr)
    model.eval()
    return result


@misconception(caught_by="test_the_mean_is_a_float")
def returns_a_tensor(model, batches, loss_func, lr):
    "A loss that is looked at later may stay a tensor."
    total, examples = 0, 0
    with _train_mode(model):
        for inputs, targets in batches:
            model.zero_grad()
            loss = loss_func(model(inputs), targets)
            total = total + loss * len(inputs)
            examples += len(inputs)
            grads = torch.autograd.grad(loss, _trained(model), retain_graph=True, allow_unused=True)
            for param, grad in zip(_trained(model), grads, strict=True):
                if grad is not None:
                    param.data.sub_(grad, alpha=lr)
    return total / examples


@misconception(caught_by="test_a_generator_of_batches_will_do")
def counts_the_examples_first(model, batches, loss_func, lr):
    "Batches can be gone through as often as I like."
    examples = sum(len(inputs) for inputs, _ in batches)
    seen = _seen(model, batches, loss_func, lr)
    return sum(loss * size for loss, size in seen) / examples


@misconception(caught_by="test_a_generator_of_batches_will_do")
def asks_for_the_number_of_batches(model, batches, loss_func, lr):
    "What gives batches knows how many."
    count = len(batches)
    seen = _seen(model, batches, loss_func, lr)
    return sum(loss * size for loss, size in seen[:count]) / sum(size for _, size in seen)


@misconception(caught_by="test_a_short_last_batch_takes_part")
def drops_the_short_batch(model, batches, loss_func, lr):
    "A batch with fewer examples than the others is left out."
    batches = [*batches]
    full = len(batches[0][0])
    return _epoch(model, [b for b in batches if len(b[0]) == full], loss_func, lr)


@misconception(caught_by="test_a_short_batch_makes_a_whole_step")
def shortens_the_step_of_a_short_batch(model, batches, loss_func, lr):
    "A batch with half of the examples deserves half of the step."
    batches = [*batches]
    full = len(batches[0][0])
    return _mean(
        [
            seen
            for batch in batches
            for seen in _seen(model, [batch], loss_func, lr * len(batch[0]) / full)
        ]
    )


@misconception(caught_by="test_a_short_batch_makes_a_whole_step")
def divides_the_step_by_the_examples(model, batches, loss_func, lr):
    "The gradients of the examples add up, so the step is divided by their number."
    return _mean(
        [seen for batch in batches for seen in _seen(model, [batch], loss_func, lr / len(batch[0]))]
    )


@misconception(caught_by="test_the_batches_come_in_their_order")
def takes_the_batches_backwards(model, batches, loss_func, lr):
    "The order of the batches does not matter, and a list gives up its last one most easily."
    return _epoch(model, [*batches][::-1], loss_func, lr)


@misconception(caught_by="test_a_parameter_without_part_stays")
def needs_every_gradient(model, batches, loss_func, lr):
    "After backward each parameter has a gradient."
    seen = []
    with _train_mode(model):
        for inputs, targets in batches:
            model.zero_grad()
            loss = loss_func(model(inputs), targets)
            loss.backward()
            for param in model.parameters():
                param.data -= lr * param.grad
            seen.append((loss.item(), len(inputs)))
    return _mean(seen)


@misconception(caught_by="test_a_parameter_behind_one_without_part_moves")
def stops_at_the_first_without_gradient(model, batches, loss_func, lr):
    "Without a gradient there is nothing to do any more."
    seen = []
    with _train_mode(model):
        for inputs, targets in batches:
            model.zero_grad()
            loss = loss_func(model(inputs), targets)
            loss.backward()
            for param in model.parameters():
                if param.grad is None:
                    break
                param.data -= lr * param.grad
            seen.append((loss.item(), len(inputs)))
    return _mean(seen)


@misconception(caught_by="test_takes_the_steps_of_torch_at_a_half_to_the_last_bit")
def decays_the_weights(model, batches, loss_func, lr):
    "A little weight decay belongs to every step."
    seen = []
    with _train_mode(model):
        for inputs, targets in batches:
            model.zero_grad()
            loss = loss_func(model(inputs), targets)
            loss.backward()
            for param in _trained(model):
                if param.grad is not None:
                    param.data.mul_(1 - 0.01 * lr).sub_(param.grad, alpha=lr)
            seen.append((loss.item(), len(inputs)))
    return _mean(seen)


@misconception(caught_by="test_a_frozen_parameter_stays")
def thaws_all_parameters(model, batches, loss_func, lr):
    "To train a model is to train all of it."
    return _epoch(model.requires_grad_(), batches, loss_func, lr)


@misconception(caught_by="test_the_layers_are_in_train_mode_too")
def switches_the_outermost_module(model, batches, loss_func, lr):
    "The mode is one switch, model.training."
    was, model.training = model.training, True
    result = stays_in_the_mode(model, batches, loss_func, lr)
    model.training = was
    return result


@misconception(caught_by="test_the_models_own_parameters_move")
def trains_a_copy(model, batches, loss_func, lr):
    "Training must not spoil the model that came in."
    return _epoch(deepcopy(model), batches, loss_func, lr)


def _epoch(model, batches, loss_func, lr):
    return _mean(_seen(model, batches, loss_func, lr))


def _seen(model, batches, loss_func, lr):
    """Train, and return loss and size of each batch."""
    seen = []
    with _train_mode(model):
        for batch in batches:
            model.zero_grad()
            seen.append(_backward_and_step(model, batch, loss_func, lr))
    return seen


def _backward_and_step(model, batch, loss_func, lr):
    inputs, targets = batch
    loss = loss_func(model(inputs), targets)
    loss.backward()
    _step(model, lr)
    return loss.item(), len(inputs)


def _step(model, lr):
    for param in _trained(model):
        if param.grad is not None:
            param.data.sub_(param.grad, alpha=lr)


def _trained(model):
    return [param for param in model.parameters() if param.requires_grad]


def _mean(seen):
    return sum(loss * size for loss, size in seen) / sum(size for _, size in seen)


@contextmanager
def _train_mode(model):
    was = model.training
    model.train()
    yield
    model.train(was)
