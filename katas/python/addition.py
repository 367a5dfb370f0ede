"""What makes + work between instances of a class?

Here the objects are means of batches of unequal size, and their sum is the mean over all of them.
"""


class Mean:
    """The mean of numbers, of which only their total and their count are kept.

    The sum of two, a + b, is another Mean: that of all the numbers of both taken together. a and b
    stay as they are, also where they are the same object. sum() of one or more of them works too,
    for which 0 + mean, with the int 0, is the mean.

    With any other operand, on either side of the +, there is a TypeError: with another number, a
    text, a list, be it empty, None, or an object of another class that has the attributes of a
    Mean. But where the operand on the right is of another class that knows how to be added to a
    Mean, that class gets its turn, and its result is the result.
    """

    def __init__(self, total: float, count: int) -> None:
        """Take the total, an int or a float, and how many numbers it is made of, 0 or more."""
        raise NotImplementedError

    @property
    def value(self) -> float:
        """The mean: the total divided by the count, to within rounding.

        Raises:
            ZeroDivisionError: the count is 0. Such a Mean can be made and added like any other.
        """
        raise NotImplementedError
