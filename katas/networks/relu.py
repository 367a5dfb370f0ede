"""Which function is ReLU, and what does it look like between -2 and 2?

One line of code, and half a dozen ways to get its edges wrong.
"""

from jaxtyping import Real
from matplotlib.axes import Axes
from torch import Tensor


def relu(x: Real[Tensor, "*shape"]) -> Real[Tensor, "*shape"]:
    """Return x where it is above 0, and 0 elsewhere.

    Minus infinity becomes 0, infinity and NaN stay what they are. The slope that backward()
    multiplies by is 1 for numbers above 0 and 0 for numbers below; at 0, where there is a corner
    and a slope has to be chosen, it is 0, as in torch.

    The result has the shape, dtype and device of x; integers are integers afterwards, exactly. x
    may be empty and is left as it is.
    """
    raise NotImplementedError


def plot_relu(ax: Axes) -> None:
    """Draw ReLU onto the axes ax: one line from -2 to 2, its points in order from left to right.

    Nowhere between -2 and 2 may the line, which is straight between its points, be more than 0.05
    from the true one; the limits of the axes hide nothing of it. Both axes have a label. Guides
    of two points may be drawn too.
    """
    raise NotImplementedError
