"""What can sorted() sort?

Here: the callbacks of a training loop, which are functions, classes and objects of any kind, into
the order in which they run.
"""

import heapq
from bisect import bisect_right
from collections.abc import Iterable
from operator import attrgetter
from typing import Any

from dojo import alternative, misconception

__all__ = ["run_order"]


def run_order(callbacks: Iterable[Any]) -> list[Any]:
    """Return the callbacks as a new list in the order in which they run, smallest `order` first.

    A callback is any object: a function, a class, an instance. Its attribute `order`, wherever it
    has that from, is an int or a finite float, which may be negative; without the attribute its
    order is 0. Callbacks of equal order keep the order in which they came, and one that came twice
    is there twice.

    Nothing else about them counts, and nothing is done to them: they may be unable to compare, to
    hash or to say whether they are true, they are not called, and get no attributes. The list
    holds the very objects that came in. callbacks is any iterable, walked once, and may be empty;
    a list that is handed in stays as it is.
    """
    return sorted(callbacks, key=lambda callback: getattr(callback, "order", 0))


HINTS = (
    "What does < say about two functions? Must it be the callbacks themselves that are compared?",
    "sorted(items, key=f) calls f once for each item and compares only what it returns. What does "
    "getattr do with a third argument?",
    'sorted(callbacks, key=lambda callback: getattr(callback, "order", 0))',
)
ANSWER = """
Anything that can be iterated over, as long as what is compared knows <. That is the items
themselves, or with key= what the key function returns for each; then the items may be functions,
classes, or objects that have nothing in common. sorted() makes a new list, list.sort() changes one
and returns None.

Sorting is stable: equal keys keep their places, with reverse=True as well. Sorting backwards and
then reversing the list turns ties round. Stability is why libraries can promise that callbacks of
one order run as they were added. Pairs of (key, item) are the old way to do without key=, and they
work until two keys are equal: then the items are compared, and functions have no <. With the place
as a second entry, (key, place, item), the pairs are right again, since no two places are equal.
"""


def _order(callback):
    return getattr(callback, "order", 0)


@alternative
def sorts_a_copy(callbacks):
    def order(callback):
        try:
            return callback.order
        except AttributeError:
            return 0

    result = [*callbacks]
    result.sort(key=order)
    return result


@alternative
def adds_the_place_to_the_pair(callbacks):
    triples = [(_order(callback), place, callback) for place, callback in enumerate(callbacks)]
    return [callback for *_, callback in sorted(triples)]


@alternative
def inserts_one_by_one(callbacks):
    orders, result = [], []
    for callback in callbacks:
        order = callback.order if hasattr(callback, "order") else 0
        place = bisect_right(orders, order)
        orders.insert(place, order)
        result.insert(place, callback)
    return result


@alternative
def groups_by_order(callbacks):
    groups = {}
    for callback in callbacks:
        groups.setdefault(_order(callback), []).append(callback)
    return [callback for order in sorted(groups) for callback in groups[order]]


@alternative
def sorts_from_the_largest_negative(callbacks):
    return sorted(callbacks, key=lambda callback: -_order(callback), reverse=True)


@alternative
def takes_them_from_a_heap(callbacks):
    heap = [(_order(callback), place, callback) for place, callback in enumerate(callbacks)]
    heapq.heapify(heap)
    return [heapq.heappop(heap)[2] for _ in range(len(heap))]


@misconception(caught_by="test_the_smallest_order_comes_first")
def leaves_them_as_they_came(callbacks):
    "Functions know no <, so they cannot be sorted."
    return list(callbacks)


@misconception(caught_by="test_the_smallest_order_comes_first")
def sorts_by_name(callbacks):
    "sorted() sorts by name, since that is what functions and classes have."
    return sorted(callbacks, key=lambda each: getattr(each, "__name__", type(each).__name__))


@misconception(caught_by="test_the_smallest_order_comes_first")
def puts_the_largest_first(callbacks):
    "A larger order is more important, and comes first."
    return sorted(callbacks, key=_order, reverse=True)


@misconception(caught_by="test_a_large_order_is_a_number")
def sorts_the_digits(callbacks):
    "What is compared has to be of one type, so make it a str."
    return sorted(callbacks, key=lambda callback: str(_order(callback)))


@misconception(caught_by="test_a_negative_order_comes_before_zero")
def counts_negatives_from_the_end(callbacks):
    "An order of -1 means last, as with an index."
    return sorted(callbacks, key=lambda callback: (_order(callback) < 0, _order(callback)))


