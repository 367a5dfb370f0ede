"""What makes + work between instances of a class?

Here the objects are means of batches of unequal size, and their sum is the mean over all of them.
"""

from dojo import alternative, misconception

__all__ = ["Mean"]


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
        self.total, self.count = total, count

    @property
    def value(self) -> float:
        """The mean: the total divided by the count, to within rounding.

        Raises:
            ZeroDivisionError: the count is 0. Such a Mean can be made and added like any other.
        """
        return self.total / self.count

    def __add__(self, other: object) -> "Mean":
        if not isinstance(other, Mean):
            return NotImplemented
        return Mean(self.total + other.total, self.count + other.count)

    def __radd__(self, other: object) -> "Mean":
        return self if isinstance(other, int) and other == 0 else NotImplemented


HINTS = (
    "a + b asks a method of a, and then, if that one does not know what to do, one of b. How does "
    "the first say so, without raising? And what is the first thing that sum() adds?",
    "Make a new Mean of both totals and both counts. For anything but a Mean return "
    "NotImplemented. sum() begins with 0 + mean, which int cannot do, so it asks mean.",
    "__add__ returns Mean(self.total + other.total, self.count + other.count) or NotImplemented; "
    "__radd__ returns self if other is the int 0, and else NotImplemented.",
)
ANSWER = """
a + b calls type(a).__add__, and if that returns NotImplemented, type(b).__radd__; only when both
decline does Python raise the TypeError. Returning the object NotImplemented is what keeps the door
open: an error raised in __add__ ends the matter before the other class was asked. (It has nothing
to do with NotImplementedError, which is for methods that a subclass has to write.)

__add__ alone is not enough for sum(), which starts from 0 + first: __radd__ must let 0 pass, and
only 0, or 5 + mean is silently the mean. `if not other` lets '' and [] pass as well.

A mean of means is the mean only where all batches are of one size, and the last batch of an epoch
is mostly smaller. And + makes a new object: one that changes its left operand gives the right sum
once, and a different one when the same list is summed again.
"""


@alternative
class KeepsTheMean:
    def __init__(self, total, count):
        self._mean, self._count = (total / count if count else 0.0), count

    @property
    def value(self):
        if not self._count:
            raise ZeroDivisionError("there is no mean of nothing")
        return self._mean

    def __add__(self, other):
        if type(other) is not type(self):
            return NotImplemented
        count = self._count + other._count
        return type(self)(self._mean * self._count + other._mean * other._count, count)

    def __radd__(self, other):
        if type(other) is int and other == 0:
            return type(self)(self._mean * self._count, self._count)
        return NotImplemented


@alternative
class AddsZeroOnBothSides:
    def __init__(self, total, count):
        self.parts = (total, count)

    @property
    def value(self):
        total, count = self.parts
        return total / count

    def __add__(self, other):
        if isinstance(other, (int, float)) and other == 0:
            return self
        if not isinstance(other, AddsZeroOnBothSides):
            return NotImplemented
        return AddsZeroOnBothSides(*map(sum, zip(self.parts, other.parts, strict=True)))

    __radd__ = __add__


@alternative
class KeepsItsParts:
    def __init__(self, total, count):
        self.parts = [(total, count)]

    @property
    def value(self):
        return sum(total for total, _ in self.parts) / sum(count for _, count in self.parts)

    def __add__(self, other):
        match other:
            case KeepsItsParts():
                both = KeepsItsParts(0, 0)
                both.parts = self.parts + other.parts
                return both
        return NotImplemented

    def __radd__(self, other):
        return self if other.__class__ is int and not other else NotImplemented


class _Mean:
    """What the wrong answers below share: all but the mistake."""

    def __init__(self, total, count):
        self.total, self.count = total, count

    @property
    def value(self):
        return self.total / self.count

    def __add__(self, other):
        if not isinstance(other, _Mean):
            return NotImplemented
        return self._merged(other)

    def __radd__(self, other):
        return self if self._is_zero(other) else NotImplemented

    def _merged(self, other):
        return type(self)(self.total + other.total, self.count + other.count)

    @staticmethod
    def _is_zero(other):
        return isinstance(other, int) and other == 0


@misconception(caught_by=("test_the_left_operand_stays", "test_the_same_list_sums_twice"))
class ChangesTheLeft(_Mean):
    "a + b adds b to a."

    def _merged(self, other):
        self.total += other.total
        self.count += other.count
        return self


