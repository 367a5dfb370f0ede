"""What does the sigmoid look like, and what is special about that shape?

sigmoid(x) = 1 / (1 + e^-x): easily written, and easily written so that training breaks.
"""

import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from torch import Tensor

from dojo import alternative, misconception

__all__ = ["plot_sigmoid", "sigmoid"]


def sigmoid(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Return 1 / (1 + e^-x) for each number of x.

    Value and gradient, the one that backward() finds, are right to within 0.00001 for every
    finite x of float32: at 0, and also at -1,000 and 1,000, where e^1000 is more than a float
    can hold. The result is a new tensor of the shape, dtype and device of x; in float64 it is
    right to within 1e-12. x may be empty and is left as it is.
    """
    return (1 + torch.tanh(x / 2)) / 2


def plot_sigmoid(ax: Axes) -> None:
    """Draw the sigmoid onto the axes ax: one line, its points in order from left to right.

    The line reaches at least from -4 to 4; up to there neighbouring points are no more than 0.2
    apart, and the limits of the axes hide nothing of it. Both axes have a label. Guides may be
    drawn too, as long as the sigmoid is the line with the most points.
    """
    x = torch.linspace(-6, 6, 61)
    ax.plot(x, sigmoid(x))
    ax.set(xlabel="x", ylabel="sigmoid(x)")
    ax.grid()


HINTS = (
    "Ask for the gradient of your function at -100. Is it a number?",
    "e^-x overflows for negative x. In the value 1 / infinity is 0, but backward() takes infinity "
    "times 0. torch.where does not help: it computes, and derives, both of its sides.",
    "tanh(x / 2) is a sigmoid from -1 to 1 that overflows nowhere: shift it up by 1 and halve it. "
    "For the plot x = torch.linspace(-6, 6, 61), then ax.plot and ax.set(xlabel=..., ylabel=...).",
)
ANSWER = """
Between 0 and 1, and one half at 0: that is the usual answer, and it holds for a straight line with
its ends cut off as well. What is special about the S is that it is smooth and rises everywhere, so
that every input has a gradient and gradient descent can tell which way to go.

The slope is s (1 - s): never above 1/4, and gone at both ends. That is why a stack of sigmoids
learns slowly: each one takes three quarters of the gradient or more. From about 17 on, float32
rounds the value to 1, and a slope computed from it is 0.

The formula taken at its word has right values at -100 and a gradient of NaN, infinity times 0, and
one NaN spoils every weight behind it. Branches with torch.where keep the NaN, since backward runs
through both; a formula in |x| has no slope at 0, just where networks start. torch.sigmoid does it
all; so do (1 + tanh(x / 2)) / 2 and exp(-softplus(-x)), the last of which also keeps the digits of
values near 0.
"""


@alternative(replaces="sigmoid")
def asks_torch(x):
    return x.sigmoid()


@alternative(replaces="sigmoid")
def goes_by_softplus(x):
    return torch.exp(-torch.nn.functional.softplus(-x))


@alternative(replaces="sigmoid")
def weighs_x_against_zero(x):
    return torch.stack((x, torch.zeros_like(x))).softmax(dim=0)[0]


@alternative(replaces="sigmoid")
def keeps_each_branch_on_its_own_side(x):
    left, right = x.clamp(max=0).exp(), (-x.clamp(min=0)).exp()
    return torch.where(x < 0, left / (1 + left), 1 / (1 + right))


@alternative(replaces="sigmoid")
def stops_where_nothing_happens_any_more(x):
    return 1 / (1 + (-x.clamp(-80, 80)).exp())


@alternative(replaces="sigmoid")
def writes_its_own_derivative(x):
    class Sigmoid(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            small = (-x.abs()).exp()
            value = torch.where(x < 0, small, torch.ones_like(x)) / (1 + small)
            ctx.save_for_backward(value)
            return value

        @staticmethod
        def backward(ctx, grad):
            [value] = ctx.saved_tensors
            return grad * value * (1 - value)

    return Sigmoid.apply(x)


@alternative(replaces="plot_sigmoid")
def draws_numpy_points(ax):
    import numpy as np

    x = np.arange(-40, 41) / 10
    ax.plot(x, 1 / (1 + np.exp(-x)), "r.-")
    ax.axhline(0.5, linewidth=0.5)
    ax.axvline(0, linewidth=0.5)
    ax.set_xlabel("input")
    ax.set_ylabel("output")
    ax.set_xlim(-4, 4)
    ax.set_ylim(0, 1)


@alternative(replaces="plot_sigmoid")
def draws_more_points_where_it_bends(ax):
    from math import exp

    x = [place**3 / 100_000 + place / 30 for place in range(-80, 81)]
    ax.axvspan(-2, 2, alpha=0.2)
    ax.plot(x, [1 / (1 + exp(-each)) for each in x])
    ax.set(xlabel="x", ylabel="s", ylim=(-0.2, 1.2), title="sigmoid")


@misconception(caught_by="test_the_gradient_far_to_the_left", replaces="sigmoid")
def takes_the_formula_at_its_word(x):
    "Where the value is right the gradient is right as well."
    return 1 / (1 + torch.exp(-x))


@misconception(
    caught_by=("test_the_gradient_far_to_the_left", "test_the_gradient_far_to_the_right"),
    replaces="sigmoid",
)
def chooses_between_two_formulas(x):
    "torch.where keeps the side that overflows out of the gradient."
    return torch.where(x < 0, x.exp() / (1 + x.exp()), 1 / (1 + (-x).exp()))


@misconception(
    caught_by=("test_values_far_to_the_right", "test_the_gradient_far_to_the_right"),
    replaces="sigmoid",
)
def divides_exponentials(x):
    "e^x / (1 + e^x) is the same, and has no minus to forget."
    return x.exp() / (1 + x.exp())


@misconception(caught_by="test_the_slope_at_zero_is_a_quarter", replaces="sigmoid")
def goes_by_the_size_of_x(x):
    "e^-|x| never overflows, and the sign can be put right afterwards."
    small = (-x.abs()).exp()
    return torch.where(x < 0, small / (1 + small), 1 / (1 + small))


@misconception(caught_by="test_at_zero_it_is_a_half", replaces="sigmoid")
def takes_tanh(x):
    "An S is an S."
    return x.tanh()


@misconception(
    caught_by=("test_odds_become_probabilities", "test_every_input_has_a_slope"),
    replaces="sigmoid",
)
def clamps_a_line(x):
    "Between 0 and 1 and a half at 0 with the right slope: a line with its ends cut off will do."
    return (0.5 + x / 4).clamp(0, 1)


@misconception(caught_by="test_every_input_has_a_slope", replaces="sigmoid")
def cuts_the_ends_off(x):
    "At 6 the curve is flat, so nothing is lost if it stops there."
    return 1 / (1 + (-x.clamp(-6, 6)).exp())


@misconception(caught_by="test_values_far_to_the_right", replaces="sigmoid")
def never_reaches_the_ends(x):
    "0 and 1 are not probabilities that one may be sure of, so they are kept away."
    return x.sigmoid() * 0.9998 + 0.0001


@misconception(caught_by="test_odds_become_probabilities", replaces="sigmoid")
def adds_up_the_normal_curve(x):
    "The S-shaped curve is that of the normal distribution, added up."
    return torch.special.ndtr(x)


@misconception(caught_by="test_odds_become_probabilities", replaces="sigmoid")
def gets_the_slope_of_the_normal_curve_right(x):
    "With a slope of 1/4 at 0 any such curve is the sigmoid."
    return torch.special.ndtr(x * (torch.pi / 8) ** 0.5)


@misconception(caught_by="test_odds_become_probabilities", replaces="sigmoid")
def loses_the_minus(x):
    "1 / (1 + e^x) is the formula."
    return (-x).sigmoid()


@misconception(caught_by="test_the_slope_at_zero_is_a_quarter", replaces="sigmoid")
def forgets_to_halve_x(x):
    "A sigmoid is a tanh between 0 and 1."
    return (1 + x.tanh()) / 2


@misconception(caught_by="test_the_gradient_reaches_x", replaces="sigmoid")
def works_beside_the_graph(x):
    "Only the value counts, so it can be computed on detached numbers."
    return x.detach().sigmoid()


@misconception(caught_by="test_the_slope_multiplies_what_comes_back", replaces="sigmoid")
def hands_back_the_slope_alone(x):
    "The gradient of a sigmoid is its slope."

    class Sigmoid(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x.sigmoid())
            return x.sigmoid()

        @staticmethod
        def backward(ctx, grad):
            [value] = ctx.saved_tensors
            return value * (1 - value)

    return Sigmoid.apply(x)


@misconception(caught_by="test_the_input_stays_as_it_is", replaces="sigmoid")
def works_in_place(x):
    "Nobody needs x once its sigmoid is known."
    return x.sigmoid_()


@misconception(caught_by="test_the_dtype_is_that_of_x", replaces="sigmoid")
def always_uses_float32(x):
    "float32 is precise enough for everybody."
    return x.float().sigmoid()


@misconception(caught_by="test_float64_is_used_in_full", replaces="sigmoid")
def computes_in_float32(x):
    "The dtype is right if the result is cast back."
    return x.float().sigmoid().to(x.dtype)


@misconception(caught_by="test_any_shape_stays_as_it_is", replaces="sigmoid")
def returns_a_list_of_numbers(x):
    "A layer has a row of units, so the result has one axis."
    return x.reshape(-1).sigmoid()


@misconception(caught_by="test_both_halves_are_drawn", replaces="plot_sigmoid")
def draws_the_positive_half(ax):
    "Inputs start at 0."
    _draw(ax, torch.linspace(0, 8, 81))


@misconception(caught_by="test_points_go_from_left_to_right", replaces="plot_sigmoid")
def draws_points_as_they_are_drawn(ax):
    "A plot puts its points in order."
    x = torch.linspace(-6, 6, 601)
    _draw(ax, x[torch.randperm(601, generator=torch.Generator().manual_seed(1))])


@misconception(caught_by="test_points_lie_close_together", replaces="plot_sigmoid")
def draws_a_point_for_each_whole_number(ax):
    "The whole numbers from -4 to 4 are enough to see the shape."
    _draw(ax, torch.arange(-4.0, 5.0))


@misconception(caught_by="test_every_point_lies_on_the_sigmoid", replaces="plot_sigmoid")
def draws_its_slope(ax):
    "What is special about a curve is its slope, so that is what to draw."
    x = torch.linspace(-6, 6, 121)
    _draw(ax, x, x.sigmoid() * (1 - x.sigmoid()))


@misconception(caught_by="test_every_point_lies_on_the_sigmoid", replaces="plot_sigmoid")
def gives_plot_the_values_only(ax):
    "plot knows which x the values belong to."
    ax.plot(torch.linspace(-6, 6, 121).sigmoid())
    ax.set(xlabel="x", ylabel="sigmoid")


@misconception(caught_by="test_the_line_is_on_the_axes_handed_over", replaces="plot_sigmoid")
def draws_by_pyplot(ax):
    "plt draws on the axes that are there."
    from matplotlib import pyplot

    _draw(pyplot.gca(), torch.linspace(-6, 6, 121))


@misconception(caught_by="test_the_axes_have_labels", replaces="plot_sigmoid")
def leaves_the_axes_bare(ax):
    "Everybody knows a sigmoid when they see one."
    _draw(ax, torch.linspace(-6, 6, 121))
    ax.set(xlabel="", ylabel="")


@misconception(caught_by="test_the_limits_hide_nothing_at_the_sides", replaces="plot_sigmoid")
def zooms_in(ax):
    "The interesting part is the middle, so the picture shows no more."
    _draw(ax, torch.linspace(-6, 6, 121))
    ax.set(xlim=(-2, 2))


@misconception(caught_by="test_the_limits_hide_nothing_above_or_below", replaces="plot_sigmoid")
def shows_the_upper_half(ax):
    "A sigmoid above a half says yes, and the rest needs no room."
    _draw(ax, torch.linspace(-6, 6, 121))
    ax.set(ylim=(0.5, 1))


def _draw(ax, x, y=None):
    ax.plot(x, x.sigmoid() if y is None else y)
    ax.set(xlabel="x", ylabel="sigmoid(x)")
