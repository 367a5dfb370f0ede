"""A new model for a new problem: what do you check first?

A model that can't learn one batch by heart will not learn a data set.
"""

from collections.abc import Callable
from contextlib import contextmanager
from copy import deepcopy

import torch
from jaxtyping import Float
from torch import Tensor, nn

from dojo import alternative, misconception

__all__ = ["can_overfit"]


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
    inputs, targets = batch
    copy = deepcopy(model).train()
    optimiser = torch.optim.Adam(copy.parameters(), lr=lr)
    with _random_state_kept(inputs.device):
        for _ in range(steps):
            optimiser.zero_grad()
            loss_func(copy(inputs), targets).backward()
            optimiser.step()
        copy.eval()
        with torch.no_grad():
            return loss_func(copy(inputs), targets).item() < below


@contextmanager
def _random_state_kept(device):
    module = None if device.type == "cpu" else torch.get_device_module(device)
    where = () if device.type in ("cpu", "mps") else (device,)  # there is one mps: it takes none
    state = module and module.get_rng_state(*where)
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        if module:
            module.set_rng_state(state, *where)


HINTS = (
    "What must the training not touch, and what would dropout do to a loss that you judge by?",
    "Train copy.deepcopy(model).train(), judge it in eval mode. A comparison with NaN is False, so "
    "ask for what you want to be true. torch.random.fork_rng restores the random state; "
    "torch.cuda, the module of a GPU, has get_rng_state and set_rng_state.",
    "copy = deepcopy(model).train(); Adam(copy.parameters(), lr=lr); steps times zero_grad, loss, "
    "backward, step; copy.eval(); return loss_func(copy(inputs), targets).item() < below. All that "
    "in fork_rng(devices=[]), and with the GPU's state put back in a finally.",
)
ANSWER = """
First see whether it can overfit a single batch. That takes seconds, and most plain faults stop it:
a dead relu, weights that are all zero, a softmax too many, a layer that throws the input away,
targets that have slipped away from their inputs. While it fails, no data, schedule or
regularisation is worth a try.

The loss must come down to nearly nothing; that it falls proves little, since the bias of the last
layer alone learns how frequent each class is. And passing proves little, too: it shows that nothing
is broken, not that everything learns. A frozen head, a detached wide layer or a linear model fit 32
digits of 64 pixels to losses of 0.05 to 0.33 in 200 steps, and go on falling. Train in train mode,
or dropout and batch norm are never tried; judge in eval mode, or dropout alone keeps the loss up.
"""


@alternative
def trains_in_place_and_restores(model, batch, loss_func, steps=200, lr=0.01, below=0.05):
    tensors = [*model.parameters(), *model.buffers()]
    values = [tensor.detach().clone() for tensor in tensors]
    grads = [(param, param.grad) for param in model.parameters()]
    modes = [(module, module.training) for module in model.modules()]
    with _random_state_kept(batch[0].device):
        try:
            model.zero_grad(set_to_none=True)
            loss = _trained_loss(model, batch, loss_func, steps, lr)
        finally:
            with torch.no_grad():
                for tensor, value in zip(tensors, values, strict=True):
                    tensor.copy_(value)
            for param, grad in grads:
                param.grad = grad
            for module, mode in modes:
                module.training = mode
    return loss < below


@alternative
def takes_the_steps_of_adam_itself(model, batch, loss_func, steps=200, lr=0.01, below=0.05):
    x, y = batch
    with _random_state_kept(x.device):
        model = deepcopy(model).train()
        params = [param for param in model.parameters() if param.requires_grad]
        state = [(torch.zeros_like(p), torch.zeros_like(p)) for p in params]
        for step in range(1, steps + 1):
            loss = loss_func(model(x), y)
            grads = torch.autograd.grad(loss, params, allow_unused=True)
            with torch.no_grad():
                for param, grad, (mean, square) in zip(params, grads, state, strict=True):
                    if grad is None:
                        continue
                    mean.mul_(0.9).add_(0.1 * grad)
                    square.mul_(0.999).add_(0.001 * grad**2)
                    root = (square / (1 - 0.999**step)).sqrt() + 1e-8
                    param -= lr * mean / (1 - 0.9**step) / root
        return bool(loss_func(model.eval()(x), y) < below)


@alternative
def hands_the_parameters_over(model, batch, loss_func, steps=200, lr=0.01, below=0.05):
    from torch.func import functional_call

    modes = {module: module.training for module in model.modules()}
    params = {n: p.detach().clone().requires_grad_() for n, p in model.named_parameters()}
    values = params | {n: b.clone() for n, b in model.named_buffers()}
    optimiser = torch.optim.Adam(params.values(), lr)
    try:
        with _random_state_kept(batch[0].device):
            for step in range(steps + 1):
                model.train(step < steps)
                loss = loss_func(functional_call(model, values, batch[:1]), batch[1])
                if step < steps:
                    optimiser.zero_grad()
                    loss.backward()
                    optimiser.step()
    finally:
        for module, mode in modes.items():
            module.training = mode
    return loss.item() < below


