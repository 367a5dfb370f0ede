"""Why not always use a high learning rate?

On a bowl, a loss of w·Hw / 2, it can be said exactly how high is too high.
"""

from collections.abc import Sequence

from jaxtyping import Float64
from matplotlib.axes import Axes
from torch import Tensor


def largest_stable_lr(hessian: Float64[Tensor, "weights weights"]) -> float:
    """Return the learning rate up to which gradient descent on w·Hw / 2 comes down.

    Below it the loss falls at every step, wherever the descent starts; above it the loss grows
    without end from nearly every start. The Hessian H is symmetric, and all of its eigenvalues, its
    curvatures, are above 0; it is left as it is.
    """
    raise NotImplementedError


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
    raise NotImplementedError


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
    raise NotImplementedError
