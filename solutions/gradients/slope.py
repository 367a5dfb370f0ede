"""What is a gradient?

The slopes of a function, one for each input. Here they are measured, by nudging the inputs.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from dojo import alternative, misconception

__all__ = ["slope"]


def slope(
    f: Callable[[Tensor], Tensor], x: Float[Tensor, "*shape"], eps: float = 1e-5
) -> Float[Tensor, "*shape"]:
    """Return the slope of f along each element of x, by central differences.

    For each element: f where that element is eps larger, minus f where it is eps smaller, over the
    distance of the two. All of it is calculated in float64, whatever the dtype of x: f is handed
    float64 tensors of x's shape, and gives a tensor of rank 0.

    x may be of any shape, laid out in memory in any way, and may require grad. It is left as it is,
    also while f runs. The result has x's shape and dtype and no graph behind it.
    """
    point = x.detach().to(torch.float64)
    slopes = []
    for place in range(x.numel()):
        nudge = torch.zeros(x.numel(), dtype=torch.float64)
        nudge[place] = eps
        nudge = nudge.view(x.shape)
        slopes.append((f(point + nudge) - f(point - nudge)).item() / (2 * eps))
    return torch.tensor(slopes, dtype=x.dtype).view(x.shape)


HINTS = (
    "How much does f change when one element of x moves a little, and how far did it move?",
    "Make a float64 copy of x with one element eps larger, and one with it eps smaller. How far "
    "apart are the two? Do so for each element, and mind the shape of the result.",
    "For each element: nudge = zeros in x's shape with eps at that place; "
    "(f(x64 + nudge) - f(x64 - nudge)) / (2 * eps). Then back to x's shape and dtype.",
)
ANSWER = """
"The slope at a point" is right for one input. With many there is one slope for each, and the
gradient is all of them, in the shape of the input: it says for each weight how fast the loss rises
when that weight alone is moved.

