import ast
import inspect
import itertools
import linecache
from functools import lru_cache
from itertools import islice
from reprlib import repr as shown

import pytest

from dojo.checks import answer_of, assert_refused
from katas.python.for_loop_unrolled import Countdown, for_each

# No loop here has more turns than this; one that goes on is endless.
ENOUGH = 20

STATEMENTS = {ast.For: "a for statement", ast.AsyncFor: "an async for"}
EXPRESSIONS = {
    ast.ListComp: "a list comprehension",
    ast.SetComp: "a set comprehension",
    ast.DictComp: "a dict comprehension",
    ast.GeneratorExp: "a generator expression",
}
DELEGATION = {ast.YieldFrom: "a yield from"}


def test_a_list_is_walked_to_its_end():
    got = walked([3, 1, 2])
    assert got == [3, 1, 2], f"action is called with 3, 1 and 2, in this order, got {got}"


def test_without_items_nothing_is_called():
    for what, iterable in (("a list", []), ("a generator", iter(())), ("a text", "")):
        got = walked(iterable, f"{what} without items")
        assert got == [], f"{what} without items leaves nothing to call action with, got {got}"


def test_a_dict_gives_its_keys():
    got = walked({0: "a", 1: "b"})
    assert got == [0, 1], (
        f"a for loop over {{0: 'a', 1: 'b'}} gives the keys 0 and 1, got {got}: ['a', 'b'] would "
        "mean that 0 and 1 were taken for places, and used as an index"
    )


def test_generators_sets_and_files_can_be_walked(tmp_path):
    got = walked((power(count) for count in range(3)), "a generator of 1, 2, 4")
    assert got == [1, 2, 4], f"a generator of 1, 2, 4 was walked as {got}"
    got = walked({5, -7})
    assert sorted(got) == [-7, 5], f"the set {{5, -7}} was walked as {got}"
    path = tmp_path / "lines.txt"
    path.write_text("a\n\nb", encoding="utf-8")
    with path.open(encoding="utf-8") as file:
        got = walked(file, "an open file")
    assert got == ["a\n", "\n", "b"], f"a file of the lines 'a', '' and 'b' was walked as {got}"


def test_an_object_with_getitem_only_can_be_walked():
    got = walked(Letters(), "an object that has __getitem__ and no __iter__")
    assert got == ["x", "y", "z"], (
        f"an object that gives x, y, z for 0, 1, 2 and then IndexError was walked as {got}: a for "
        "loop takes these too"
    )


def test_none_is_an_item():
    got = walked([1, None, 2])
    assert got == [1, None, 2], (
        f"[1, None, 2] has three items, action got {got}: None is data here, and not the end"
    )


def test_false_items_are_items():
    got = walked([0, "", 4, False, []])
    assert got == [0, "", 4, False, []], (
        f"[0, '', 4, False, []] has five items, action got {got}: an item may be false"
    )


def test_the_iterator_is_asked_for_once():
    spoken = Spoken(["a", "b"])
    walked(spoken, "an iterator of a, b")
    got = spoken.log.count("iter")
    assert got == 1, f"a for loop asks for an iterator once, at its beginning, this one {got} times"


def test_fetching_and_acting_take_turns():
    spoken = Spoken(["a", "b"])
    answer_of(lambda: for_each(spoken, spoken.act), "an iterator of a, b can be walked")
    got = [word for word in spoken.log if word != "iter"]
    assert got == ["next", "act a", "next", "act b", "next"], (
        "a for loop fetches an item, acts on it and only then fetches another: next, act a, next, "
        f"act b, and next once more to learn that it is over, got {', '.join(got)}"
    )


def test_an_endless_iterable_can_be_walked_until_an_error():
    def stop_at_three(item):
        if item == 3:
            raise ZeroDivisionError("at the third")

    assert_refused(
        lambda: for_each(Spoken(itertools.count(1)), Action(stop_at_three)),
        ZeroDivisionError,
        "action raised at the third of endless items, before any more were to be fetched",
        mentions=("at the third",),
    )


def test_a_stop_iteration_of_the_action_is_not_swallowed():
    try:
        for_each([1, 2, 3], Action(stop_at_two))
    except NotImplementedError:
        raise  # not written yet
    except Exception:
        return  # which one is for the next test
    raise AssertionError(
        "action raised StopIteration at 2 and nothing came out: that error is none of the "
        "iterator's, and was taken for the end of the items"
    )


def test_a_stop_iteration_of_the_action_comes_out_as_it_is():
    act = Action(stop_at_two)
    assert_refused(
        lambda: for_each([1, 2, 3], act),
        StopIteration,
        "action raised StopIteration at 2",
        mentions=("from the action",),
    )
    assert act.items == [1, 2], f"action raised at 2, and was called with {act.items}"


