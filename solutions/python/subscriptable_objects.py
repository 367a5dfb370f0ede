"""Which method makes an object subscriptable?

Here the object holds items, and takes between its brackets what a tensor takes: one place, a slice,
several places, or a mask.
"""

from collections.abc import Iterable
from itertools import compress
from typing import Any

from dojo import alternative, misconception

__all__ = ["Items"]


class Items:
    """Items in order, picked by what stands between the brackets.

    - An int picks one item; a negative one counts back from the end.
    - A slice picks what it picks of a list, and gives Items again.
    - A list of ints picks these places, in the order of the list, repeats included, and gives
      Items; they are ints as above, so 0 and 1 are places.
    - A list of bools, one for each item, is a mask: it keeps the items at its Trues, and gives
      Items.
    - An empty list gives Items without any item.

    A for loop walks the items in order and ends; that is the brackets' doing too: an Items is no
    list, and has no __iter__.

    Raises, between the brackets:
        IndexError: there is no such place, be it too far ahead or too far back, alone or in a list.
        IndexError: a mask has more or fewer bools than there are items; the message names both
            numbers.
    """

    def __init__(self, items: Iterable[Any]) -> None:
        """Take the items of any iterable; what becomes of it later does not matter."""
        self.items = list(items)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return Items(self.items[index])
        if not isinstance(index, list):
            return self.items[index]
        if not (index and isinstance(index[0], bool)):
            return Items(self.items[place] for place in index)
        if len(index) != len(self.items):
            raise IndexError(
                f"a mask of {len(index)} bools for {len(self.items)} items: give one for each"
            )
        return Items(compress(self.items, index))


HINTS = (
    "x[...] calls a method of x's class with what stands between the brackets. Write a class whose "
    "method prints that, and try x[1], x[1:3], x[[0, 2]].",
    "Define __getitem__(self, index). In which order must you ask isinstance, when True is an int "
    "as well?",
    "A slice: Items(self.items[index]). No list: self.items[index]. A list that begins with a "
    "bool: compare the lengths, then Items of the items whose bool is True. Any other list: "
    "Items(self.items[place] for place in index).",
)
ANSWER = """
x[index] calls type(x).__getitem__(x, index). Whatever stands between the brackets comes as one
object: 1:3 is slice(1, 3), and x[1, 2] gets the tuple (1, 2). So one method can serve an int, a
slice, a list and a mask, and has to ask which of them it got. bool is a subclass of int: a mask
taken for places picks items 0 and 1 again and again, and says nothing.

With __getitem__ alone an object can be looped over, and `in` works too: where there is no __iter__,
iter() counts from 0 until IndexError. That is why the error matters. None for a place that is not
there, or a place taken modulo the length, makes a loop that never ends; KeyError ends it with a
crash. And a negative place needs its check on both sides: with 4 items, items[-5 + 4] is the last
one again.

What is picked is of the same kind, so x[2:][mask] works, as with tensors; a slice that gives a bare
list loses the mask at once.
"""


@alternative
class KeepsATuple:
    def __init__(self, items):
        self._items = tuple(items)

    def __getitem__(self, index):
        match index:
            case slice():
                return type(self)(self._items[index])
            case [bool(), *_]:
                pairs = zip(index, self._items, strict=len(index) == len(self._items))
                if len(index) != len(self._items):
                    raise IndexError(f"{len(index)} bools, {len(self._items)} items")
                return type(self)(item for keep, item in pairs if keep)
            case list():
                return type(self)(map(self._items.__getitem__, index))
        return self._items[index]


@alternative
class TurnsAllIntoPlaces:
    def __init__(self, items):
        self.items = [*items]

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        if isinstance(index, int):
            if not -len(self) <= index < len(self):
                raise IndexError(f"{index} is none of {len(self)} places")
            return self.items[index]
        if isinstance(index, slice):
            index = list(range(len(self)))[index]
        elif index and all(isinstance(each, bool) for each in index):
            if len(index) != len(self):
                raise IndexError(f"the mask has length {len(index)}, there are {len(self)} items")
            index = [place for place, keep in enumerate(index) if keep]
        return Items([self[place] for place in index])


