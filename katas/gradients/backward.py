"""What does the backward method do?

It walks a calculation from its result back to its inputs. Here you build the numbers that can.
"""

from collections.abc import Sequence


class Value:
    """A number that knows what it was calculated from.

    .data is the number. .grad is 0.0 until a backward() adds to it.
    """

    def __init__(self, data: float, parents: Sequence[tuple["Value", float]] = ()) -> None:
        """Take the number, and the values that it was calculated from.

        Each parent comes with the local derivative: the slope of this value along that parent. A
        parent may come several times, and each time counts. Operations of anybody's own are made
        so: Value(math.exp(x.data), [(x, math.exp(x.data))]). Without parents it is a leaf.
        """
        raise NotImplementedError

    def __add__(self, other: "Value") -> "Value":
        """Return the sum, as a new value."""
        raise NotImplementedError

    def __mul__(self, other: "Value") -> "Value":
        """Return the product, as a new value."""
        raise NotImplementedError

    def tanh(self) -> "Value":
        """Return the hyperbolic tangent, as a new value."""
        raise NotImplementedError

    def backward(self) -> None:
        """Add to .grad of each value behind this one the derivative of this one along it.

        This value itself is one of them; its derivative is 1. Values that it was not calculated
        from stay as they are, and no .data changes.

        Called again, on the same value or on another that shares some of the calculation, it adds
        to .grad of each leaf what a single call would, no matter what earlier calls have left
        anywhere. What .grad of a value with parents is after several calls is left open.

        A calculation may be 20,000 values deep. The work grows with the number of values: not with
        its square, so no value is compared with each of the others, and not with the number of
        paths, so sixteen levels of x = x + x take at most 20 times as long as eight.
        """
        raise NotImplementedError
