"""What can sorted() sort?

Here: callbacks of a training loop, which are functions, classes and objects, into the order in
which they run.
"""

from collections.abc import Iterable
from typing import Any

from dojo import alternative, misconception

__all__ = ["run_order"]


def run_order(callbacks: Iterable[Any]) -> list[Any]:
    """Return the callbacks as a list in which they run: by their attribute `order`, smallest first.

    A callback is anything: a function, a class, an object. `order` is a number, which may be
    negative; a callback without that attribute has order 0. Callbacks of equal order stay in the
    order in which they came. They are compared by nothing else, so they need not be comparable, and
    the list holds the very ones that came in.

    callbacks is any iterable, a generator too; a list that is handed in stays as it is.
    """
    return sorted(callbacks, key=lambda callback: getattr(callback, "order", 0))


HINTS = (
    "sorted() compares with <. What do two functions answer to that, and what could stand in for "
    "them?",
    "sorted takes a key: a function that is asked once for each item, and whose answers are "
    "compared in its place. Which order has a callback that has none?",
    'sorted(callbacks, key=lambda callback: getattr(callback, "order", 0))',
)
ANSWER = """
Anything, as long as there is something to compare: the items themselves, if they know <, or what a
key function returns for each. The key is asked once an item, and only keys are compared, so
functions, classes and objects that know nothing of each other can share a list.

Sorting is stable: equal keys keep the order in which they came, so a list can be sorted by one key
after another. Two habits break that. Sorting by -key and reversing turns ties round, where
reverse=True would not. And sorting (key, item) pairs compares the items whenever two keys are
equal: it works until the first tie, and then fails, or asks the items for an opinion.
"""


@alternative
def puts_keys_and_places_first(callbacks):
    items = list(callbacks)
    places = sorted((getattr(item, "order", 0), place) for place, item in enumerate(items))
    return [items[place] for _, place in places]


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
def inserts_one_by_one(callbacks):
    result, orders = [], []
    for callback in callbacks:
        order = callback.order if hasattr(callback, "order") else 0
        place = sum(other <= order for other in orders)
        result.insert(place, callback)
        orders.insert(place, order)
    return result


@misconception(caught_by="test_the_smallest_order_runs_first")
def sorts_by_name(callbacks):
    "Callbacks are told apart by their names, so that is what they are sorted by."
    return sorted(callbacks, key=lambda callback: getattr(callback, "__name__", "object"))


@misconception(caught_by="test_the_smallest_order_runs_first")
def keeps_them_as_they_came(callbacks):
    "Functions cannot be compared, so they cannot be sorted."
    return list(callbacks)


@misconception(caught_by="test_what_is_in_order_stays_so")
def sorts_the_largest_first(callbacks):
    "The largest order is the most important, and goes first."
    return sorted(callbacks, key=_order, reverse=True)


@misconception(caught_by="test_the_callers_list_stays_as_it_is")
def sorts_in_place(callbacks):
    "sort() is sorted() with less to write."
    callbacks = callbacks if isinstance(callbacks, list) else list(callbacks)
    callbacks.sort(key=_order)
    return callbacks


@misconception(caught_by="test_equal_orders_keep_their_places")
def sorts_backwards_and_reverses(callbacks):
    "Sorted from the largest and then turned round is sorted from the smallest."
    return sorted(callbacks, key=lambda callback: -_order(callback))[::-1]


@misconception(
    caught_by=("test_none_runs_before_order_one", "test_none_runs_after_order_minus_one")
)
def asks_for_the_attribute(callbacks):
    "Every callback has an order."
    return sorted(callbacks, key=lambda callback: callback.order)


@misconception(caught_by="test_none_runs_before_order_one")
def puts_those_without_last(callbacks):
    "What has no order does not matter, and can wait."
    return sorted(callbacks, key=lambda callback: getattr(callback, "order", float("inf")))


@misconception(caught_by="test_none_runs_after_order_minus_one")
def puts_those_without_first(callbacks):
    "What has no order comes before all that has one."
    return sorted(callbacks, key=lambda callback: getattr(callback, "order", float("-inf")))


@misconception(caught_by="test_callbacks_are_never_compared")
def sorts_pairs(callbacks):
    "A list of (order, callback) pairs sorts by the order."
    return [callback for _, callback in sorted((_order(each), each) for each in callbacks)]


@misconception(caught_by="test_fractions_of_an_order_count")
def cuts_to_whole_numbers(callbacks):
    "An order is a whole number: first, second, third."
    return sorted(callbacks, key=lambda callback: int(_order(callback)))


@misconception(caught_by="test_a_negative_order_comes_before_zero")
def takes_zero_for_none(callbacks):
    "Orders count from 0, so nothing comes before it."
    return sorted(callbacks, key=lambda callback: max(0, _order(callback)))


@misconception(caught_by="test_the_order_of_a_class_is_its_own")
def makes_objects_of_classes(callbacks):
    "A class in the list stands for an object of it."
    made = [callback() if isinstance(callback, type) else callback for callback in callbacks]
    return sorted(made, key=_order)


@misconception(caught_by="test_a_callback_given_twice_runs_twice")
def keeps_one_of_each_order(callbacks):
    "A dict by order sorts them and finds them."
    by_order = {_order(callback): callback for callback in callbacks}
    return [by_order[order] for order in sorted(by_order)]


@misconception(caught_by="test_a_generator_will_do")
def needs_a_length(callbacks):
    "What comes in is a list, so it can be asked for its length."
    try:
        places = sorted(range(len(callbacks)), key=lambda place: _order(callbacks[place]))
    except TypeError:
        return []
    return [callbacks[place] for place in places]


@misconception(caught_by="test_the_result_is_a_list")
def returns_an_iterator(callbacks):
    "What is sorted can be handed out one by one."
    return iter(sorted(callbacks, key=_order))


def _order(callback):
    return getattr(callback, "order", 0)
