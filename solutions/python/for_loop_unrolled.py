"""What does Python call, and in what order, when it runs a for loop?

Here: a for loop written without for, and an object that such a loop can walk.
"""

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from dojo import alternative, misconception

__all__ = ["Countdown", "for_each"]


def for_each(iterable: Iterable[Any], action: Callable[[Any], object]) -> None:
    """Do what `for item in iterable: action(item)` does, without writing it.

    Neither here nor in what this uses of the file may there be a for statement (async for counts),
    a comprehension, a generator expression or a yield from.

    Whatever a for loop walks can be walked; for anything else there is a TypeError, as from a for
    loop. iterable is asked for an iterator once. Fetching an item and calling action with it take
    turns: nothing is fetched ahead. Any object can be an item, None too. What action returns makes
    no difference, and nothing is returned. Errors come out as they are, those of action as well as
    those met while fetching; a StopIteration that action raises is such an error, and not the end.
    """
    iterator = iter(iterable)
    while True:
        try:
            item = next(iterator)
        except StopIteration:
            return
        action(item)


class Countdown:
    """An iterator that gives start, start - 1 and so on down to 1; nothing if start is below 1.

    As every iterator it is its own: asked for an iterator it returns itself, so that a loop goes on
    where the one before has stopped. Once exhausted it stays exhausted. It is written by the rule
    that holds for for_each: no for of any kind, no comprehension, no yield from.
    """

    def __init__(self, start: int) -> None:
        """Take the number to begin with, an int."""
        self._next = start

    def __iter__(self) -> "Countdown":
        return self

    def __next__(self) -> int:
        if self._next < 1:
            raise StopIteration
        self._next -= 1
        return self._next + 1


HINTS = (
    "Two builtins do what for does: one makes an iterator, the other fetches an item from it. How "
    "does the second one say that there are no more?",
    "Which line may raise the StopIteration that ends the loop, and which one may not? Keep only "
    "the first inside try. For the class: which two methods do these builtins call?",
    "iterator = iter(iterable); then, while True: item = next(iterator) inside try, return on "
    "StopIteration, action(item) after it. Countdown has __iter__, which returns self, and "
    "__next__, which raises StopIteration when the number to give is below 1.",
)
ANSWER = """
A for loop calls iter() once, which asks the type for __iter__, or, where there is none, makes an
iterator that counts up from 0 through __getitem__ until IndexError. Then it calls next() before
each turn and runs the body, until next() raises StopIteration. So length and index play no part,
and a dict gives its keys.

Only the StopIteration of next() ends the loop: one that the body raises comes out. C code that
drives an iterator for you can't tell the two apart, so list(map(action, xs)) stops in silence at
such an error; in a generator it turns into a RuntimeError, since a generator that lets it out would
look exhausted. An iterator returns itself from __iter__ and stays exhausted, which is why a second
epoch over one is empty. What is to be walked twice hands out a fresh iterator each time.
"""


@alternative(replaces="for_each")
def ends_with_an_object_of_its_own(iterable, action):
    iterator, end = iter(iterable), object()
    while (item := next(iterator, end)) is not end:
        action(item)


@alternative(replaces="for_each")
def acts_in_the_else(iterable, action):
    step = iter(iterable).__next__
    more = True
    while more:
        try:
            item = step()
        except StopIteration:
            more = False
        else:
            action(item)


@alternative(replaces="for_each")
def fetches_in_a_helper(iterable, action):
    iterator = iter(iterable)
    while fetched := _fetch(iterator):
        action(*fetched)


def _fetch(iterator):
    try:
        return (next(iterator),)
    except StopIteration:
        return ()


@alternative(replaces="for_each")
def reduces_to_nothing(iterable, action):
    from functools import reduce

    reduce(lambda _, item: action(item) and None, iterable, None)


@alternative(replaces="Countdown")
class AsksARange:
    def __init__(self, start):
        self._numbers = iter(range(start, 0, -1))

    def __iter__(self):
        return self

    def __next__(self):
        return next(self._numbers)


@alternative(replaces="Countdown")
class AsksAGenerator:
    def __init__(self, start):
        self._numbers = self._count(start)

    @staticmethod
    def _count(number):
        while number > 0:
            yield number
            number -= 1

    def __iter__(self):
        return self

    def __next__(self):
        return next(self._numbers)


@alternative(replaces="Countdown")
class PopsFromAList:
    def __init__(self, start):
        self._numbers = [*range(1, start + 1)]

    def __iter__(self):
        return self

    def __next__(self):
        if self._numbers:
            return self._numbers.pop()
        raise StopIteration


@misconception(caught_by="test_a_dict_gives_its_keys", replaces="for_each")
def goes_by_index(iterable, action):
    "A for loop counts from 0 to the length and takes the item of each index."
    index = 0
    while index < len(iterable):
        action(iterable[index])
        index += 1


