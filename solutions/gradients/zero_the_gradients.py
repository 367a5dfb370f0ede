"""Why must gradients be zeroed?

backward() adds to .grad. A step may use its own batch's gradients only.
"""

from collections.abc import Iterable

import torch
from torch import Tensor

from dojo import alternative, misconception

__all__ = ["step"]


def step(params: Iterable[Tensor], lr: float) -> None:
    """Move every parameter one step of SGD: by lr times its gradient, downhill.

    params is any iterable of leaf tensors that require grad, model.parameters() too, which can be
    walked once only. Each parameter, of any shape and laid out in memory in any way, is moved in
    place: the tensor and its memory stay the same, and it still requires grad. Afterwards .grad is
    ready for the next batch's backward(): None, or zeros. A parameter whose .grad is None took no
    part in the loss, and stays as it is.
    """
    with torch.no_grad():
        for param in params:
            if param.grad is not None:
                param -= lr * param.grad
                param.grad = None


HINTS = (
    "Call backward() twice in a row and print .grad after each.",
    "What must .grad hold when the next batch's backward() starts? And when is a gradient still "
    "needed?",
    "For each param with a grad, under torch.no_grad(): param -= lr * param.grad, and then "
    "param.grad = None.",
)
ANSWER = """
backward() adds to the .grad of the leaf tensors; it never replaces what is there. (It is not that
"each function" has to be zeroed, as one reads: .grad belongs to the leaves.) So without zeroing the
second step uses the sum of two gradients, the third that of three: something like momentum that
never fades, and a run that first learns and then leaps about.

Adding is meant: a weight that is used twice in a model gets the sum of both gradients, and several
small batches can stand in for a large one. Hence someone has to say when a new sum begins. After
the update is the place, or right before backward(); between backward() and the update it takes away
what was just computed. None is better than zeros: it saves memory, and an optimiser can tell that a
parameter took no part.
"""


@alternative
def fills_with_zeros(params, lr):
    with torch.no_grad():
        for param in params:
            if param.grad is None:
                continue
            param.add_(param.grad, alpha=-lr)
            param.grad.zero_()


@alternative
def lists_them_first(params, lr):
    params = [param for param in params if param.grad is not None]
    for param in params:
        param.data -= param.grad * lr
    for param in params:
        param.grad = torch.zeros_like(param)


@alternative
def copies_the_new_values(params, lr):
    for param in params:
        if (gradient := param.grad) is not None:
            with torch.no_grad():
                param.copy_(param - lr * gradient)
            param.grad = None


def _moved(params, lr):
    """Each parameter, after it has moved; its gradient is still there."""
    for param in params:
        if param.grad is not None:
            with torch.no_grad():
                param -= lr * param.grad
            yield param


@misconception(caught_by="test_the_second_step_ignores_the_first")
def never_zeroes(params, lr):
    "backward() replaces the old gradient."
    for _ in _moved(params, lr):
        pass


@misconception(caught_by="test_a_parameter_with_a_gradient_moves")
def zeroes_before_the_update(params, lr):
    "A step begins with clean gradients."
    params = list(params)
    for param in params:
        if param.grad is not None:
            param.grad.zero_()
    for param in _moved(params, lr):
        param.grad = None


@misconception(caught_by="test_a_generator_of_parameters_is_walked_once")
def walks_the_parameters_twice(params, lr):
    "First all are moved, then all are zeroed."
    for _ in _moved(params, lr):
        pass
    for param in params:
        param.grad = None


@misconception(caught_by="test_a_step_at_rate_zero_makes_ready_too")
def does_nothing_at_rate_zero(params, lr):
    "Where nothing moves there is nothing to do."
    if lr:
        for param in _moved(params, lr):
            param.grad = None


@misconception(caught_by="test_every_parameter_is_made_ready")
def clears_the_last_only(params, lr):
    "Zeroing comes once, after the loop."
    moved = list(_moved(params, lr))
    if moved:
        moved[-1].grad = None


@misconception(caught_by="test_what_follows_an_unused_parameter_moves")
def stops_at_none(params, lr):
    "Where there is no gradient there is nothing left to do."
    for param in params:
        if param.grad is None:
            return
        for moved in _moved([param], lr):
            moved.grad = None


@misconception(caught_by="test_an_unused_parameter_stays_as_it_is")
def expects_a_gradient(params, lr):
    "After backward() every parameter has a gradient."
    with torch.no_grad():
        for param in params:
            param -= lr * param.grad
            param.grad = None


@misconception(caught_by="test_on_the_flat_nothing_moves")
def zeroes_the_parameter(params, lr):
    "zero_() is called on what is to be cleared."
    for param in _moved(params, lr):
        with torch.no_grad():
            param.zero_()
        param.grad = None


@misconception(caught_by="test_the_step_is_the_other_way_than_the_slope")
def goes_uphill(params, lr):
    "A step follows the gradient."
    for param in _moved(params, -lr):
        param.grad = None


@misconception(caught_by="test_the_learning_rate_counts")
def forgets_the_rate(params, lr):
    "The gradient is the step."
    for param in _moved(params, 1.0):
        param.grad = None


@misconception(caught_by="test_the_parameter_is_moved_in_place")
def makes_new_tensors(params, lr):
    "param = param - lr * grad moves the parameter."
    for param in params:
        if param.grad is not None:
            param.data = (param - lr * param.grad).detach()
            param.grad = None


@misconception(caught_by="test_a_parameter_with_a_gradient_moves")
def rebinds_a_name(params, lr):
    "Assigning to param changes the parameter."
    for param in params:
        if param.grad is not None:
            param = param - lr * param.grad
            param.grad = None


@misconception(caught_by="test_memory_in_another_order_is_moved")
def moves_a_flat_copy(params, lr):
    "reshape(-1) shows the parameter as a row."
    for param in params:
        if param.grad is not None:
            row = param.detach().reshape(-1)
            row -= lr * param.grad.reshape(-1)
            param.grad = None


@misconception(caught_by="test_it_still_requires_grad")
def switches_gradients_off(params, lr):
    "A parameter that is written to must not require grad."
    for param in params:
        if param.grad is not None:
            gradient = param.grad
            param.requires_grad_(False)
            param -= lr * gradient
            param.grad = None


@misconception(caught_by="test_every_parameter_is_made_ready")
def halves_what_is_there(params, lr):
    "Old gradients fade when they are made smaller."
    for param in _moved(params, lr):
        param.grad *= 0.5