@alternative
class LooksIntoADict:
    def __init__(self, items):
        self.at = dict(enumerate(items))

    def _one(self, place):
        try:
            return self.at[place + len(self.at) if place < 0 else place]
        except KeyError:
            raise IndexError(f"no item {place}") from None

    def __getitem__(self, index):
        if isinstance(index, slice):
            return Items(self.at[place] for place in range(*index.indices(len(self.at))))
        if not isinstance(index, list):
            return self._one(index)
        if not index or type(index[0]) is not bool:
            return Items([self._one(place) for place in index])
        if len(index) != len(self.at):
            raise IndexError(f"{len(self.at)} items and a mask of {len(index)}")
        return Items(item for place, item in self.at.items() if index[place])


class _Items:
    """What the wrong answers below share: all but the mistake."""

    def __init__(self, items):
        self.items = list(items)

    def __getitem__(self, index):
        if isinstance(index, slice):
            return self._slice(index)
        if not isinstance(index, list):
            return self._one(index)
        return self._mask(index) if self._is_mask(index) else self._several(index)

    def _one(self, index):
        return self.items[index]

    def _slice(self, index):
        return type(self)(self.items[index])

    def _several(self, index):
        return type(self)(self.items[place] for place in index)

    def _is_mask(self, index):
        return bool(index) and isinstance(index[0], bool)

    def _mask(self, index):
        self._compare(len(index), len(self.items))
        return type(self)(compress(self.items, index))

    def _compare(self, given, wanted):
        if given != wanted:
            raise IndexError(f"the mask has {given} bools, there are {wanted} items")


@misconception(caught_by="test_an_int_picks_one_item")
class CountsFromOne(_Items):
    "The first item has number 1."

    def _one(self, index):
        return super()._one(index - 1 if index > 0 else index)


@misconception(caught_by="test_any_iterable_will_do")
class CopiesByIndex(_Items):
    "Items come in a sequence, with a length and an index."

    def __init__(self, items):
        self.items = [items[place] for place in range(len(items))]

    def _several(self, index):
        return type(self)([self.items[place] for place in index])

    def _mask(self, index):
        self._compare(len(index), len(self.items))
        return type(self)(list(compress(self.items, index)))


@misconception(caught_by="test_a_slice_gives_items_again")
class SliceGivesAList(_Items):
    "A slice is a list, of whatever it was taken."

    def _slice(self, index):
        return self.items[index]


@misconception(caught_by="test_a_list_gives_items_again")
class ListGivesAList(_Items):
    "A list goes in, so a list comes out."

    def _several(self, index):
        return [self.items[place] for place in index]


@misconception(caught_by="test_a_mask_gives_items_again")
class MaskGivesAList(_Items):
    "What a mask leaves is collected in a list."

    def _mask(self, index):
        return super()._mask(index).items


@misconception(caught_by="test_a_list_of_one_place_gives_items")
class OnePlaceIsAnItem(_Items):
    "A list with one place in it is that place."

    def _several(self, index):
        return self._one(index[0]) if len(index) == 1 else super()._several(index)


@misconception(caught_by="test_a_mask_keeps_the_items_at_its_trues")
class ReadsTheMaskAsPlaces(_Items):
    "Every list of what isinstance calls an int is a list of places."

    def _is_mask(self, index):
        return bool(index) and not isinstance(index[0], int)


@misconception(caught_by="test_zeros_and_ones_are_places")
class ReadsZerosAndOnesAsAMask(_Items):
    "Zeros and ones are a mask."

    def _is_mask(self, index):
        return len(index) == len(self.items) > 0 and all(each in (0, 1) for each in index)

    def _several(self, index):
        if self._holds_bools(index):
            self._compare(len(index), len(self.items))
        return super()._several(index)

    def _holds_bools(self, index):
        return super()._is_mask(index)


@misconception(
    caught_by=(
        "test_a_place_too_far_ahead_is_refused",
        "test_a_place_too_far_back_is_refused",
        "test_a_for_loop_ends",
    )
)
class TakesPlacesModuloTheLength(_Items):
    "Counting from the end means counting modulo the length."

    def _one(self, index):
        return self.items[index % len(self.items)]

    def _several(self, index):
        return type(self)(map(self._one, index))


@misconception(
    caught_by=(
        "test_a_place_too_far_ahead_is_refused",
        "test_a_place_too_far_back_is_refused",
        "test_a_for_loop_ends",
    )
)
class NoneWhereNothingIs(_Items):
    "Where there is no item, None says so."

    def _one(self, index):
        return self.items[index] if -len(self.items) <= index < len(self.items) else None


@misconception(caught_by="test_a_place_too_far_back_is_refused")
class AddsTheLengthUnchecked(_Items):
    "A negative place plus the length is the place meant."

    def _one(self, index):
        return self.items[index + len(self.items) if index < 0 else index]

    def _several(self, index):
        return type(self)(map(self._one, index))


