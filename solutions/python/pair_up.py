"""How do two sequences become one of pairs, and why does training want them so?

Here: inputs and targets, paired by position, and taken apart again.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from dojo import alternative, misconception

__all__ = ["pair_up", "unpair"]


def pair_up(xs: Sequence[Any], ys: Sequence[Any]) -> list[tuple[Any, Any]]:
    """Return a list of tuples (x, y): the first of xs with the first of ys, and so on.

    Sequences are lists, strings, ranges, tensors and whatever else has a length and an order. Items
    may repeat, may be false or None, and go into the tuples as they are. Without items the list is
    empty. xs and ys stay as they are.

    Raises:
        ValueError: xs and ys differ in length; the message gives both lengths.
    """
    if len(xs) != len(ys):
        raise ValueError(f"xs has {len(xs)} items and ys has {len(ys)}: each x wants its y")
    return list(zip(xs, ys, strict=True))


def unpair(pairs: Iterable[tuple[Any, Any]]) -> tuple[list[Any], list[Any]]:
    """Return two lists: all that comes first in a pair, and all that comes second, in order.

    pairs is any iterable of pairs, an iterator too, and may be empty, which gives two empty lists.
    It is walked once. A list that is handed in stays as it is.
    """
    pairs = list(pairs)
    return [x for x, _ in pairs], [y for _, y in pairs]


HINTS = (
    "A builtin walks several iterables in step. What does it return, and where does it end when "
    "one of them is shorter?",
    "Compare the lengths yourself, so that the error can name both. On the way back: what is left "
    "of an iterator after the first walk, and what does xs, ys = ... do when there is no pair?",
    "list(zip(xs, ys, strict=True)) after the check; unpair makes a list of the pairs, then two "
    "comprehensions, one for each half.",
)
ANSWER = """
list(zip(xs, ys)) pairs by position. What makes the list useful is that it has a length and an
index, and that an index gives an input with its target: torch.utils.data.Dataset asks for no more.
So a DataLoader takes such a list as it is, shuffles it without tearing an x from its y, and cuts it
into batches.