def _train(model, batch, loss_func, steps, lr, optimiser=torch.optim.Adam):
    """Take the steps, in whatever mode the model is; give the losses on the way."""
    optimiser, losses = optimiser(model.parameters(), lr), []
    for _ in range(steps):
        optimiser.zero_grad()
        loss = loss_func(model(batch[0]), batch[1])
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses


def _loss(model, batch, loss_func):
    with torch.no_grad():
        return loss_func(model(batch[0]), batch[1]).item()


def _trained_loss(model, batch, loss_func, steps, lr, **options):
    """The loss in eval mode of this very model, trained in train mode."""
    _train(model.train(), batch, loss_func, steps, lr, **options)
    return _loss(model.eval(), batch, loss_func)


def _copys_loss(model, batch, loss_func, steps, lr, **options):
    with _random_state_kept(batch[0].device):
        return _trained_loss(deepcopy(model), batch, loss_func, steps, lr, **options)


@misconception(caught_by="test_the_weights_stay")
def trains_the_model_itself(model, batch, loss_func, steps=200, lr=0.01, below=0.05):
    "A few steps on one batch do a model no harm."
    modes = {module: module.training for module in model.modules()}
    grads = [param.grad for param in model.parameters()]
    copys = deepcopy([buffer.clone() for buffer in model.buffers()])
    with _random_state_kept(batch[0].device):
        loss = _trained_loss(model, batch, loss_func, steps, lr)
    for module, mode in modes.items():
        module.training = mode
    for param, grad in zip(model.parameters(), grads, strict=True):
        param.grad = grad
    for buffer, copy in zip(model.buffers(), copys, strict=True):
        buffer.copy_(copy)
    return loss < below


@misconception(caught_by="test_the_gradients_stay")
def leaves_its_gradients(model, batch, loss_func, steps=200, lr=0.01, below=0.05):
    "When the weights are put back, the model is what it was."
    loss_of_copy = _copys_loss(model, batch, loss_func, steps, lr)
    for param in model.parameters():
        param.grad = torch.zeros_like(param)
    return loss_of_copy < below


@misconception(caught_by="test_the_buffers_stay")
def shares_its_buffers(model, batch, loss_func, steps=200, lr=0.01, below=0.05):
    "What training changes in a model are its parameters."
    buffers = {id(buffer): buffer for buffer in model.buffers()}
    copy = deepcopy(model, buffers)
    with _random_state_kept(batch[0].device):
        return _trained_loss(copy, batch, loss_func, steps, lr) < below


@misconception(caught_by="test_the_modes_stay")
def leaves_it_in_eval_mode(model, batch, loss_func, steps=200, lr=0.01, below=0.05):
    "A model that has been judged is in eval mode, and whoever trains it sets its own."
    result = _copys_loss(model, batch, loss_func, steps, lr) < below
    model.eval()
    return result


@misconception(caught_by="test_random_numbers_go_on_as_before")
def draws_from_the_global_stream(model, batch, loss_func, steps=200, lr=0.01, below=0.05):
    "A copy of the model is all that a check needs to leave no trace."
    return _trained_loss(deepcopy(model), batch, loss_func, steps, lr) < below


@misconception(caught_by="test_a_dead_relu_does_not_fit")
def asks_whether_it_falls(model, batch, loss_func, steps=200, lr=0.01, below=0.05):
    "A model learns if its loss at the end is lower than at the start."
    first = _loss(deepcopy(model).eval(), batch, loss_func)
    last = _copys_loss(model, batch, loss_func, steps, lr)
    return last < first or last < below


@misconception(caught_by="test_one_input_with_two_targets_does_not_fit")
def asks_whether_it_has_settled(model, batch, loss_func, steps=200, lr=0.01, below=0.05):
    "A loss that no longer falls has got as low as it can, so the batch is learnt."
    with _random_state_kept(batch[0].device):
        copy = deepcopy(model).train()
        losses = _train(copy, batch, loss_func, steps, lr)
        last = _loss(copy.eval(), batch, loss_func)
    settled = len(losses) > 50 and abs(losses[-1] - losses[-20]) < 1e-3
    return last < below or (settled and last < losses[0])


@misconception(caught_by="test_a_loss_of_nan_does_not_fit")
def is_not_above(model, batch, loss_func, steps=200, lr=0.01, below=0.05):
    "Not above the bar is the same as below it."
    return not _copys_loss(model, batch, loss_func, steps, lr) >= below


@misconception(caught_by="test_dropout_is_off_for_the_verdict")
def judges_in_train_mode(model, batch, loss_func, steps=200, lr=0.01, below=0.05):
    "The loss that was trained is the loss that counts."
    with _random_state_kept(batch[0].device):
        copy = deepcopy(model).train()
        _train(copy, batch, loss_func, steps, lr)
        return _loss(copy, batch, loss_func) < below


@misconception(caught_by="test_the_verdict_comes_after_the_last_step")
def judges_by_the_last_training_loss(model, batch, loss_func, steps=200, lr=0.01, below=0.05):
    "The last loss of the training loop is the final one."
    with _random_state_kept(batch[0].device):
        losses = _train(deepcopy(model).train(), batch, loss_func, steps, lr)
    return losses[-1] < below


