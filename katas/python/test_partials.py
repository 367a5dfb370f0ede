import math
import pickle

from dojo.checks import answer_of
from katas.python.partials import freeze, schedules


def told(*args, **kwargs):
    """What a call was given."""
    return args, kwargs


def linear(start, end, position):
    return start + position * (end - start)


def cosine(a, b, share):
    return a + (1 - math.cos(math.pi * share)) * (b - a) / 2


def exponential(first, last, /, at):
    return first * (last / first) ** at


SHAPES = {"linear": linear, "cosine": cosine, "exponential": exponential}


def test_the_result_is_returned():
    got = called(freeze(max, 3, 1), 2)
    assert got == 3, f"max of 3, 1 and 2 is 3, got {got!r}"


def test_nothing_is_called_before_its_time():
    calls = []
    freeze(calls.append, 1)
    freeze(calls.append)
    assert not calls, f"nothing was called yet, and the function has run with {calls}"


def test_later_arguments_come_after_the_fixed_ones():
    got = called(freeze(told, 1, 2), 3, 4)
    assert got == ((1, 2, 3, 4), {}), f"1 and 2 are fixed, 3 and 4 come later, got {got}"


def test_a_fixed_keyword_is_given():
    got = called(freeze(told, size=3))
    assert got == ((), {"size": 3}), f"size=3 is fixed, got {got}"


def test_a_call_may_add_keywords():
    got = called(freeze(told, size=3), color="red")
    assert got == ((), {"size": 3, "color": "red"}), f"size is fixed, color is new, got {got}"


def test_a_call_may_override_a_fixed_keyword():
    got = called(freeze(told, size=3), size=4)
    assert got == ((), {"size": 4}), f"size is fixed at 3, and the call says 4, got {got}"


def test_an_override_holds_for_one_call():
    frozen = freeze(told, size=3)
    called(frozen, size=4)
    got = called(frozen)
    assert got == ((), {"size": 3}), f"the call before said size=4, this one does not, got {got}"


def test_what_a_call_adds_is_gone_for_the_next():
    frozen = freeze(told, 1)
    called(frozen, 2)
    got = called(frozen, 3)
    assert got == ((1, 3), {}), f"1 is fixed, the call gives 3, got {got}"


def test_each_call_calls_the_function():
    calls = []
    frozen = freeze(calls.append, 1)
    for _ in range(3):
        called(frozen)
    assert calls == [1, 1, 1], f"called three times, the function has run with {calls}"


def test_keywords_may_have_any_name():
    for name in ("fn", "func", "self", "args", "keywords"):
        got = answer_of(lambda name=name: freeze(told, **{name: 7})(), f"{name}=7 can be fixed")
        assert got == ((), {name: 7}), f"{name}=7 is a keyword for the function, got {got}"


def test_it_tells_what_was_fixed():
    frozen = freeze(told, 1, 2, size=3)
    for name, expected in (("func", told), ("args", (1, 2)), ("keywords", {"size": 3})):
        got = getattr(frozen, name, None)
        assert got == expected, f".{name} is {expected!r}, got {got!r}"


def test_a_frozen_function_can_be_pickled():
    frozen = freeze(divmod, 17)
    again = answer_of(
        lambda: pickle.loads(pickle.dumps(frozen)),
        "what freeze returns can be pickled (a lambda or an inner function cannot)",
    )
    got = called(again, 5)
    assert got == (3, 2), f"divmod(17, 5) is (3, 2), after pickling got {got}"


def test_a_frozen_keyword_is_pickled_too():
    frozen = freeze(int, base=2)
    why = "what freeze returns can be pickled, fixed keywords included"
    got = called(answer_of(lambda: pickle.loads(pickle.dumps(frozen)), why), "101")
    assert got == 5, f"int('101', base=2) is 5, after pickling got {got}"


def test_each_schedule_keeps_its_own_shape():
    got = schedules({"linear": linear, "exponential": exponential}, 1.0, 100.0)
    values = {name: called(schedule, 0.5) for name, schedule in got.items()}
    assert values == {"linear": 50.5, "exponential": 10.0}, (
        f"half-way from 1 to 100 linear is at 50.5 and exponential at 10, got {values}: equal "
        "values would mean that all schedules have the loop's last shape"
    )


def test_a_schedule_runs_from_start_to_end():
    made = schedules(SHAPES, 2.0, 8.0)
    for name in SHAPES:
        got = called(made[name], 0.0), called(made[name], 1.0)
        assert all(map(math.isclose, got, (2.0, 8.0))), (
            f"{name} runs from 2 to 8, got {got[0]:.4g} to {got[1]:.4g}"
        )


def test_schedules_come_under_their_names():
    got = answer_of(lambda: list(schedules(SHAPES, 0.1, 1.0).items()), "schedules gives a dict")
    names = [name for name, _ in got]
    assert names == list(SHAPES), f"the names are {list(SHAPES)}, in that order, got {names}"


def test_shapes_are_called_by_position():
    for name, shape in SHAPES.items():
        made = answer_of(lambda shape=shape: schedules({"s": shape}, 1.0, 3.0), "a schedule")
        got = called(made["s"], 1.0)
        assert math.isclose(got, 3.0), f"{name} at its end is 3, got {got}"


def test_schedules_can_be_pickled():
    made = schedules(SHAPES, 1.0, 3.0)
    again = answer_of(
        lambda: pickle.loads(pickle.dumps(made)),
        "schedules can be pickled (lambdas and inner functions cannot)",
    )
    got = called(again["linear"], 0.5)
    assert got == 2.0, f"half-way from 1 to 3 is 2, after pickling got {got}"


def called(function, *args, **kwargs):
    """What a call gives; an error is a wrong answer."""
    return answer_of(lambda: function(*args, **kwargs), "the frozen function can be called")