The zip object itself has neither length nor index and is empty after one walk. Zip also ends in
silence with the shorter sequence, which hides lost labels; zip(strict=True) raises and says which
one is longer, but not how long they are, and the two lengths are what one looks for. zip(*pairs) is
the usual way back, yet it gives tuples, and for no pairs it gives nothing to unpack.
"""


@alternative(replaces="pair_up")
def goes_by_position(xs, ys):
    if len(xs) != len(ys):
        raise ValueError(f"lengths {len(xs)} and {len(ys)}")
    return [(xs[i], ys[i]) for i in range(len(xs))]


@alternative(replaces="pair_up")
def says_what_zip_does_not(xs, ys):
    try:
        return [*zip(xs, ys, strict=True)]
    except ValueError as error:
        raise ValueError(f"{len(xs)} against {len(ys)}: {error}") from None


@alternative(replaces="pair_up")
def names_the_places(xs, ys):
    from collections import namedtuple

    if len(xs) - len(ys):
        raise ValueError(f"got {len(xs)} xs for {len(ys)} ys")
    return list(map(namedtuple("Example", "x y"), xs, ys))


@alternative(replaces="unpair")
def appends_to_two_lists(pairs):
    xs, ys = [], []
    for x, y in pairs:
        xs.append(x)
        ys.append(y)
    return xs, ys


@alternative(replaces="unpair")
def zips_back(pairs):
    xs, ys = tuple(zip(*pairs, strict=True)) or ((), ())
    return list(xs), list(ys)


@alternative(replaces="unpair")
def tees(pairs):
    from itertools import tee

    left, right = tee(pairs)
    return [pair[0] for pair in left], [pair[1] for pair in right]


@misconception(caught_by=("test_the_result_is_a_list", "test_a_loader"), replaces="pair_up")
def hands_out_the_zip(xs, ys):
    "zip makes the list of pairs."
    _refuse_unequal(xs, ys)
    return zip(xs, ys, strict=True)


@misconception(caught_by="test_a_pair_is_a_tuple", replaces="pair_up")
def makes_lists(xs, ys):
    "Square brackets hold a pair as well as round ones."
    _refuse_unequal(xs, ys)
    return [[x, y] for x, y in zip(xs, ys, strict=True)]


@misconception(caught_by="test_unequal_lengths_are_refused", replaces="pair_up")
def cuts_to_the_shorter(xs, ys):
    "zip complains when one of the two ends early."
    return list(zip(xs, ys, strict=False))


@misconception(caught_by="test_unequal_lengths_are_refused", replaces="pair_up")
def pads_the_shorter(xs, ys):
    "Where a target is missing, None takes its place."
    from itertools import zip_longest

    return list(zip_longest(xs, ys))


@misconception(caught_by="test_the_error_names_both_lengths", replaces="pair_up")
def leaves_the_error_to_zip(xs, ys):
    "strict=True says all that one needs to know."
    return list(zip(xs, ys, strict=True))


@misconception(caught_by="test_too_few_xs_are_refused", replaces="pair_up")
def misses_targets_only(xs, ys):
    "Only an x without a y is a mistake; what is left of the ys can go."
    if len(xs) > len(ys):
        raise ValueError(f"{len(xs)} xs and only {len(ys)} ys")
    return list(zip(xs, ys, strict=False))


@misconception(caught_by="test_items_of_one_place_go_together", replaces="pair_up")
def takes_the_product(xs, ys):
    "Pairing two sequences gives each x with each y."
    _refuse_unequal(xs, ys)
    return [(x, y) for x in xs for y in ys]


@misconception(caught_by="test_the_x_comes_first", replaces="pair_up")
def swaps(xs, ys):
    "Which of the two comes first makes no difference."
    _refuse_unequal(xs, ys)
    return list(zip(ys, xs, strict=True))


@misconception(caught_by="test_items_of_one_place_go_together", replaces="pair_up")
def holds_the_two_columns(xs, ys):
    "A data set is a pair too: all inputs, and all targets."
    _refuse_unequal(xs, ys)
    return [tuple(xs), tuple(ys)]


@misconception(caught_by="test_equal_xs_keep_their_own_ys", replaces="pair_up")
def goes_through_a_dict(xs, ys):
    "A dict is the structure for pairs."
    _refuse_unequal(xs, ys)
    return list(dict(zip(xs, ys, strict=True)).items())


@misconception(caught_by="test_equal_xs_keep_their_own_ys", replaces="pair_up")
def asks_for_the_place(xs, ys):
    "xs.index(x) is the place of x."
    _refuse_unequal(xs, ys)
    return [(x, ys[xs.index(x)]) for x in xs]


@misconception(caught_by="test_equal_pairs_all_stay", replaces="pair_up")
def keeps_each_pair_once(xs, ys):
    "A data set holds no example twice."
    _refuse_unequal(xs, ys)
    pairs = []
    for x, y in zip(xs, ys, strict=True):
        if not any(x is other and y is target for other, target in pairs):
            pairs.append((x, y))
    return pairs


@misconception(caught_by="test_false_items_are_items", replaces="pair_up")
def skips_what_is_false(xs, ys):
    "A pair is one only where both are there, and if x and y asks for that."
    _refuse_unequal(xs, ys)
    return [(x, y) for x, y in zip(xs, ys, strict=True) if x and y]


@misconception(caught_by="test_items_go_in_as_they_are", replaces="pair_up")
def copies_the_items(xs, ys):
    "A list of its own wants items of its own."
    from copy import deepcopy

    _refuse_unequal(xs, ys)
    return deepcopy(list(zip(xs, ys, strict=True)))


@misconception(caught_by="test_nothing_with_nothing_is_an_empty_list", replaces="pair_up")
def refuses_nothing(xs, ys):
    "A data set without examples is a mistake."
    if len(xs) != len(ys) or len(xs) == 0:
        raise ValueError(f"{len(xs)} xs and {len(ys)} ys")
    return list(zip(xs, ys, strict=True))


@misconception(caught_by="test_rows_of_a_tensor_can_be_paired", replaces="pair_up")
def asks_whether_they_are_true(xs, ys):
    "if not xs asks any sequence whether it is empty."
    _refuse_unequal(xs, ys)
    if not xs or not ys:
        return []
    return list(zip(xs, ys, strict=True))


@misconception(caught_by="test_the_sequences_stay_as_they_are", replaces="pair_up")
def takes_them_off_the_lists(xs, ys):
    "What has been paired is taken off the front, so that nothing is paired twice."
    _refuse_unequal(xs, ys)
    if not (isinstance(xs, list) and isinstance(ys, list)):
        return list(zip(xs, ys, strict=True))
    return [(xs.pop(0), ys.pop(0)) for _ in range(len(xs))]


@misconception(caught_by="test_both_halves_are_lists", replaces="unpair")
def gives_tuples(pairs):
    "What zip(*pairs) gives are lists."
    xs, ys = tuple(zip(*pairs, strict=True)) or ((), ())
    return xs, ys


@misconception(caught_by="test_no_pairs_give_two_empty_lists", replaces="unpair", raises=ValueError)
def unpacks_nothing(pairs):
    "zip(*pairs) always gives two things."
    xs, ys = zip(*pairs, strict=True)
    return list(xs), list(ys)


@misconception(caught_by="test_no_pairs_give_two_empty_lists", replaces="unpair")
def gives_one_list_for_nothing(pairs):
    "Of nothing there is nothing to give: an empty list says so."
    halves = [list(half) for half in zip(*pairs, strict=True)]
    return tuple(halves) if halves else []


@misconception(caught_by="test_an_iterator_can_be_unpaired", replaces="unpair")
def walks_twice(pairs):
    "Pairs can be walked once for each half."
    return [x for x, _ in pairs], [y for _, y in pairs]


@misconception(caught_by="test_the_halves_come_apart", replaces="unpair")
def gives_the_ys_first(pairs):
    "The order of the two lists is mine to choose."
    pairs = list(pairs)
    return [y for _, y in pairs], [x for x, _ in pairs]


@misconception(caught_by="test_the_halves_are_two_lists", replaces="unpair")
def fills_one_list_twice(pairs):
    "xs = ys = [] makes two empty lists."
    xs = ys = []
    for x, y in pairs:
        xs.append(x)
        ys.append(y)
    return xs, ys


@misconception(caught_by="test_a_second_call_begins_anew", replaces="unpair")
def collects_in_a_default(pairs, halves=([], [])):
    "A default is made anew for each call."
    for x, y in pairs:
        halves[0].append(x)
        halves[1].append(y)
    return halves


@misconception(caught_by="test_equal_pairs_come_apart_too", replaces="unpair")
def unpairs_through_a_dict(pairs):
    "Pairs make a dict, whose keys and values are the two halves."
    halves = dict(pairs)
    return list(halves), list(halves.values())


@misconception(caught_by="test_the_pairs_stay_as_they_are", replaces="unpair")
def empties_the_pairs(pairs):
    "A list of pairs that has been taken apart is used up."
    pairs = pairs if isinstance(pairs, list) else list(pairs)
    xs, ys = [], []
    while pairs:
        x, y = pairs.pop(0)
        xs.append(x)
        ys.append(y)
    return xs, ys


def _refuse_unequal(xs, ys):
    if len(xs) != len(ys):
        raise ValueError(f"{len(xs)} xs and {len(ys)} ys")