@misconception(caught_by="test_it_trains_in_train_mode")
def keeps_the_mode(model, batch, loss_func, steps=200, lr=0.01, below=0.05):
    "The model is trained in the mode in which it comes."
    with _random_state_kept(batch[0].device):
        copy = deepcopy(model)
        _train(copy, batch, loss_func, steps, lr)
        return _loss(copy.eval(), batch, loss_func) < below


@misconception(caught_by="test_a_dead_relu_does_not_fit")
def starts_afresh(model, batch, loss_func, steps=200, lr=0.01, below=0.05):
    "A check begins with new weights, so that it does not depend on those that are there."
    with _random_state_kept(batch[0].device):
        torch.manual_seed(0)
        copy = deepcopy(model).cpu()
        for layer in copy.modules():
            if isinstance(layer, nn.Linear):
                layer.reset_parameters()
        return _trained_loss(copy.to(batch[0].device), batch, loss_func, steps, lr) < below


@misconception(caught_by="test_right_answers_are_not_enough")
def counts_right_answers(model, batch, loss_func, steps=200, lr=0.01, below=0.05):
    "A batch is learnt when the model gives all its targets."
    with _random_state_kept(batch[0].device):
        copy = deepcopy(model)
        loss = _trained_loss(copy, batch, loss_func, steps, lr)
        outputs = copy(batch[0])
    if batch[1].is_floating_point() or outputs.shape[-1] == 1:
        return loss < below
    return bool((outputs.argmax(1) == batch[1]).all())


@misconception(caught_by="test_below_is_a_loss_not_a_share")
def compares_with_the_first_loss(model, batch, loss_func, steps=200, lr=0.01, below=0.05):
    "below is the share of the first loss that may be left."
    first = _loss(deepcopy(model).eval(), batch, loss_func)
    return _copys_loss(model, batch, loss_func, steps, lr) < below * first


@misconception(caught_by="test_below_is_below")
def at_most(model, batch, loss_func, steps=200, lr=0.01, below=0.05):
    "A loss that reaches the bar has passed it."
    return _copys_loss(model, batch, loss_func, steps, lr) <= below


@misconception(caught_by="test_below_is_what_the_caller_says")
def always_the_same_bar(model, batch, loss_func, steps=200, lr=0.01, below=0.05):
    "A loss under 0.05 is small for any problem."
    return _copys_loss(model, batch, loss_func, steps, lr) < 0.05


@misconception(caught_by="test_it_takes_as_many_steps_as_told")
def always_200_steps(model, batch, loss_func, steps=200, lr=0.01, below=0.05):
    "200 steps are enough for any batch."
    return _copys_loss(model, batch, loss_func, 200, lr) < below


@misconception(caught_by="test_it_takes_as_many_steps_as_told")
def stops_once_it_is_low(model, batch, loss_func, steps=200, lr=0.01, below=0.05):
    "Once the loss is low the batch has been learnt, and no further step is needed."
    with _random_state_kept(batch[0].device):
        copy = deepcopy(model).train()
        optimiser = torch.optim.Adam(copy.parameters(), lr=lr)
        for _ in range(steps):
            optimiser.zero_grad()
            loss = loss_func(copy(batch[0]), batch[1])
            if loss.item() < below:
                break
            loss.backward()
            optimiser.step()
        return _loss(copy.eval(), batch, loss_func) < below


@misconception(caught_by="test_lr_is_the_rate")
def always_the_same_rate(model, batch, loss_func, steps=200, lr=0.01, below=0.05):
    "0.01 is the right rate for a small check."
    return _copys_loss(model, batch, loss_func, steps, 0.01) < below


@misconception(caught_by="test_the_scale_of_the_loss_does_not_slow_it_down")
def takes_sgd(model, batch, loss_func, steps=200, lr=0.01, below=0.05):
    "For one batch any optimiser will do."
    return _copys_loss(model, batch, loss_func, steps, lr, optimiser=torch.optim.SGD) < below


@misconception(caught_by="test_it_trains_like_torchs_adam")
def adds_up_gradients(model, batch, loss_func, steps=200, lr=0.01, below=0.05):
    "With one batch there are no other gradients that would have to be cleared."
    with _random_state_kept(batch[0].device):
        copy = deepcopy(model).train()
        optimiser = torch.optim.Adam(copy.parameters(), lr=lr)
        for _ in range(steps):
            loss_func(copy(batch[0]), batch[1]).backward()
            optimiser.step()
        return _loss(copy.eval(), batch, loss_func) < below


@misconception(caught_by="test_the_answer_is_a_bool")
def returns_a_tensor(model, batch, loss_func, steps=200, lr=0.01, below=0.05):
    "A tensor with one True in it is as good as True."
    return torch.tensor(_copys_loss(model, batch, loss_func, steps, lr)) < below


@misconception(caught_by="test_the_answer_is_a_bool")
def returns_the_loss(model, batch, loss_func, steps=200, lr=0.01, below=0.05):
    "The loss says more than yes or no, and leaves the verdict to the caller."
    return _copys_loss(model, batch, loss_func, steps, lr)
