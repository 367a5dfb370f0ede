"""Which method gives len() of an object?

Here the object is a data set cut into batches, and its length is what a progress bar counts to.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from dojo import alternative, misconception

__all__ = ["Batches"]


class Batches:
    """A sequence, cut into batches: slices of `size` items each, in order.

    len() is the number of batches, and a for loop yields just as many; each loop starts anew. The
    last batch holds what is left over, which may be fewer items than `size`; with drop_last a
    batch of fewer is left out, both of the loop and of the length. Where there is no batch the
    object is falsy.
    """

    def __init__(self, items: Sequence[Any], size: int, drop_last: bool = False) -> None:
        """Take the items, of any number, and the size of a batch.

        Raises:
            ValueError: size is less than 1; the message gives it.
        """
        if size < 1:
            raise ValueError(f"size is {size}: a batch holds at least 1 item")
        self.items, self.size, self.drop_last = items, size, drop_last

    def __len__(self) -> int:
        whole, rest = divmod(len(self.items), self.size)
        return whole if self.drop_last or not rest else whole + 1

    def __iter__(self) -> Iterator[Sequence[Any]]:
        for start in range(0, len(self) * self.size, self.size):
            yield self.items[start : start + self.size]


HINTS = (
    "len(x) calls a method of x's class. What may it return, and what must bool(x) do?",
    "7 items in batches of 3 are 2 whole ones and a rest of 1: divmod gives both. When does the "
    "rest count?",
    "__len__ returns whole, plus 1 if there is a rest that is kept; __iter__ yields "
    "items[start:start + size] for each start in range(0, len(self) * size, size).",
)
ANSWER = """
len(x) calls type(x).__len__, and wants a whole number that is not negative: len(items) / size is a
float, and a TypeError. Without __bool__ truth comes from it too, so an object with length 0 is
falsy: `if loader:` asks whether there are batches, `if loader is not None:` whether there is a
loader.

