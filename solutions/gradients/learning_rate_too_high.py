"""Why not always use a high learning rate?

On a bowl, a loss of w·Hw / 2, it can be said exactly how high is too high.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float64
from matplotlib.axes import Axes
from torch import Tensor

from dojo import alternative, misconception

__all__ = ["largest_stable_lr", "loss_curve", "plot_curves"]


def largest_stable_lr(hessian: Float64[Tensor, "weights weights"]) -> float:
    """Return the learning rate up to which gradient descent on w·Hw / 2 comes down.

    Below it the loss falls at every step, wherever the descent starts; above it the loss grows
    without end from nearly every start. The Hessian H is symmetric, and all of its eigenvalues, its
    curvatures, are above 0; it is left as it is.
    """
    return 2 / torch.linalg.eigvalsh(hessian)[-1].item()


def loss_curve(
    hessian: Float64[Tensor, "weights weights"],
    start: Float64[Tensor, " weights"],
    lr: float,
    steps: int,
) -> list[float]:
    """Return the losses w·Hw / 2 along gradient descent, the one at the start first.

    Each step takes lr times the gradient, which is Hw, off w. There are steps + 1 losses, Python
    floats. hessian and start are left as they are.
    """
    w = start
    losses = [_loss(hessian, w)]
    for _ in range(steps):
        w = w - lr * hessian @ w
        losses.append(_loss(hessian, w))
    return losses


def plot_curves(
    ax: Axes,
    hessian: Float64[Tensor, "weights weights"],
    start: Float64[Tensor, " weights"],
    rates: Sequence[float],
    steps: int,
) -> None:
    """Draw the loss curve of each learning rate onto the axes ax: loss over step, from step 0.

    The losses have a logarithmic scale. Each curve has a label with its rate in it, as Python
    writes the number (0.1), and the axes show a legend; both axes say what they show.
    """
    for rate in rates:
        ax.plot(loss_curve(hessian, start, rate, steps), label=f"learning rate {rate}")
    ax.set(xlabel="step", ylabel="loss", yscale="log")
    ax.legend()


def _loss(hessian: Tensor, w: Tensor) -> float:
    return (w @ hessian @ w).item() / 2


HINTS = (
    "Take one weight and a loss of h w² / 2. By what factor does a step multiply w, and for which "
    "rates is that factor between -1 and 1?",
    "Along each eigenvector of H the descent is that of one weight, with the eigenvalue for h. "
    "Which of the eigenvalues forbids the most?",
    "2 / torch.linalg.eigvalsh(hessian)[-1]; w = w - lr * hessian @ w in the loop, a loss before "
    "it and one after each step; ax.plot(losses, label=...), ax.set_yscale('log'), ax.legend().",
)
ANSWER = """
"The loss may rise" can be made exact on a bowl. A step multiplies the weight along an eigenvector
of the Hessian by 1 - rate times eigenvalue, so above 2 / the largest eigenvalue that weight grows
with every step, and in the end so does the loss. Between 1 and 2 over it the factor is negative:
the descent jumps from wall to wall of the valley, and still comes down.