@misconception(caught_by=("test_the_right_operand_stays", "test_the_same_list_sums_twice"))
class ChangesTheRight(_Mean):
    "The operand that comes in is free to be used for the result."

    def _merged(self, other):
        other.total += self.total
        other.count += self.count
        return other


@misconception(caught_by="test_sum_adds_them_up")
class KnowsNoZero(_Mean):
    "sum() adds the first to the second, and so on, so __add__ will do."

    def __radd__(self, other):
        return NotImplemented


@misconception(
    caught_by=("test_another_number_on_the_left_is_refused", "test_an_empty_left_one_is_refused")
)
class TakesAnythingOnTheLeft(_Mean):
    "__radd__ is there for sum(), so what comes in is the 0."

    def __radd__(self, other):
        return self


@misconception(caught_by="test_an_empty_left_one_is_refused")
class TakesAnythingFalsy(_Mean):
    "`not other` asks whether other is 0."

    def __radd__(self, other):
        return self if not other else NotImplemented


@misconception(caught_by="test_unequal_batches_count_by_their_size")
class AveragesTheAverages(_Mean):
    "The mean of both is the mean of their means."

    def _merged(self, other):
        return type(self)(self.value + other.value, 2)


@misconception(
    caught_by=("test_equal_batches_have_the_mean_in_the_middle", "test_sum_adds_them_up")
)
class KeepsTheCountOfTheLeft(_Mean):
    "Only the totals are added: the count is that of the batch."

    def _merged(self, other):
        return type(self)(self.total + other.total, self.count)


@misconception(caught_by="test_a_foreign_class_on_the_right_gets_its_turn")
class RaisesAtOnce(_Mean):
    "What cannot be added ends in a TypeError, so __add__ raises one."

    def __add__(self, other):
        if not isinstance(other, _Mean):
            raise TypeError(f"cannot add {type(other).__name__} to a Mean")
        return self._merged(other)


@misconception(caught_by="test_another_number_on_the_right_is_refused")
class ReturnsTheErrorClass(_Mean):
    "NotImplementedError is what a method returns when it does not know what to do."

    def __add__(self, other):
        return self._merged(other) if isinstance(other, _Mean) else NotImplementedError

    def __radd__(self, other):
        return self if self._is_zero(other) else NotImplementedError


@misconception(caught_by="test_another_number_on_the_right_is_refused")
class CountsANumberAsOneMore(_Mean):
    "A number is a batch of one."

    def __add__(self, other):
        if isinstance(other, (int, float)):
            other = type(self)(other, 1)
        return super().__add__(other)


@misconception(caught_by="test_a_foreign_class_on_the_right_gets_its_turn")
class TrustsTheOther(_Mean):
    "What is added to a Mean is a Mean."

    def __add__(self, other):
        return self._merged(other)


@misconception(caught_by="test_a_foreign_class_that_looks_alike_is_refused")
class TakesWhatLooksAlike(_Mean):
    "What has a total and a count is a Mean."

    def __add__(self, other):
        if (
            hasattr(other, "total")
            and hasattr(other, "count")
            and not isinstance(other, (str, list))
        ):
            return self._merged(other)
        return NotImplemented


@misconception(caught_by="test_a_sum_is_a_mean_again")
class ReturnsANumber(_Mean):
    "The sum of two means is a number."

    def _merged(self, other):
        return (self.total + other.total) / (self.count + other.count)


@misconception(caught_by="test_fractions_of_a_mean_stay")
class DividesWhole(_Mean):
    "The mean of whole numbers is a whole number."

    @property
    def value(self):
        return self.total // self.count


@misconception(caught_by="test_an_empty_batch_changes_nothing")
class DividesAtOnce(_Mean):
    "The mean can be worked out when the object is made."

    def __init__(self, total, count):
        super().__init__(total, count)
        self._value = total / count


@misconception(caught_by="test_the_mean_of_nothing_is_refused")
class HasZeroForNothing(_Mean):
    "The mean of nothing is 0."

    @property
    def value(self):
        return self.total / self.count if self.count else 0.0


@misconception(caught_by="test_zeros_count")
class SkipsATotalOfZero(_Mean):
    "A total of 0 adds nothing."

    def _merged(self, other):
        return super()._merged(other) if other.total else self