def test_an_error_of_the_action_comes_out():
    def fail(item):
        raise ZeroDivisionError("from the action")

    act = Action(fail)
    assert_refused(
        lambda: for_each([1, 2], act),
        ZeroDivisionError,
        "action raised ZeroDivisionError at 1",
        mentions=("from the action",),
    )
    assert act.items == [1], f"action raised at 1, and was called with {act.items}"


def test_an_error_met_while_fetching_comes_out():
    for error in (ZeroDivisionError, KeyError):
        assert_refused(
            lambda: for_each(Spoken(["a", error("at the second")]), Action()),
            error,
            "fetching the second item failed, which is not the end of the items",
            mentions=("at the second",),
        )


def test_an_index_error_of_an_iterator_comes_out():
    assert_refused(
        lambda: for_each(Spoken(["a", IndexError("at the second")]), Action()),
        IndexError,
        "only StopIteration ends an iterator, so an IndexError in it is an error",
        mentions=("at the second",),
    )


def test_what_cannot_be_walked_is_a_type_error():
    for thing in (None, 5):
        assert_refused(
            lambda: for_each(thing, Action()),
            TypeError,
            f"`for item in {thing}` fails, and so must this",
        )


def test_what_the_action_returns_makes_no_difference():
    for answer in (False, True, None, 0):
        act = Action(lambda item: answer)
        answer_of(lambda: for_each("abc", act), f"an action may return {answer}")
        assert act.items == ["a", "b", "c"], (
            f"an action that returns {answer} was to be called with a, b and c, got {act.items}"
        )


def test_nothing_is_returned():
    got = answer_of(lambda: for_each([1, 2], Action(power)), "[1, 2] can be walked")
    assert got is None, f"a for loop has no value, so None is returned, got {got!r}"


def test_for_each_has_no_for_statement():
    walked([])
    refuse(STATEMENTS, for_each)


def test_for_each_has_no_comprehension():
    walked([])
    refuse(EXPRESSIONS | DELEGATION, for_each)


def test_the_helpers_of_for_each_have_no_for_either():
    walked([])
    refuse(STATEMENTS | EXPRESSIONS | DELEGATION, *used_by(for_each))


def test_three_gives_three_two_one():
    for start, expected in ((3, [3, 2, 1]), (1, [1])):
        got = numbers(countdown(start))
        assert got == expected, (
            f"Countdown({start}) gives {expected} and ends, got {shown(got)}: an iterator "
            "ends by raising StopIteration, what it returns is an item, and with a yield in it "
            "__next__ returns a generator"
        )


def test_zero_gives_nothing():
    got = numbers(countdown(0))
    assert got == [], f"Countdown(0) gives nothing, got {shown(got)}"


def test_a_negative_start_gives_nothing():
    for start in (-1, -5):
        got = numbers(countdown(start))
        assert got == [], (
            f"Countdown({start}) gives nothing, got {shown(got)}: from there no step down arrives "
            "at 0, so it is endless"
        )


def test_after_the_one_no_item_comes():
    one = countdown(1)
    answer_of(lambda: next(one), "Countdown(1) has an item")
    try:
        got = next(one)
    except NotImplementedError:
        raise  # not written yet
    except Exception:
        return  # which one is for the next test
    raise AssertionError(
        f"Countdown(1) has one item, and then gave {got!r}: whatever __next__ returns is an item"
    )


def test_the_end_is_a_stop_iteration():
    one = countdown(1)
    answer_of(lambda: next(one), "Countdown(1) has an item")
    assert_refused(lambda: next(one), StopIteration, "Countdown(1) has one item")


def test_it_is_its_own_iterator():
    made = countdown(3)
    got = answer_of(lambda: iter(made), "an iterator has __iter__, so that a for loop takes it")
    assert got is made, (
        f"iter(countdown) is the countdown itself, got another {type(got).__name__}: an object "
        "that gives each loop an iterator of its own is no iterator"
    )


def test_a_loop_goes_on_where_another_stopped():
    made = countdown(4)
    first = answer_of(lambda: list(islice(made, 2)), "Countdown(4) can be walked")
    rest = numbers(made)
    assert (first, rest) == ([4, 3], [2, 1]), (
        f"two items of Countdown(4) and then the rest are [4, 3] and [2, 1], got {first} and "
        f"{shown(rest)}: a second loop over an iterator gets what is left"
    )


def test_once_exhausted_it_stays_so():
    made = countdown(2)
    numbers(made)
    for _ in range(2):
        got = numbers(made)
        assert got == [], (
            f"Countdown(2) was exhausted, and then gave {shown(got)}: it was to stay so"
        )


