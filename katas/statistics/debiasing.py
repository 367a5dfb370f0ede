"""What does debiasing a moving average correct?

A moving average with exponential decay that starts at 0 is too close to 0 at first.
"""

from torch import Tensor


class DebiasedAverage:
    """A moving average with exponential decay that starts at 0, corrected for that start.

    The plain average starts at 0, and each value makes it beta times what it was, plus 1 - beta
    times the value. Here the 0 that nobody measured has no weight: the average is a weighted mean
    of the values alone, with weights that add up to 1 and of which each is beta times the next. So
    from the first step on a constant stream gives that constant. In the long run the plain average
    and this one agree.

    In float32 it is right to 1e-5 for values around 1 and beta up to 0.9, and to 1e-4 at 0.999. Two
    averages have nothing in common.
    """

    def __init__(self, beta: float) -> None:
        """Take the share that the old average keeps: at least 0, below 1."""
        raise NotImplementedError

    def update(self, x: Tensor) -> Tensor:
        """Take in the next value of the stream and return the corrected average.

        x is a floating-point tensor, of any shape, which is that of all values of a stream, as are
        dtype and device; those of the average are the same. x is left as it is, and not kept: once
        the caller drops it its memory is free, and so is that of the calculation it came from.

        The average records no gradients, and later updates do not change it.
        """
        raise NotImplementedError
