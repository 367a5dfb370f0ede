"""What makes + work between instances of a class?

Here + merges two running means, such as those of two batches.
"""


class Mean:
    """The mean of some items, kept as their total and their count, both of which are attributes.

    The sum of two means is a new Mean: that of the items of both together. Neither of the two
    changes. sum() of means works as well; for that 0 + mean is that mean, and 0 is the only other
    thing that may be added. Any other sum, such as mean + 5, 5 + mean, mean + "a" or [] + mean, is
    a TypeError, unless the other object's own class knows how to add a Mean: it is asked, as Python
    asks it for classes that know nothing of each other.
    """

    def __init__(self, total: float, count: int) -> None:
        """Take the total of the items and their count."""
        raise NotImplementedError

    @property
    def value(self) -> float:
        """The mean: total over count; a ZeroDivisionError where there are no items."""
        raise NotImplementedError