@misconception(caught_by="test_two_negative_orders_are_told_apart")
def sorts_by_size(callbacks):
    "What counts is the size of an order."
    order = _order
    return sorted(callbacks, key=lambda callback: (order(callback) >= 0, abs(order(callback))))


@misconception(caught_by="test_fractions_of_an_order_count")
def cuts_to_whole_numbers(callbacks):
    "An order is a whole number."
    return sorted(callbacks, key=lambda callback: int(_order(callback)))


@misconception(caught_by="test_equal_orders_keep_their_places")
def sorts_backwards_and_reverses(callbacks):
    "The reverse of the reverse is what one began with."
    return sorted(callbacks, key=lambda callback: -_order(callback))[::-1]


@misconception(caught_by="test_equal_orders_are_not_put_by_name")
def settles_ties_by_name(callbacks):
    "A tie has to be settled by something, and the name is what there is."

    def name(callback):
        return getattr(callback, "__name__", type(callback).__name__)

    return sorted(callbacks, key=lambda callback: (_order(callback), name(callback)))


@misconception(caught_by="test_what_cannot_compare_is_not_compared")
def sorts_pairs(callbacks):
    "A list of (order, callback) sorts by the order."
    return [callback for _, callback in sorted((_order(each), each) for each in callbacks)]


@misconception(caught_by="test_equal_orders_keep_their_places")
def keeps_one_of_each_order(callbacks):
    "An order is a place, and a place has one callback."
    places = {}
    for callback in callbacks:
        places.setdefault(_order(callback), callback)
    return [places[order] for order in sorted(places)]


@misconception(caught_by="test_one_that_came_twice_is_there_twice")
def drops_the_second_of_the_same(callbacks):
    "A callback has to run once, however often it was added."
    different = {id(callback): callback for callback in callbacks}
    return sorted(different.values(), key=_order)


@misconception(caught_by=("test_none_comes_after_negative", "test_none_comes_before_positive"))
def asks_for_the_attribute(callbacks):
    "Every callback has an order."
    return sorted(callbacks, key=attrgetter("order"))


@misconception(caught_by="test_none_comes_before_positive")
def puts_those_without_last(callbacks):
    "Who has no order waits until the others are done."
    return sorted(callbacks, key=lambda callback: getattr(callback, "order", float("inf")))


@misconception(caught_by="test_none_comes_after_negative")
def puts_those_without_first(callbacks):
    "No order is less than any order."
    return sorted(callbacks, key=lambda callback: getattr(callback, "order", float("-inf")))


@misconception(caught_by="test_the_order_may_come_from_the_class")
def looks_into_the_dict(callbacks):
    "An object's attributes are in its __dict__."
    return sorted(callbacks, key=lambda callback: getattr(callback, "__dict__", {}).get("order", 0))


@misconception(caught_by="test_a_class_is_sorted_as_it_is")
def makes_objects_of_classes(callbacks):
    "A class has to be made an object before it can be used."
    made = [callback() if isinstance(callback, type) else callback for callback in callbacks]
    return sorted(made, key=_order)


@misconception(caught_by="test_one_that_is_false_stays")
def skips_what_is_false(callbacks):
    "A callback that is false is None, and is not there."
    return sorted((callback for callback in callbacks if callback), key=_order)


@misconception(caught_by="test_the_callers_list_stays_as_it_is")
def sorts_in_place(callbacks):
    "sort() and sorted() are the same."
    result = callbacks if isinstance(callbacks, list) else list(callbacks)
    result.sort(key=_order)
    return result


@misconception(caught_by="test_the_result_is_a_list")
def returns_what_sort_returns(callbacks):
    "sort() returns the sorted list."
    return list(callbacks).sort(key=_order)


@misconception(caught_by="test_the_result_is_a_list")
def returns_a_tuple(callbacks):
    "An order that is settled is a tuple."
    return tuple(sorted(callbacks, key=_order))


@misconception(caught_by="test_any_iterable_will_do")
def walks_it_twice(callbacks):
    "An iterable starts anew with every loop."
    orders = [_order(callback) for callback in callbacks]
    pairs = zip(orders, callbacks, strict=False)
    return [callback for _, callback in sorted(pairs, key=lambda pair: pair[0])]


@misconception(caught_by="test_they_get_no_attribute")
def gives_each_an_order(callbacks):
    "Whoever has no order gets one, so that it can be asked for later."
    callbacks = list(callbacks)
    for callback in callbacks:
        if not hasattr(callback, "order"):
            try:
                callback.order = 0
            except (AttributeError, TypeError):
                continue
    return sorted(callbacks, key=_order)