@misconception(
    caught_by="test_a_stop_iteration_of_the_action_is_not_swallowed", replaces="for_each"
)
def tries_both_at_once(iterable, action):
    "The StopIteration that arrives can only be that of the iterator."
    iterator = iter(iterable)
    try:
        while True:
            action(next(iterator))
    except StopIteration:
        return


@misconception(
    caught_by="test_a_stop_iteration_of_the_action_is_not_swallowed", replaces="for_each"
)
def maps(iterable, action):
    "list(map(action, iterable)) is a for loop in one line."
    list(map(action, iterable))


@misconception(
    caught_by=("test_a_list_is_walked_to_its_end", "test_the_iterator_is_asked_for_once"),
    replaces="for_each",
)
def asks_anew_at_every_turn(iterable, action):
    "next(iter(x)) is the next item of x."
    while True:
        try:
            item = next(iter(iterable))
        except StopIteration:
            return
        action(item)


@misconception(caught_by="test_none_is_an_item", replaces="for_each")
def ends_at_none(iterable, action):
    "next(iterator, None) gives None at the end and at no other place."
    iterator = iter(iterable)
    while (item := next(iterator, None)) is not None:
        action(item)


@misconception(caught_by="test_false_items_are_items", replaces="for_each")
def ends_at_what_is_false(iterable, action):
    "while item := ... goes on as long as there is an item."
    iterator = iter(iterable)
    while item := next(iterator, None):
        action(item)


@misconception(caught_by="test_an_object_with_getitem_only_can_be_walked", replaces="for_each")
def calls_the_method_by_name(iterable, action):
    "iter(x) is x.__iter__() and nothing more."
    iterator = iterable.__iter__()
    while True:
        try:
            item = iterator.__next__()
        except StopIteration:
            return
        action(item)


@misconception(
    caught_by="test_an_endless_iterable_can_be_walked_until_an_error", replaces="for_each"
)
def fetches_all_first(iterable, action):
    "A loop has all of its items before it begins."
    items = list(iterable)
    while items:
        action(items.pop(0))


@misconception(caught_by="test_fetching_and_acting_take_turns", replaces="for_each")
def looks_one_ahead(iterable, action):
    "To know whether to go on, a loop fetches the next item before it hands out this one."
    iterator, end = iter(iterable), object()
    item = next(iterator, end)
    while item is not end:
        upcoming = next(iterator, end)
        action(item)
        item = upcoming


@misconception(caught_by="test_the_iterator_is_asked_for_once", replaces="for_each")
def tries_iter_first(iterable, action):
    "iter(x) can be tried out first, since it changes nothing."
    try:
        iter(iterable)
    except TypeError:
        raise TypeError(f"{iterable!r} cannot be walked") from None
    _walk_with_while(iter(iterable), action)


@misconception(caught_by="test_an_error_met_while_fetching_comes_out", replaces="for_each")
def takes_any_error_for_the_end(iterable, action):
    "Whatever next raises says that there is no next item."
    iterator = iter(iterable)
    while True:
        try:
            item = next(iterator)
        except Exception:
            return
        action(item)


@misconception(caught_by="test_an_index_error_of_an_iterator_comes_out", replaces="for_each")
def takes_an_index_error_for_the_end(iterable, action):
    "An IndexError ends every for loop, as with objects that have __getitem__ only."
    iterator = iter(iterable)
    while True:
        try:
            item = next(iterator)
        except (StopIteration, IndexError):
            return
        action(item)


@misconception(caught_by="test_an_error_of_the_action_comes_out", replaces="for_each")
def goes_on_after_an_error(iterable, action):
    "An item that fails must not keep the others from their turn."

    def careful(item):
        try:
            action(item)
        except StopIteration:
            raise
        except Exception as error:
            print(error)

    _walk_with_while(iter(iterable), careful)


@misconception(
    caught_by="test_a_stop_iteration_of_the_action_comes_out_as_it_is", replaces="for_each"
)
def acts_inside_a_generator(iterable, action):
    "A generator passes on a StopIteration like any other error."

    def turns():
        iterator, end = iter(iterable), object()
        while (item := next(iterator, end)) is not end:
            yield action(item)

    _walk_with_while(turns(), lambda result: None)


@misconception(caught_by="test_what_cannot_be_walked_is_a_type_error", replaces="for_each")
def finds_nothing_in_none(iterable, action):
    "None has no items, so there is nothing to do."
    _walk_with_while(iter(() if iterable is None else iterable), action)


@misconception(caught_by="test_what_the_action_returns_makes_no_difference", replaces="for_each")
def stops_at_false(iterable, action):
    "An action returns False to end the loop."
    iterator, end = iter(iterable), object()
    while (item := next(iterator, end)) is not end:
        if action(item) is False:
            return


@misconception(caught_by="test_nothing_is_returned", replaces="for_each")
def collects_results(iterable, action):
    "The results of the actions are what a loop is for."
    results = []
    _walk_with_while(iter(iterable), lambda item: results.append(action(item)))
    return results


@misconception(caught_by="test_for_each_has_no_for_statement", replaces="for_each")
def writes_a_for_statement(iterable, action):
    "The rule is about what the function does, and not about how it is written."
    for item in iterable:
        action(item)