def test_two_countdowns_do_not_share():
    three, five = countdown(3), countdown(5)
    got = answer_of(
        lambda: [next(made) for made in (three, five, three)], "Countdown(3) and (5) can be walked"
    )
    assert got == [3, 5, 2], (
        f"Countdown(3) gives 3, Countdown(5) gives 5, the first goes on with 2, got {got}"
    )


def test_for_each_walks_a_countdown():
    got = walked(countdown(3), "Countdown(3)")
    assert got == [3, 2, 1], f"for_each over Countdown(3) gives 3, 2, 1, got {got}"


def test_the_countdown_has_no_for_and_no_comprehension():
    countdown(2)
    refuse(STATEMENTS | EXPRESSIONS, Countdown, *used_by(Countdown))


def test_the_countdown_has_no_yield_from():
    countdown(2)
    refuse(DELEGATION, Countdown, *used_by(Countdown))


def stop_at_two(item):
    if item == 2:
        raise StopIteration("from the action")


class Letters:
    """What could be looped over before there were iterators."""

    def __getitem__(self, index):
        return "xyz"[index]


class Spoken:
    """An iterator that keeps a log; an error among its items is raised in place of being given."""

    def __init__(self, items):
        self.items, self.log = iter(items), []

    def __iter__(self):
        self.log.append("iter")
        return self

    def __next__(self):
        self.log.append("next")
        if len(self.log) > 3 * ENOUGH:
            pytest.fail("endless: one item after the other is fetched, and none is acted on")
        item = next(self.items)
        if isinstance(item, Exception):
            raise item
        return item

    def act(self, item):
        self.log.append(f"act {item}")


class Action:
    """An action that notes its items before it reacts, and cuts an endless loop off."""

    def __init__(self, reaction=lambda item: None):
        self.reaction, self.items = reaction, []

    def __call__(self, item):
        self.items.append(item)
        if len(self.items) > ENOUGH:
            # No Exception, so that `except Exception` in the program can't swallow it.
            pytest.fail(
                f"endless: action was called {len(self.items)} times, now with {shown(item)}: the "
                "iterator may be made anew at every turn, or its end not be noticed"
            )
        return self.reaction(item)


def walked(iterable, what=None):
    """What action is called with, in order."""
    act = Action()
    answer_of(lambda: for_each(iterable, act), f"a for loop takes {what or repr(iterable)}")
    return act.items


def power(exponent):
    return 2**exponent


def countdown(start):
    return answer_of(lambda: Countdown(start), f"Countdown({start}) can be made")


def numbers(made):
    """What a loop over a countdown gives; an endless one is cut off."""
    return answer_of(lambda: list(islice(made, ENOUGH)), "a for loop takes a Countdown")


def refuse(forbidden, *parts):
    """Assert that none of the kinds of syntax stands in functions and classes of the program."""
    found = []
    for function in functions_of(parts):
        nodes, lines = syntax(function)
        found += [
            f"line {node.lineno} has {forbidden[type(node)]}, `{lines[node.lineno - 1].strip()}`"
            for node in nodes
            if type(node) in forbidden
        ]
    where = " and ".join(dict.fromkeys(found))
    assert not found, f"{where}: there Python runs the for loop whose steps are asked for here"


def used_by(part):
    """The functions and classes of the program that a part of it uses, directly or not."""
    used, waiting = [], [part]
    while waiting:
        for function in functions_of([waiting.pop()]):
            for node in syntax(function)[0]:
                other = function.__globals__.get(getattr(node, "id", None))
                ours = getattr(other, "__module__", None) == function.__module__
                if ours and not any(other is known for known in (part, *used)):
                    used.append(other)
                    waiting.append(other)
    return used


def functions_of(parts):
    """The functions among them, and those of the classes and of their bases in the program."""
    found = []
    for part in parts:
        if inspect.isclass(part):
            for owner in part.__mro__:
                if owner.__module__ == part.__module__:
                    members = [each for each in vars(owner).values() if not inspect.isclass(each)]
                    found += functions_of(members)
        else:
            part = getattr(part, "__func__", None) or getattr(part, "fget", None) or part
            part = inspect.unwrap(part) if callable(part) else part
            found += [part] if inspect.isfunction(part) else []
    return found


def syntax(function):
    """The nodes of a function's syntax tree, and the lines of its file; no nodes if not found.

    It is looked up by the place of its code, since a file can hold several of a name.
    """
    code = function.__code__
    source = "".join(linecache.getlines(code.co_filename))
    for node in parsed(source):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            # The code of a decorated function begins with its first decorator.
            starts = {node.lineno, *(each.lineno for each in getattr(node, "decorator_list", ()))}
            if code.co_firstlineno in starts and code.co_name == getattr(node, "name", "<lambda>"):
                return list(ast.walk(node)), source.splitlines()
    return [], []


@lru_cache(maxsize=1)
def parsed(source):
    return list(ast.walk(ast.parse(source)))
