"""How does a moving average with exponential decay get by with a single value in memory?

It is the average that Adam and batch norm keep: recent values count most, old ones fade.
"""

from torch import Tensor


class MovingAverage:
    """An average of a stream of tensors, in which old values fade.

    It starts at 0. Each value makes it beta times what it was, plus 1 - beta times the value
    (torch.lerp can take such a step). The start is not corrected for: the first value counts
    1 - beta, like any other.

    Between two updates the object holds one tensor of the size of a value, and perhaps a few
    numbers, however many values have come. Two averages have nothing in common.
    """

    def __init__(self, beta: float) -> None:
        """Take the share that the old average keeps: at least 0, below 1."""
        raise NotImplementedError

    def update(self, x: Tensor) -> Tensor:
        """Take in the next value of the stream and return the new average.

        x is a floating-point tensor, of any shape, which is that of all values of a stream, as are
        dtype and device; those of the average are the same. x is left as it is, with its
        gradients, and not kept: once the caller drops it its memory is free, and so is that of
        the calculation it came from.

        The average records no gradients, though it may take part in a calculation that does. Later
        updates do not change it.
        """
        raise NotImplementedError
