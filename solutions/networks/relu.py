"""Which function is ReLU, and what does it look like between -2 and 2?

One line of code, and half a dozen ways to get its edges wrong.
"""

import torch
from jaxtyping import Real
from matplotlib.axes import Axes
from torch import Tensor

from dojo import alternative, misconception

__all__ = ["plot_relu", "relu"]


def relu(x: Real[Tensor, "*shape"]) -> Real[Tensor, "*shape"]:
    """Return x where it is above 0, and 0 elsewhere.

    Minus infinity becomes 0, infinity and NaN stay what they are. The slope that backward()
    multiplies by is 1 for numbers above 0 and 0 for numbers below; at 0, where there is a corner
    and a slope has to be chosen, it is 0, as in torch.

    The result has the shape, dtype and device of x; integers are integers afterwards, exactly. x
    may be empty and is left as it is.
    """
    return torch.where(x <= 0, 0, x)


def plot_relu(ax: Axes) -> None:
    """Draw ReLU onto the axes ax: one line from -2 to 2, its points in order from left to right.

    Nowhere between -2 and 2 may the line, which is straight between its points, be more than 0.05
    from the true one; the limits of the axes hide nothing of it. Both axes have a label. Guides
    of two points may be drawn too.
    """
    x = torch.tensor([-2.0, 0.0, 2.0])
    ax.plot(x, relu(x))
    ax.set(xlabel="x", ylabel="relu(x)")
    ax.grid()


HINTS = (
    "Try your function on -inf, inf and NaN, and ask for the gradient at 0. Which of the four is "
    "not what is asked for?",
    "0 times infinity is NaN, and NaN > 0 is False. Ask which numbers become 0, rather than which "
    "stay.",
    "torch.where(x <= 0, 0, x) has all the edges right, and so has torch.relu. The line needs "
    "points at both ends and one close to the corner.",
)
ANSWER = """
max(0, x): negative numbers become 0, others stay. It is two straight pieces and a corner, so three
points draw it. It costs one comparison, and its slope of 1 does not shrink what passes through many
layers, as a sigmoid's does; a unit that is below 0 for every example, though, gets no gradient any
more and is dead.

At the corner no slope is the right one, and the usual hand-written forms disagree: torch.relu has
0, x.clamp(min=0) has 1, torch.maximum with 0 has 1/2. Any of them is a valid choice. It is felt
where inputs are exactly 0, as after weights of zero: with 0 such a layer never starts to learn.

The other edges decide whether trouble shows. x * (x > 0) turns minus infinity into NaN, and
torch.where(x > 0, x, 0) turns NaN into an innocent 0, so that a loss that has gone wrong looks
healthy again.
"""


@alternative(replaces="relu")
def asks_torch(x):
    return x.relu()


@alternative(replaces="relu")
def fills_what_is_not_above_zero(x):
    return x.masked_fill(x <= 0, 0)


@alternative(replaces="relu")
def uses_a_threshold(x):
    return torch.nn.functional.threshold(x, 0, 0)


@alternative(replaces="relu")
def writes_into_a_copy(x):
    result = x.clone()
    result[result <= 0] = 0
    return result