A central difference is off by a multiple of eps squared, a one-sided one by a multiple of eps, so
halving eps makes the one four times as good and the other twice. That cannot go on: the difference
of two close numbers keeps only the digits in which they differ. Near 1000 float32 has steps of
6e-5, and an eps of 1e-4 is lost in them; float64 is why gradcheck asks for double precision. It
takes two calls of f for each element, where autograd takes one backward for all: slopes by nudging
are for checking gradients, not for training.
"""


@alternative
def nudges_a_copy_and_puts_it_back(f, x, eps=1e-5):
    flat = x.detach().double().flatten().clone()
    result = torch.empty_like(flat)
    with torch.no_grad():
        for place, value in enumerate(flat.tolist()):
            flat[place] = value + eps
            above = f(flat.view(x.shape).clone())
            flat[place] = value - eps
            below = f(flat.view(x.shape).clone())
            flat[place] = value
            result[place] = (above - below) / (2 * eps)
    return result.view(x.shape).to(x.dtype)


@alternative
def nudges_by_the_rows_of_a_unit_matrix(f, x, eps=1e-5):
    point = x.detach().double()
    rows = torch.eye(x.numel(), dtype=torch.float64).view(-1, *x.shape) * eps
    slopes = [(f(point + row) - f(point - row)).detach() / (2 * eps) for row in rows]
    return torch.stack(slopes).view(x.shape).to(x.dtype)


@alternative
def averages_both_sides(f, x, eps=1e-5):
    import numpy as np

    point = x.detach().double()
    here = f(point.clone()).item()
    result = np.zeros(tuple(x.shape))
    for index in np.ndindex(*x.shape):
        nudge = torch.zeros(x.shape, dtype=torch.float64)
        nudge[index] = eps
        above, below = f(point + nudge).item(), f(point - nudge).item()
        result[index] = ((above - here) / eps + (here - below) / eps) / 2
    return torch.from_numpy(result).to(x.dtype)


@misconception(
    caught_by=("test_the_error_falls_with_the_square_of_eps", "test_a_kink_has_the_slope_between")
)
def looks_ahead_only(f, x, eps=1e-5):
    "A slope is rise over run, from here to a little further on."
    return _slopes(x, eps, lambda point, nudge: (f(point + nudge) - f(point)) / eps)


@misconception(caught_by="test_a_kink_has_the_slope_between")
def looks_back_only(f, x, eps=1e-5):
    "A slope is the rise that led here, over its run."
    return _slopes(x, eps, lambda point, nudge: (f(point) - f(point - nudge)) / eps)


@misconception(caught_by="test_a_straight_line_rises_by_its_factor")
def divides_by_eps(f, x, eps=1e-5):
    "Each side is eps away, so the run is eps."
    return _slopes(x, eps, lambda point, nudge: (f(point + nudge) - f(point - nudge)) / eps)


@misconception(caught_by="test_the_slope_rises_where_f_rises")
def takes_before_from_after(f, x, eps=1e-5):
    "It does not matter which of the two is taken from which."
    return _slopes(x, eps, lambda point, nudge: (f(point - nudge) - f(point + nudge)) / (2 * eps))


@misconception(caught_by="test_float32_is_measured_in_float64")
def stays_in_float32(f, x, eps=1e-5):
    "A slope in the dtype of x is calculated in that dtype."
    return _central(f, x, eps, dtype=x.dtype)


@misconception(caught_by="test_each_element_has_a_slope_of_its_own")
def nudges_all_at_once(f, x, eps=1e-5):
    "One nudge of x gives the slope of f at x."
    point = x.detach().double()
    rise = ((f(point + eps) - f(point - eps)) / (2 * eps)).item()
    return torch.full(x.shape, rise, dtype=x.dtype)


@misconception(caught_by="test_the_result_has_the_shape_of_x")
def returns_one_number(f, x, eps=1e-5):
    "A function has one slope at a point."
    point = x.detach().double()
    return ((f(point + eps) - f(point - eps)) / (2 * eps)).detach().to(x.dtype)


@misconception(caught_by="test_each_element_has_a_slope_of_its_own")
def measures_the_first_element(f, x, eps=1e-5):
    "What holds for the first element holds for all."
    return torch.full_like(_central(f, x, eps), _central(f, x, eps).flatten()[0].item())


@misconception(caught_by="test_the_result_has_the_shape_of_x")
def returns_a_row(f, x, eps=1e-5):
    "A gradient is a vector, whatever x is."
    return _central(f, x, eps).flatten()


@misconception(caught_by="test_memory_in_another_order")
def fills_in_the_order_of_memory(f, x, eps=1e-5):
    "The elements of x stand in memory in the order of their indices."
    slopes = _central(f, x, eps)
    return slopes if x.is_contiguous() else slopes.reshape(x.shape[::-1]).T


@misconception(caught_by="test_x_stays_as_it_is_while_f_runs")
def nudges_x_itself(f, x, eps=1e-5):
    "x may be moved, as long as it is moved back."
    inside = x.detach()
    flat, slopes = inside.view(-1) if inside.is_contiguous() else inside.reshape(-1), []
    for place, value in enumerate(flat.tolist()):
        flat[place] = value + eps
        above = f(flat.double().view(x.shape)).item()
        flat[place] = value - eps
        below = f(flat.double().view(x.shape)).item()
        flat[place] = value
        slopes.append((above - below) / (2 * eps))
    return torch.tensor(slopes, dtype=x.dtype).view(x.shape)


@misconception(caught_by="test_the_nudge_is_as_large_as_asked")
def asks_autograd(f, x, eps=1e-5):
    "Autograd gives the slope that central differences give, and exactly."
    inside = x.detach().double().requires_grad_()
    with torch.enable_grad():
        [result] = torch.autograd.grad(f(inside), inside, materialize_grads=True)
    return result.to(x.dtype)


@misconception(caught_by="test_the_nudge_is_as_large_as_asked")
def picks_its_own_eps(f, x, eps=1e-5):
    "The smaller the nudge the better the slope."
    return _central(f, x, eps=1e-6)


@misconception(caught_by="test_the_dtype_of_x_comes_back")
def returns_float64(f, x, eps=1e-5):
    "What was calculated in float64 is handed over in float64."
    return _central(f, x.double(), eps)


@misconception(caught_by="test_the_result_has_no_graph")
def keeps_the_graph(f, x, eps=1e-5):
    "Whatever comes out of f can be handed on as it is."
    point = x.double()
    rows = torch.eye(x.numel(), dtype=torch.float64).view(-1, *x.shape) * eps
    slopes = [(f(point + row) - f(point - row)) / (2 * eps) for row in rows]
    return torch.stack(slopes).view(x.shape).to(x.dtype)


def _central(f, x, eps, dtype=torch.float64):
    return _slopes(x, eps, lambda at, nudge: (f(at + nudge) - f(at - nudge)) / (2 * eps), dtype)


def _slopes(x, eps, measure, dtype=torch.float64):
    point = x.detach().to(dtype)
    nudges = eps * torch.eye(x.numel(), dtype=dtype)
    slopes = [measure(point, nudge.view(x.shape)).item() for nudge in nudges]
    return torch.tensor(slopes, dtype=x.dtype).view(x.shape)