So one steep direction sets the limit for all of them, while the flattest one, which shrinks by 1 -
rate times the smallest eigenvalue, sets the time. Their ratio, the condition number, is what
makes a loss hard; normalisation, momentum and Adam are ways to live with it. Near a minimum every
smooth loss is a bowl, so networks have such a limit too, and training often runs close to it.
"""


@alternative(replaces="largest_stable_lr")
def asks_for_the_spectral_norm(hessian):
    return (2 / torch.linalg.matrix_norm(hessian, ord=2)).item()


@alternative(replaces="largest_stable_lr")
def asks_numpy(hessian):
    import numpy as np

    return 2.0 / float(np.linalg.eigvalsh(hessian.numpy()).max())


@alternative(replaces="loss_curve")
def walks_along_the_eigenvectors(hessian, start, lr, steps):
    curvatures, directions = torch.linalg.eigh(hessian)
    along = directions.T @ start
    shrinks = (1 - lr * curvatures)[:, None] ** torch.arange(steps + 1, dtype=torch.float64)
    return ((along[:, None] * shrinks).square() * curvatures[:, None] / 2).sum(0).tolist()


@alternative(replaces="loss_curve")
def lets_autograd_find_the_slope(hessian, start, lr, steps):
    w, losses = start.clone().requires_grad_(), []
    for _ in range(steps + 1):
        loss = 0.5 * w.dot(hessian.mv(w))
        losses.append(loss.item())
        [gradient] = torch.autograd.grad(loss, w)
        with torch.no_grad():
            w -= lr * gradient
    return losses


@alternative(replaces="plot_curves")
def asks_for_a_logarithmic_plot(ax, hessian, start, rates, steps):
    for rate in rates:
        losses = loss_curve(hessian, start, rate, steps)
        ax.semilogy(range(steps + 1), losses, marker=".", label=str(rate))
    ax.set_xlabel("steps of gradient descent")
    ax.set_ylabel("loss")
    ax.legend(title="rate")


@misconception(caught_by="test_one_weight", replaces="largest_stable_lr")
def takes_one_over_the_curvature(hessian):
    "A step that jumps over the bottom is a step too far."
    return 1 / torch.linalg.eigvalsh(hessian)[-1].item()


@misconception(caught_by="test_the_steepest_direction_decides", replaces="largest_stable_lr")
def takes_the_smallest_curvature(hessian):
    "The flattest direction allows the highest rate."
    return 2 / torch.linalg.eigvalsh(hessian)[0].item()


@misconception(caught_by="test_the_steepest_direction_decides", replaces="largest_stable_lr")
def takes_the_mean_curvature(hessian):
    "The curvature of a bowl is that of its directions, averaged."
    return 2 / torch.linalg.eigvalsh(hessian).mean().item()


@misconception(caught_by="test_the_steepest_direction_decides", replaces="largest_stable_lr")
def takes_the_trace(hessian):
    "All directions together decide how steep it is."
    return 2 / hessian.trace().item()


@misconception(caught_by="test_the_bowl_may_lie_askew", replaces="largest_stable_lr")
def takes_the_largest_of_the_diagonal(hessian):
    "The diagonal holds the curvatures."
    return 2 / hessian.diagonal().max().item()


@misconception(caught_by="test_the_steepest_direction_decides", replaces="largest_stable_lr")
def takes_the_norm(hessian):
    "The size of a matrix is its norm."
    return 2 / hessian.norm().item()


@misconception(caught_by="test_the_rate_is_a_float", replaces="largest_stable_lr")
def returns_a_tensor(hessian):
    "A number out of torch is a number."
    return 2 / torch.linalg.eigvalsh(hessian)[-1]


@misconception(caught_by="test_two_steps_by_hand", replaces="loss_curve")
def steps_uphill(hessian, start, lr, steps):
    "A step follows the gradient."
    return _curve(hessian, start, -lr, steps)


@misconception(caught_by="test_there_is_a_loss_before_the_first_step", replaces="loss_curve")
def leaves_out_the_start(hessian, start, lr, steps):
    "A loss belongs to a step."
    return _curve(hessian, start, lr, steps)[1:]


@misconception(caught_by="test_there_is_a_loss_after_the_last_step", replaces="loss_curve")
def leaves_out_the_end(hessian, start, lr, steps):
    "The loss is taken before each step."
    return _curve(hessian, start, lr, steps)[:-1] if steps else _curve(hessian, start, lr, 0)


@misconception(caught_by="test_the_loss_is_half_of_w_h_w", replaces="loss_curve")
def forgets_the_half(hessian, start, lr, steps):
    "w·Hw is the loss of a bowl."
    return [2 * loss for loss in _curve(hessian, start, lr, steps)]


@misconception(caught_by="test_two_steps_by_hand", replaces="loss_curve")
def takes_twice_the_gradient(hessian, start, lr, steps):
    "The derivative of a square has a 2 in it."
    return _curve(hessian, start, 2 * lr, steps)


@misconception(caught_by="test_the_bowl_may_lie_askew_for_a_step_too", replaces="loss_curve")
def steps_along_the_axes(hessian, start, lr, steps):
    "Each weight has a curvature of its own, on the diagonal."
    w, losses = start.clone(), []
    for _ in range(steps + 1):
        losses.append(_loss(hessian, w))
        w = w - lr * hessian.diagonal() * w
    return losses


@misconception(caught_by="test_the_inputs_stay_as_they_are", replaces="loss_curve")
def walks_with_the_start_itself(hessian, start, lr, steps):
    "start is where w is, all the way."
    losses = [_loss(hessian, start)]
    for _ in range(steps):
        start -= lr * hessian @ start
        losses.append(_loss(hessian, start))
    return losses


@misconception(caught_by="test_losses_are_floats", replaces="loss_curve")
def keeps_tensors(hessian, start, lr, steps):
    "A loss is a tensor."
    return [torch.tensor(loss) for loss in _curve(hessian, start, lr, steps)]


@misconception(caught_by="test_a_rate_above_grows_without_end", replaces="loss_curve")
def gives_up_when_it_rises(hessian, start, lr, steps):
    "A descent ends when the loss rises."
    losses = _curve(hessian, start, lr, steps)
    for place in range(1, len(losses)):
        if losses[place] > losses[place - 1]:
            return losses[:place] + [losses[place]] * (len(losses) - place)
    return losses


@misconception(caught_by="test_each_rate_has_a_curve", replaces="plot_curves")
def draws_the_last_rate(ax, hessian, start, rates, steps):
    "A plot shows one curve."
    ax.plot(loss_curve(hessian, start, rates[-1], steps), label=f"{rates}")
    ax.set(xlabel="step", ylabel="loss", yscale="log")
    ax.legend()


@misconception(caught_by="test_the_loss_has_a_logarithmic_scale", replaces="plot_curves")
def draws_on_a_linear_scale(ax, hessian, start, rates, steps):
    "A curve is a curve on any scale."
    _draw(ax, hessian, start, rates, steps)
    ax.set_yscale("linear")


@misconception(caught_by="test_curves_begin_at_step_zero", replaces="plot_curves")
def counts_steps_from_one(ax, hessian, start, rates, steps):
    "The first point belongs to step 1."
    for rate in rates:
        losses = loss_curve(hessian, start, rate, steps)
        ax.plot(range(1, len(losses) + 1), losses, label=str(rate))
    ax.set(xlabel="step", ylabel="loss", yscale="log")
    ax.legend()


@misconception(caught_by="test_there_is_a_legend", replaces="plot_curves")
def shows_no_legend(ax, hessian, start, rates, steps):
    "A label shows by itself."
    _draw(ax, hessian, start, rates, steps)
    ax.get_legend().remove()


@misconception(caught_by="test_the_legend_tells_the_rates", replaces="plot_curves")
def numbers_the_curves(ax, hessian, start, rates, steps):
    "Curves are told apart by their number."
    _draw(ax, hessian, start, rates, steps)
    for number, line in enumerate(ax.lines):
        line.set_label(f"curve {number}")
    ax.legend()


@misconception(caught_by="test_axes_say_what_they_show", replaces="plot_curves")
def leaves_the_axes_bare(ax, hessian, start, rates, steps):
    "Everybody knows what a loss curve shows."
    _draw(ax, hessian, start, rates, steps)
    ax.set(xlabel="", ylabel="")


@misconception(caught_by="test_the_curves_are_on_the_axes_handed_over", replaces="plot_curves")
def draws_by_pyplot(ax, hessian, start, rates, steps):
    "plt draws on the axes that are there."
    from matplotlib import pyplot

    _draw(pyplot.gca(), hessian, start, rates, steps)


def _curve(hessian, start, lr, steps):
    w, losses = start, []
    for _ in range(steps + 1):
        losses.append(_loss(hessian, w))
        w = w - lr * hessian @ w
    return losses


def _draw(ax, hessian, start, rates, steps):
    for rate in rates:
        ax.plot(_curve(hessian, start, rate, steps), label=f"learning rate {rate}")
    ax.set(xlabel="step", ylabel="loss", yscale="log")
    ax.legend()
