"""What makes + work between instances of a class?

Here + merges two running means, such as those of two batches.
"""

from dojo import alternative, misconception

__all__ = ["Mean"]


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
        self.total, self.count = total, count

    @property
    def value(self) -> float:
        """The mean: total over count; a ZeroDivisionError where there are no items."""
        return self.total / self.count

    def __add__(self, other: object) -> "Mean":
        if not isinstance(other, Mean):
            return NotImplemented
        return Mean(self.total + other.total, self.count + other.count)

    def __radd__(self, other: object) -> "Mean":
        return self if isinstance(other, int) and other == 0 else NotImplemented


HINTS = (
    "a + b calls a method of a's class. What does sum([a, b]) add first?",
    "sum() starts with 0 + a, which int cannot do, so a's class is asked in its other method. What "
    "must a method return, in place of raising, for a partner that it does not know?",
    "__add__: NotImplemented unless other is a Mean, else Mean(both totals, both counts). "
    "__radd__: self for other == 0, else NotImplemented.",
)
ANSWER = """
a + b asks type(a).__add__(b), and where that returns NotImplemented, type(b).__radd__(a). If both
decline, Python raises the TypeError. So return NotImplemented and raise nothing: who raises in
__add__ takes the turn from a class that would have known the answer. (If b's class is a subclass of
a's with a __radd__ of its own, it is even asked first.)

__add__ alone is not enough for sum(), which begins with 0 + first: __radd__ must let 0 pass, and
nothing else. As for means: they add up by totals and counts. The mean of batch means is the mean of
all items only if the batches are equal in size, and the last one of an epoch seldom is.
"""


@alternative
class KeepsAFraction:
    def __init__(self, total, count):
        self.total = total
        self.count = count

    def __add__(self, other):
        if isinstance(other, type(self)):
            return type(self)(self.total + other.total, self.count + other.count)
        return NotImplemented

    def __radd__(self, other):
        if other == 0 and type(other) is int:
            return type(self)(self.total, self.count)
        return NotImplemented

    @property
    def value(self):
        return self.total / self.count


@alternative
class CountsInAList:
    def __init__(self, total, count):
        self.parts = [(total, count)]

    @property
    def total(self):
        return sum(total for total, _ in self.parts)

    @property
    def count(self):
        return sum(count for _, count in self.parts)

    @property
    def value(self):
        return self.total / self.count

    def __add__(self, other):
        if not isinstance(other, CountsInAList):
            return NotImplemented
        both = CountsInAList(0, 0)
        both.parts = self.parts + other.parts
        return both

    def __radd__(self, other):
        return self if type(other) is int and other == 0 else NotImplemented


@alternative
class LetsZeroPassOnBothSides:
    def __init__(self, total, count):
        self.total, self.count = total, count

    value = property(lambda self: self.total / self.count)

    def __add__(self, other):
        if other is self or isinstance(other, LetsZeroPassOnBothSides):
            return LetsZeroPassOnBothSides(self.total + other.total, self.count + other.count)
        if isinstance(other, int | float) and other == 0:
            return self
        return NotImplemented

    __radd__ = __add__


class _Plain:
    """What the programs here share: all but the addition."""

    def __init__(self, total, count):
        self.total, self.count = total, count

    @property
    def value(self):
        return self.total / self.count

    def merged(self, other):
        return type(self)(self.total + other.total, self.count + other.count)


class _Mean(_Plain):
    def __add__(self, other):
        return self.merged(other) if isinstance(other, _Plain) else NotImplemented

    def __radd__(self, other):
        return self if isinstance(other, int) and other == 0 else NotImplemented


@misconception(caught_by="test_the_operands_stay_as_they_are")
class ChangesTheLeftOperand(_Mean):
    "a + b adds b to a."

    def __add__(self, other):
        if not isinstance(other, _Plain):
            return NotImplemented
        self.total += other.total
        self.count += other.count
        return self


@misconception(caught_by="test_nothing_added_leaves_a_new_mean")
class ReturnsTheOtherOne(_Mean):
    "Where one of the two has no items, the other one is the sum, itself."

    def __add__(self, other):
        if isinstance(other, _Plain) and not other.count:
            return self
        return super().__add__(other)


@misconception(caught_by="test_sum_of_means_works")
class HasNoRightSide(_Plain):
    "__add__ is all that + and sum() need."

    def __add__(self, other):
        return self.merged(other) if isinstance(other, _Plain) else NotImplemented


@misconception(caught_by="test_a_number_plus_a_mean_is_refused")
class LetsEverythingPassOnTheLeft(_Mean):
    "__radd__ is called by sum() only, so it can return self."

    def __radd__(self, other):
        return self


@misconception(caught_by="test_what_is_empty_is_no_zero")
class LetsWhatIsFalsyPass(_Mean):
    "`if not other` asks for 0."

    def __radd__(self, other):
        return self if not other else NotImplemented


@misconception(caught_by="test_a_mean_plus_a_number_is_refused")
class TakesANumberForAnItem(_Mean):
    "A number is a mean of one item."

    def __add__(self, other):
        if isinstance(other, int | float):
            return type(self)(self.total + other, self.count + 1)
        return super().__add__(other)


@misconception(caught_by="test_batches_of_unequal_size")
class AveragesTheAverages(_Mean):
    "The mean of two means is half of their sum."

    def __add__(self, other):
        if not isinstance(other, _Plain):
            return NotImplemented
        count = self.count + other.count
        return type(self)((self.value + other.value) / 2 * count, count)


@misconception(caught_by="test_means_that_agree_keep_their_value")
class AddsTheValues(_Mean):
    "The sum of two means is the sum of their values."

    def __add__(self, other):
        if not isinstance(other, _Plain):
            return NotImplemented
        count = self.count + other.count
        return type(self)((self.value + other.value) * count, count)


@misconception(caught_by="test_total_and_count_add_up")
class ForgetsTheCount(_Mean):
    "Once there is a value, the count has done its work."

    def __add__(self, other):
        if not isinstance(other, _Plain):
            return NotImplemented
        count = self.count + other.count
        return type(self)((self.total + other.total) / count, 1)


@misconception(caught_by="test_another_class_gets_its_turn")
class RaisesByItself(_Mean):
    "A method that cannot do what is asked raises TypeError."

    def __add__(self, other):
        if not isinstance(other, _Plain):
            raise TypeError(f"a Mean and a {type(other).__name__} have no sum")
        return super().__add__(other)


@misconception(caught_by="test_the_sum_is_a_mean")
class ReturnsTheValue(_Mean):
    "The sum is the mean of all items, a number."

    def __add__(self, other):
        return self.merged(other).value if isinstance(other, _Plain) else NotImplemented


@misconception(caught_by="test_nothing_has_no_mean")
class TakesNothingForZero(_Mean):
    "The mean of nothing is 0."

    @property
    def value(self):
        return self.total / self.count if self.count else 0.0
