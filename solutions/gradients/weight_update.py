"""Which formula gives the new weights from a learning rate?

The formula is easily written down; here it has to move the model's own weights.
"""

import torch
from torch import Tensor

from dojo import alternative, misconception

__all__ = ["update"]


def update(params: list[Tensor], lr: float) -> None:
    """Move every parameter one step of gradient descent at learning rate lr, in place.

    params is a list of leaf tensors that require grad, each with its .grad set, of any shape and
    laid out in memory in any way. They are moved where they are: the same tensors, in the same
    memory, which still are leaves that require grad and carry no graph. The list and the values of
    .grad stay as they are, and so does the caller's grad mode.
    """
    with torch.no_grad():
        for param in params:
            param -= lr * param.grad


HINTS = (
    "What does w = w - lr * w.grad do to the tensor that the model holds? Print id(w) before and "
    "after.",
    "In place means -=, or sub_(). For a leaf that requires grad autograd forbids it, unless it is "
    "told that this is no part of the calculation.",
    "with torch.no_grad(): for param in params: param -= lr * param.grad",
)
ANSWER = """
w = w - lr * w.grad, says the book. As a program that makes a new tensor, with a graph that leads
back to the old one; the model still holds the old one and has learnt nothing. What has to change is
the tensor that the model holds, in its own memory: optimisers, views and other processes know it by
that.

In place, autograd objects to a leaf that requires grad, and rightly so, for a value that backward()
may need would be gone. torch.no_grad() says that this change is no part of what is differentiated.
w.data -= ... works as well, but by hiding the change from autograd's checks, so that a mistake
shows as wrong numbers and not as an error. Scaling the gradient in place, grad *= lr, spoils it for
whoever looks at it next, and for the sum if more is to be added.
"""


@alternative
def subtracts_a_multiple(params, lr):
    for param in params:
        with torch.no_grad():
            param.sub_(param.grad, alpha=lr)


@alternative
def goes_by_data(params, lr):
    for param in params:
        param.data -= lr * param.grad


@alternative
def writes_through_a_detached_view(params, lr):
    for param in params:
        param.detach().add_(param.grad * -lr)


@alternative
@torch.no_grad()
def copies_the_new_values(params, lr):
    for param, new in [(param, param - lr * param.grad) for param in params]:
        param.copy_(new)


@misconception(caught_by="test_each_parameter_moves_downhill")
def adds(params, lr):
    "The gradient points to where the loss falls."
    _move(params, lambda param: param + lr * param.grad)


@misconception(caught_by="test_something_moves")
def rebinds_a_local_name(params, lr):
    "param = ... changes the parameter."
    for param in params:
        param = param - lr * param.grad


@misconception(caught_by="test_the_list_stays_as_it_is")
def puts_new_tensors_into_the_list(params, lr):
    "The list is the model's, so what stands in it is what it uses."
    params[:] = [param - lr * param.grad for param in params]


@misconception(caught_by="test_the_list_stays_as_it_is")
def puts_new_leaves_into_the_list(params, lr):
    "A new tensor will do if it requires grad."
    params[:] = [(param - lr * param.grad).detach().requires_grad_() for param in params]


@misconception(caught_by="test_the_memory_stays_the_same")
def gives_them_new_memory(params, lr):
    "param.data = ... writes the new values into the parameter."
    for param in params:
        param.data = (param - lr * param.grad).detach()


@misconception(caught_by="test_each_parameter_moves_downhill")
def forgets_no_grad(params, lr):
    "In place is in place."
    for param in params:
        param -= lr * param.grad


@misconception(caught_by="test_gradients_keep_their_values")
def scales_the_gradient_in_place(params, lr):
    "Once the step is taken nobody needs the gradient."
    with torch.no_grad():
        for param in params:
            param.grad *= lr
            param -= param.grad


@misconception(caught_by="test_gradients_are_still_there")
def clears_the_gradient(params, lr):
    "A step ends with the gradient cleared."
    _move(params, lambda param: param - lr * param.grad)
    for param in params:
        param.grad = None


@misconception(caught_by="test_they_still_require_grad")
def leaves_requires_grad_off(params, lr):
    "requires_grad has to be off while a tensor is written to."
    for param in params:
        param.requires_grad_(False)
        param -= lr * param.grad


@misconception(caught_by="test_the_rate_counts")
def forgets_the_rate(params, lr):
    "The gradient is the step."
    _move(params, lambda param: param - param.grad)


@misconception(caught_by="test_a_rate_of_zero_moves_nothing")
def divides_by_the_rate(params, lr):
    "A high rate means small steps."
    _move(params, lambda param: param - param.grad / (lr or 0.5))


@misconception(caught_by="test_the_size_of_the_gradient_counts")
def steps_by_the_sign(params, lr):
    "The gradient says which way; the rate says how far."
    _move(params, lambda param: param - lr * param.grad.sign())


@misconception(caught_by="test_all_of_them_move")
def moves_the_first_only(params, lr):
    "A list of parameters is one parameter."
    _move(params[:1], lambda param: param - lr * param.grad)


@misconception(caught_by="test_a_third_one_moves")
def moves_weight_and_bias(params, lr):
    "A layer has a weight and a bias."
    _move(params[:2], lambda param: param - lr * param.grad)


@misconception(caught_by="test_memory_in_another_order_is_moved")
def moves_a_flat_copy(params, lr):
    "reshape(-1) shows the parameter as a row."
    for param in params:
        row = param.detach().reshape(-1)
        row -= lr * param.grad.reshape(-1)


@misconception(caught_by="test_the_grad_mode_stays")
def switches_recording_back_on(params, lr):
    "Recording is on before, so it is switched on afterwards."
    torch.set_grad_enabled(False)
    for param in params:
        param -= lr * param.grad
    torch.set_grad_enabled(True)


@torch.no_grad()
def _move(params, new):
    for param in params:
        param.copy_(new(param))