@misconception(caught_by="test_a_negative_place_counts_from_the_end")
class RefusesNegativePlaces(_Items):
    "The first place is 0, so there is none before it."

    def _one(self, index):
        if index < 0:
            raise IndexError(f"there is no item {index}")
        return self.items[index]


@misconception(caught_by=("test_a_for_loop_ends", "test_a_place_too_far_ahead_is_refused"))
class RaisesKeyError(_Items):
    "A place that is not there is a key that is not there."

    def _one(self, index):
        try:
            return self.items[index]
        except IndexError:
            raise KeyError(index) from None

    def _several(self, index):
        return type(self)(map(self._one, index))


@misconception(caught_by="test_a_place_in_a_list_is_checked_too")
class LeavesOutWhatIsNotThere(_Items):
    "A list of places is forgiving, as a slice is."

    def _several(self, index):
        there = range(-len(self.items), len(self.items))
        return super()._several([place for place in index if place in there])


@misconception(caught_by="test_order_and_repeats_of_places_count")
class AsksWhichItemsStay(_Items):
    "A list of places says which items stay."

    def _several(self, index):
        count = len(self.items)
        super()._several(index)
        stay = {place % count for place in index}
        return type(self)(item for place, item in enumerate(self.items) if place in stay)


@misconception(caught_by="test_negative_places_in_a_list_count_from_the_end")
class NegativePlacesOnlyAlone(_Items):
    "Only a place on its own can be counted from the end."

    def _several(self, index):
        if any(place < 0 for place in index):
            raise IndexError("the places of a list count from 0")
        return super()._several(index)


@misconception(caught_by=("test_a_short_mask_is_refused", "test_a_long_mask_is_refused"))
class ZipsTheMask(_Items):
    "zip makes a mask fit."

    def _compare(self, given, wanted):
        pass


@misconception(caught_by="test_a_long_mask_is_refused")
class RefusesShortMasksOnly(_Items):
    "What a mask has too much does no harm."

    def _compare(self, given, wanted):
        super()._compare(min(given, wanted), wanted)


@misconception(caught_by="test_a_short_mask_is_refused")
class RefusesLongMasksOnly(_Items):
    "Where a mask ends, the rest is False."

    def _compare(self, given, wanted):
        super()._compare(max(given, wanted), wanted)


@misconception(caught_by="test_an_empty_list_gives_no_items")
class LooksAtTheFirstEntry(_Items):
    "The first entry tells what a list holds."

    def _is_mask(self, index):
        return isinstance(index[0], bool)


@misconception(caught_by="test_an_empty_list_gives_no_items")
class AnEmptyListIsAMask(_Items):
    "all() of an empty list is True, so an empty list passes for a list of bools."

    def _is_mask(self, index):
        return all(isinstance(each, bool) for each in index)


@misconception(caught_by="test_a_slice_may_have_a_step")
class ForgetsTheStep(_Items):
    "A slice has a start and a stop."

    def _slice(self, index):
        return super()._slice(slice(index.start, index.stop))


@misconception(caught_by="test_a_slice_may_go_beyond_the_end")
class RefusesSlicesBeyondTheEnd(_Items):
    "A slice that goes beyond the end is out of range."

    def _slice(self, index):
        if index.stop is not None and index.stop > len(self.items):
            raise IndexError(f"there are only {len(self.items)} items")
        return super()._slice(index)


@misconception(caught_by="test_later_changes_to_the_list_do_not_matter")
class KeepsTheCallersList(_Items):
    "The list is mine as soon as I have it."

    def __init__(self, items):
        self.items = items if isinstance(items, list) else list(items)


@misconception(caught_by="test_the_list_between_the_brackets_stays_as_it_is")
class UsesUpTheIndex(_Items):
    "A list that was made for the brackets is nobody's afterwards."

    def __getitem__(self, index):
        picked = super().__getitem__(index)
        if isinstance(index, list):
            index.clear()
        return picked


@misconception(caught_by="test_it_has_no_method_for_loops")
class DefinesIter(_Items):
    "A for loop needs __iter__."

    def __iter__(self):
        return iter(self.items)


@misconception(caught_by="test_it_is_no_list")
class IsAList(list):
    "What has brackets is a list."

    def __getitem__(self, index):
        picked = _Items(super().__iter__())[index]
        return type(self)(picked.items) if isinstance(picked, _Items) else picked
