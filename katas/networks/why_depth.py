"""One nonlinearity can approximate any function. Why do we use more?

Count the straight pieces of what a network draws, and see what they cost.
"""

from jaxtyping import Float
from torch import Tensor, nn


def sawtooth(depth: int) -> nn.Sequential:
    """Return a network that draws 2 ** (depth - 1) teeth between 0 and 1.

    It takes x of shape (N, 1) and gives y of that shape, float32 both. From x = 0 to x = 1 the line
    goes up from 0 to 1 and down to 0 again, in straight pieces all equally long, as often as there
    are teeth; at each multiple of 1 / 2 ** depth y is exactly 0 or 1. What it does left of 0 and
    right of 1 is left open.

    depth, 1 or more, is the number of hidden layers. Each is an nn.Linear of two outputs and an
    nn.ReLU behind it; last comes an nn.Linear with one output. Two nn.Linear may follow one
    another, but nothing else is in it, each layer has weights of its own, and there are 10 numbers
    at most for each hidden layer.
    """
    raise NotImplementedError


def linear_pieces(x: Float[Tensor, " points"], y: Float[Tensor, " points"]) -> int:
    """Return of how many straight pieces a line through the points (x, y) is made.

    x rises from point to point, not always by the same. Each piece goes straight on for two whole
    steps at least, a step being the way from one point to the next. A kink may be at a point or
    between two, and then the step across it belongs to neither piece. The slopes of two pieces that
    meet differ by a hundredth of the steepest slope at least, be it in size or in sign; those of
    the steps within a piece agree but for rounding, of a millionth of the largest y.
    """
    raise NotImplementedError