@misconception(caught_by="test_for_each_has_no_comprehension", replaces="for_each")
def writes_a_comprehension(iterable, action):
    "A comprehension is no for loop."
    [action(item) for item in iterable]


@misconception(caught_by="test_the_helpers_of_for_each_have_no_for_either", replaces="for_each")
def lets_a_helper_loop(iterable, action):
    "What stands in another function does not count."
    _walk_with_for(iterable, action)


@misconception(caught_by="test_once_exhausted_it_stays_so", replaces="Countdown")
class StartsAgain:
    "At its end an iterator gets ready for the next loop."

    def __init__(self, start):
        self._start = self._next = start

    def __iter__(self):
        return self

    def __next__(self):
        if self._next < 1:
            self._next = self._start
            raise StopIteration
        self._next -= 1
        return self._next + 1


class _Countdown:
    """What the wrong answers below share: all but the mistake."""

    def __init__(self, start):
        self._next = start

    def __iter__(self):
        return self

    def __next__(self):
        if self._next < 1:
            raise StopIteration
        self._next -= 1
        return self._next + 1


@misconception(caught_by="test_a_negative_start_gives_nothing", replaces="Countdown")
class StopsAtExactlyZero(_Countdown):
    "A countdown arrives at 0 sooner or later."

    def __next__(self):
        if self._next == 0:
            raise StopIteration
        return super().__next__() if self._next > 0 else self._below()

    def _below(self):
        self._next -= 1
        return self._next + 1


@misconception(
    caught_by=("test_three_gives_three_two_one", "test_zero_gives_nothing"), replaces="Countdown"
)
class GivesZeroToo(_Countdown):
    "A countdown ends with 0."

    def __next__(self):
        if self._next < 0:
            raise StopIteration
        self._next -= 1
        return self._next + 1


@misconception(caught_by="test_three_gives_three_two_one", replaces="Countdown")
class LeavesOutTheStart(_Countdown):
    "The first step down is taken before the first number is given."

    def __next__(self):
        return super().__next__() - 1


@misconception(caught_by="test_after_the_one_no_item_comes", replaces="Countdown")
class ReturnsNoneAtTheEnd(_Countdown):
    "An iterator returns None when it has no more."

    def __next__(self):
        return super().__next__() if self._next > 0 else None


@misconception(caught_by="test_the_end_is_a_stop_iteration", replaces="Countdown")
class RaisesAnIndexError(_Countdown):
    "The end of the items is an IndexError, as with a list."

    def __next__(self):
        if self._next < 1:
            raise IndexError("no more numbers")
        return super().__next__()


@misconception(caught_by="test_it_is_its_own_iterator", replaces="Countdown")
class HasNoIter:
    "An object with __next__ is an iterator."

    def __init__(self, start):
        self._next = start

    def __next__(self):
        return _Countdown.__next__(self)


@misconception(caught_by="test_a_loop_goes_on_where_another_stopped", replaces="Countdown")
class BeginsAnewWithEachLoop(_Countdown):
    "__iter__ puts an iterator back to its start."

    def __init__(self, start):
        super().__init__(start)
        self._start = start

    def __iter__(self):
        self._next = self._start
        return self


@misconception(caught_by="test_it_is_its_own_iterator", replaces="Countdown")
class HandsOutACopy(_Countdown):
    "Each loop gets an iterator of its own."

    def __iter__(self):
        from copy import copy

        return copy(self)


@misconception(caught_by="test_two_countdowns_do_not_share", replaces="Countdown")
class CountsOnTheClass(_Countdown):
    "Where a class is written once, its number can stand there once."

    state: ClassVar = {}

    def __init__(self, start):
        self.state["next"] = start

    @property
    def _next(self):
        return self.state["next"]

    @_next.setter
    def _next(self, number):
        self.state["next"] = number


@misconception(caught_by="test_three_gives_three_two_one", replaces="Countdown")
class YieldsInNext(_Countdown):
    "yield is how __next__ hands out a number."

    def __next__(self):
        while self._next > 0:
            yield self._next
            self._next -= 1


@misconception(caught_by="test_the_countdown_has_no_yield_from", replaces="Countdown")
class YieldsFromARange(_Countdown):
    "yield from is no loop."

    def __init__(self, start):
        self._numbers = self._count(start)

    def _count(self, start):
        yield from range(start, 0, -1)

    def __next__(self):
        return next(self._numbers)


@misconception(caught_by="test_the_countdown_has_no_for_and_no_comprehension", replaces="Countdown")
class HoldsAGeneratorExpression(_Countdown):
    "Between round brackets there is no loop but a generator."

    def __init__(self, start):
        self._numbers = (start - step for step in range(start))

    def __next__(self):
        return next(self._numbers)


def _walk_with_while(iterator, action):
    end = object()
    while (item := next(iterator, end)) is not end:
        action(item)


def _walk_with_for(iterable, action):
    for item in iterable:
        action(item)