A length is a promise that iterating keeps. Progress bars, learning-rate schedules and averages over
an epoch are computed from it, and when the two disagree nothing fails: the schedule ends too early,
or a mean is divided by the wrong count. So one rule has to decide about the last batch in both
places. And a loop gets a fresh iterator each time: an object that hands out one stored iterator is
empty from the second epoch on.
"""


@alternative
class RoundsUp:
    def __init__(self, items, size, drop_last=False):
        if size <= 0:
            raise ValueError(f"a batch of {size} items is none")
        self._items, self._size, self._drop = items, size, drop_last

    def __len__(self):
        return (len(self._items) + (0 if self._drop else self._size - 1)) // self._size

    def __iter__(self):
        return (self._items[i * self._size : (i + 1) * self._size] for i in range(len(self)))


@alternative
class CutsAtOnce:
    def __init__(self, items, size, drop_last=False):
        if size < 1:
            raise ValueError(f"size must be at least 1, not {size}")
        self.batches = [items[start : start + size] for start in range(0, len(items), size)]
        if drop_last and self.batches and len(self.batches[-1]) < size:
            self.batches.pop()

    def __len__(self):
        return len(self.batches)

    def __iter__(self):
        return iter(self.batches)


@alternative
class IsASequence:
    def __init__(self, items, size, drop_last=False):
        if size < 1:
            raise ValueError(f"size must be at least 1, not {size}")
        self.items, self.size, self.drop_last = items, size, drop_last

    def __len__(self):
        whole = len(self.items) // self.size
        return whole + (not self.drop_last and whole * self.size < len(self.items))

    def __getitem__(self, number):
        if not 0 <= number < len(self):
            raise IndexError(f"{number} is none of {len(self)} batches")
        return self.items[number * self.size : (number + 1) * self.size]


class _Batches:
    """What the wrong answers below share: all but the mistake."""

    def __init__(self, items, size, drop_last=False):
        if size < 1:
            raise ValueError(f"size is {size}")
        self.items, self.size, self.drop_last = items, size, drop_last

    def __len__(self):
        rounded_up = 0 if self.drop_last else self.size - 1
        return (len(self.items) + rounded_up) // self.size

    def __iter__(self):
        count = _Batches.__len__(self)
        return (self.items[i * self.size : (i + 1) * self.size] for i in range(count))


@misconception(caught_by="test_seven_items_by_three")
class CountsItems(_Batches):
    "The length of a data set is the number of its items."

    def __len__(self):
        return len(self.items)


@misconception(caught_by=("test_seven_items_by_three", "test_the_length_is_what_a_loop_yields"))
class AlwaysRoundsDown(_Batches):
    "// counts the batches; drop_last is a matter of the loop."

    def __len__(self):
        return len(self.items) // self.size


@misconception(caught_by="test_six_items_by_three")
class AlwaysAddsOne(_Batches):
    "There is always a last batch for the rest."

    def __len__(self):
        whole = len(self.items) // self.size
        return whole if self.drop_last else whole + 1


@misconception(
    caught_by=("test_drop_last_leaves_out_the_rest", "test_the_length_is_what_a_loop_yields")
)
class OnlyTheLengthDrops(_Batches):
    "drop_last is a matter of counting."

    def __iter__(self):
        starts = range(0, len(self.items), self.size)
        return (self.items[start : start + self.size] for start in starts)


@misconception(caught_by="test_drop_last_leaves_out_the_rest")
class NobodyDrops(_Batches):
    "Whoever wants no short batch can skip it."

    def __init__(self, items, size, drop_last=False):
        super().__init__(items, size)


@misconception(caught_by="test_drop_last_keeps_a_whole_last_batch")
class DropsTheLastAlways(_Batches):
    "drop_last drops the last batch."

    def __len__(self):
        return max(0, super().__len__() - 1) if self._drops else super().__len__()

    def __init__(self, items, size, drop_last=False):
        super().__init__(items, size)
        self._drops = drop_last

    def __iter__(self):
        starts = range(0, len(self) * self.size, self.size)
        return (self.items[start : start + self.size] for start in starts)


@misconception(caught_by="test_items_one_by_one")
class Divides(_Batches):
    "Items divided by items in a batch is the number of batches."

    def __len__(self):
        return len(self.items) / self.size


@misconception(caught_by="test_a_second_epoch_gives_the_same")
class StoresOneIterator(_Batches):
    "__iter__ returns the iterator that the object is made with."

    def __init__(self, items, size, drop_last=False):
        super().__init__(items, size, drop_last)
        self.iterator = super().__iter__()

    def __iter__(self):
        return self.iterator


@misconception(caught_by="test_two_loops_at_once_do_not_disturb_each_other")
class IsItsOwnIterator(_Batches):
    "An object with __next__ that starts anew in __iter__ is as good as any."

    def __iter__(self):
        self.batches = super().__iter__()
        return self

    def __next__(self):
        return next(self.batches)


@misconception(caught_by="test_without_a_batch_it_is_falsy")
class AlwaysTrue(_Batches):
    "An object that is there is true."

    def __bool__(self):
        return True


@misconception(
    caught_by=("test_a_size_of_zero_is_refused_at_once", "test_a_negative_size_is_refused_at_once")
)
class ChecksInTheLoop(_Batches):
    "It is early enough to look at the size when it is used."

    def __init__(self, items, size, drop_last=False):
        self.items, self.size, self.drop_last = items, size, drop_last

    def __iter__(self):
        if self.size < 1:
            raise ValueError(f"size is {self.size}")
        return super().__iter__()


@misconception(caught_by="test_a_negative_size_is_refused_at_once")
class RefusesZeroOnly(_Batches):
    "Only a size of 0 makes no sense."

    def __init__(self, items, size, drop_last=False):
        if size == 0:
            raise ValueError(f"size is {size}")
        self.items, self.size, self.drop_last = items, size, drop_last


@misconception(caught_by="test_a_batch_is_a_slice")
class MakesLists(_Batches):
    "A batch is a list, whatever the items came in."

    def __iter__(self):
        return (list(batch) for batch in super().__iter__())
