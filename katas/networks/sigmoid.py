"""What does the sigmoid look like, and what is special about that shape?

sigmoid(x) = 1 / (1 + e^-x): easily written, and easily written so that training breaks.
"""

from jaxtyping import Float
from matplotlib.axes import Axes
from torch import Tensor


def sigmoid(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Return 1 / (1 + e^-x) for each number of x.

    Value and gradient, the one that backward() finds, are right to within 0.00001 for every
    finite x of float32: at 0, and also at -1,000 and 1,000, where e^1000 is more than a float
    can hold. The result is a new tensor of the shape, dtype and device of x; in float64 it is
    right to within 1e-12. x may be empty and is left as it is.
    """
    raise NotImplementedError


def plot_sigmoid(ax: Axes) -> None:
    """Draw the sigmoid onto the axes ax: one line, its points in order from left to right.

    The line reaches at least from -4 to 4; up to there neighbouring points are no more than 0.2
    apart, and the limits of the axes hide nothing of it. Both axes have a label. Guides may be
    drawn too, as long as the sigmoid is the line with the most points.
    """
    raise NotImplementedError