@alternative(replaces="relu")
def writes_its_own_backward(x):
    class Relu(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x.clamp(min=0)

        @staticmethod
        def backward(ctx, grad):
            [x] = ctx.saved_tensors
            return grad * (x > 0)

    return Relu.apply(x)


@alternative(replaces="plot_relu")
def draws_many_points(ax):
    x = torch.linspace(-2, 2, 100)
    ax.plot(x, x.relu(), "g.-", label="ReLU")
    ax.set_xlabel("before")
    ax.set_ylabel("after")
    ax.legend()


@alternative(replaces="plot_relu")
def draws_numpy_points(ax):
    import numpy as np

    x = np.arange(-20, 21) / 10
    ax.axhline(0, color="gray")
    ax.axvline(0, color="gray")
    ax.plot(x, np.maximum(x, 0))
    ax.set(xlabel="x", ylabel="y", xlim=(-2, 2), ylim=(0, 2), title="ReLU", aspect="equal")


@alternative(replaces="plot_relu")
def draws_python_numbers(ax):
    ax.plot([0, 2], [0, 2], ":")
    ax.plot([-2, -1, 0, 1, 2], [0, 0, 0, 1, 2])
    ax.set(xlabel="x", ylabel="max(0, x)", ylim=(-2, 2))


@misconception(caught_by="test_the_input_stays_as_it_is", replaces="relu")
def works_in_place(x):
    "Only the result is needed, so x may hold it."
    return x.relu_()


@misconception(caught_by="test_nan_stays_nan", replaces="relu")
def keeps_what_is_above_zero(x):
    "What is not above 0 is below it, or 0."
    return torch.where(x > 0, x, 0)


@misconception(caught_by="test_minus_infinity_becomes_zero", replaces="relu")
def multiplies_by_a_mask(x):
    "Anything times 0 is 0."
    return x * (x > 0)


@misconception(caught_by="test_minus_infinity_becomes_zero", replaces="relu")
def averages_x_and_its_size(x):
    "(x + |x|) / 2 needs no comparison and is the same."
    return (x + x.abs()) / 2


@misconception(caught_by="test_the_slope_at_zero_is_zero", replaces="relu")
def clamps(x):
    "clamp(min=0) is ReLU under another name."
    return x.clamp(min=0)


@misconception(caught_by="test_the_slope_at_zero_is_zero", replaces="relu")
def takes_the_larger(x):
    "ReLU is the maximum of x and 0, and autograd knows the rest."
    return torch.maximum(x, torch.zeros_like(x))


@misconception(caught_by="test_below_zero_there_is_no_slope", replaces="relu")
def leaks(x):
    "A small slope below 0 keeps units alive and is part of ReLU."
    return torch.where(x <= 0, x / 100, x)


@misconception(caught_by="test_negative_numbers_become_zero", replaces="relu")
def takes_the_size(x):
    "To rectify is to turn what is negative round."
    return x.abs()


@misconception(caught_by="test_positive_numbers_stay", replaces="relu")
def smooths_the_corner(x):
    "A unit has to be smooth for gradient descent, so the corner is rounded off."
    return torch.nn.functional.softplus(x) if x.is_floating_point() else x.relu()


@misconception(caught_by="test_positive_numbers_stay", replaces="relu")
def is_on_or_off(x):
    "ReLU switches a unit on or off."
    return (x > 0).to(x.dtype)


@misconception(caught_by="test_positive_numbers_stay", replaces="relu")
def stops_at_six(x):
    "An activation has a largest value, and for ReLU it is 6."
    return torch.where(x <= 0, 0, x).clamp(max=6)


@misconception(caught_by="test_negative_numbers_become_zero", replaces="relu")
def keeps_the_other_half(x):
    "ReLU cuts off what is above 0."
    return torch.where(x >= 0, 0, x)


@misconception(caught_by="test_integers_stay_integers", replaces="relu")
def returns_floats(x):
    "An activation is a float."
    return x.relu() if x.is_floating_point() else x.float().relu()


@misconception(caught_by="test_large_integers_are_exact", replaces="relu")
def computes_with_floats(x):
    "Integers survive a detour through floats."
    return x.relu() if x.is_floating_point() else x.float().relu().to(x.dtype)


@misconception(caught_by="test_the_dtype_is_that_of_x", replaces="relu")
def returns_float32(x):
    "Floats are float32."
    return x.float().relu() if x.is_floating_point() else x.relu()


@misconception(caught_by="test_every_digit_stays", replaces="relu")
def computes_in_float32(x):
    "float32 holds every number well enough."
    return x.float().relu().to(x.dtype) if x.is_floating_point() else x.relu()


@misconception(caught_by="test_any_shape_stays_as_it_is", replaces="relu")
def picks_the_positive_ones(x):
    "What is below 0 drops out."
    return torch.where(x <= 0, 0, x)[x != 0]


@misconception(caught_by="test_the_gradient_reaches_x", replaces="relu")
def works_beside_the_graph(x):
    "Only the values matter, so they are computed on detached numbers."
    return x.detach().relu()


@misconception(caught_by="test_a_negative_gradient_passes_too", replaces="relu")
def rectifies_the_gradient_too(x):
    "What is negative on the way back becomes 0 as well."

    class Relu(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x.relu()

        @staticmethod
        def backward(ctx, grad):
            [x] = ctx.saved_tensors
            return grad.relu() * (x > 0)

    return Relu.apply(x)


@misconception(caught_by="test_the_slope_multiplies_what_comes_back", replaces="relu")
def hands_back_the_slope_alone(x):
    "The gradient of ReLU is 1 or 0."

    class Relu(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x.relu()

        @staticmethod
        def backward(ctx, grad):
            [x] = ctx.saved_tensors
            return (x > 0).to(grad.dtype)

    return Relu.apply(x)


@misconception(caught_by="test_away_from_zero_the_line_is_right", replaces="plot_relu")
def draws_two_points(ax):
    "A line needs two points."
    _draw(ax, [-2, 2])


@misconception(caught_by="test_the_line_has_a_corner_at_zero", replaces="plot_relu")
def misses_the_corner(ax):
    "Four points, evenly spread, are enough for two straight pieces."
    _draw(ax, torch.linspace(-2, 2, 4).tolist())


@misconception(caught_by="test_the_line_ends_at_2", replaces="plot_relu")
def leaves_the_end_out(ax):
    "arange(-2, 2, 0.1) goes from -2 to 2."
    _draw(ax, torch.arange(-2, 2, 0.1).tolist())


@misconception(caught_by="test_the_line_starts_at_minus_2", replaces="plot_relu")
def leaves_the_flat_half_out(ax):
    "Where nothing comes out there is nothing to draw."
    _draw(ax, [0, 1, 2])


@misconception(
    caught_by=("test_the_line_starts_at_minus_2", "test_the_line_ends_at_2"), replaces="plot_relu"
)
def goes_on(ax):
    "More of the curve is better than less."
    _draw(ax, torch.linspace(-5, 5, 101).tolist())


@misconception(caught_by="test_points_go_from_left_to_right", replaces="plot_relu")
def draws_points_as_they_come(ax):
    "A plot puts its points in order."
    _draw(ax, [0, -2, 2, 1, -1])


@misconception(caught_by="test_the_line_starts_at_minus_2", replaces="plot_relu")
def gives_plot_the_values_only(ax):
    "plot knows which x the values belong to."
    ax.plot(torch.linspace(-2, 2, 41).relu())
    ax.set(xlabel="x", ylabel="relu(x)")


@misconception(caught_by="test_the_line_is_on_the_axes_handed_over", replaces="plot_relu")
def draws_by_pyplot(ax):
    "plt draws on the axes that are there."
    from matplotlib import pyplot

    _draw(pyplot.gca(), [-2, 0, 2])


@misconception(caught_by="test_the_axes_have_labels", replaces="plot_relu")
def leaves_the_axes_bare(ax):
    "Everybody knows ReLU when they see it."
    _draw(ax, [-2, 0, 2])
    ax.set(xlabel="", ylabel="")


@misconception(caught_by="test_the_limits_hide_nothing_at_the_top", replaces="plot_relu")
def shows_up_to_one(ax):
    "Activations lie between 0 and 1."
    _draw(ax, [-2, 0, 2])
    ax.set(ylim=(0, 1))


@misconception(caught_by="test_the_limits_hide_nothing_at_the_sides", replaces="plot_relu")
def zooms_in(ax):
    "What matters is the corner, so the picture shows no more."
    _draw(ax, [-2, 0, 2])
    ax.set(xlim=(-1, 1))


def _draw(ax, places):
    ax.plot(places, [max(0.0, place) for place in places])
    ax.set(xlabel="x", ylabel="relu(x)")
