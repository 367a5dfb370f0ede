from functools import partial

import numpy as np
import torch

from dojo.checks import answer_of
from katas.python.callbacks import slow_total


def test_one_number_is_one_step():
    told = []
    total([5], recording(told))
    assert told == [(0, 5)], (
        f"5 alone is step 0 with the total 5, told was {told}: a total of 0 is that before the "
        "addition"
    )


def test_the_steps_count_from_zero():
    told = []
    total([5, -7, 0.5], recording(told))
    got = [step for step, _ in told]
    assert got == [0, 1, 2], (
        f"three additions are steps 0, 1, 2, told was of steps {got}: one of them alone would be "
        "too late for a progress bar, and each twice would move it too far"
    )


def test_the_total_so_far_is_told():
    told = []
    total([5, -7, 0.5], recording(told))
    got = [running for _, running in told]
    assert got == [5, -2, -1.5], (
        f"5, then -7, then 0.5 more come to 5, -2, -1.5, told was {got}: 5, -7, 0.5 are the "
        "numbers, 0, 5, -2 the totals before each addition, 0, 1, 2 the steps"
    )


def test_nobody_need_listen():
    for how, call in (
        ("left out", lambda: slow_total([5, -7, 0.5])),
        ("None", lambda: slow_total([5, -7, 0.5], None)),
    ):
        got = answer_of(call, f"with on_step {how} nobody is told, and the numbers are added")
        assert got == -1.5, f"5 - 7 + 0.5 is -1.5, with on_step {how} got {got}"


def test_the_total_comes_back_with_a_callback_too():
    got = total([5, -7, 0.5], recording([]))
    assert got == -1.5, (
        f"5 - 7 + 0.5 is -1.5, with a callback that returns None got {got}: its answers are for "
        "stopping only"
    )


def test_no_numbers_give_zero():
    for got in (total([], None), total([], recording([]))):
        assert got == 0, f"the total of no numbers is 0, got {got}"


def test_no_numbers_are_not_reported():
    told = []
    total([], recording(told))
    assert told == [], f"no numbers are no steps to tell of, and told was {told}"


def test_numbers_may_be_a_generator():
    told = []
    got = total((number for number in (2, 3, 4)), recording(told))
    assert (got, told) == (9, [(0, 2), (1, 5), (2, 9)]), (
        f"a generator of 2, 3, 4 gives 9 by way of 2 and 5, got {got} and the reports {told}: "
        "it can be walked once only, and has neither length nor slices"
    )


def test_whatever_can_be_called_serves():
    def write(told, step, running):
        told.append((step, running))

    class Writer:
        def __init__(self, told):
            self.told = told

        def __call__(self, step, running):
            write(self.told, step, running)

        def written(self, step, running):
            write(self.told, step, running)

    for what, make in (
        ("a function", recording),
        ("a partial", lambda told: partial(write, told)),
        ("a bound method", lambda told: Writer(told).written),
        ("an object with __call__", Writer),
    ):
        told = []
        total([2, 3], make(told))
        assert told == [(0, 2), (1, 5)], (
            f"2, then 3 more are (0, 2) and (1, 5); {what} was told {told}: whatever can be "
            "called will do"
        )


def test_the_parameters_may_have_any_names():
    got, by_step = [], {}
    total([2, 3], lambda place, so_far: got.append((place, so_far)))
    assert got == [(0, 2), (1, 5)], f"2, then 3 more are (0, 2) and (1, 5), told was {got}"
    total([2, 3], by_step.__setitem__)
    assert by_step == {0: 2, 1: 5}, f"a method of a dict should have set 0: 2, 1: 5, got {by_step}"


def test_an_empty_recorder_is_called():
    class Recorder(list):
        def __call__(self, step, running):
            self.append((step, running))

    recorder = Recorder()
    total([2, 3], recorder)
    assert recorder == [(0, 2), (1, 5)], (
        f"2, then 3 more are (0, 2) and (1, 5); a recorder that is a list, and empty at first, "
        f"has {recorder}: an empty list is falsy, and it is not None"
    )


def test_true_stops():
    told = []
    total([2, 3, 4, 5], recording(told, answer=lambda step: step == 1 or None))
    assert told == [(0, 2), (1, 5)], (
        f"the callback returned True at step 1, so that is the last, told was {told}"
    )


def test_a_truth_of_numpy_or_torch_stops():
    for answer in (np.True_, np.float32(3) > 2, torch.tensor(True), torch.tensor(3.0) > 2):
        steps = steps_when_answered(answer)
        assert steps == 1, (
            f"{answer!r} is truthy, so step 0 is the last of 3, got {steps} steps: it is not the "
            "object True itself"
        )


def test_any_truthy_answer_stops():
    for answer in (2, -0.5, "enough", [0]):
        steps = steps_when_answered(answer)
        assert steps == 1, (
            f"{answer!r} is truthy, so step 0 is the last of 3, got {steps} steps: it does not "
            "equal True, and counts as true nevertheless"
        )


def test_a_callback_without_an_answer_goes_on():
    steps = steps_when_answered(None)
    assert steps == 3, f"a callback that returns nothing lets all 3 steps happen, got {steps}"


def test_a_falsy_answer_goes_on():
    for answer in (False, 0, 0.0, "", [], np.False_, torch.tensor(False)):
        steps = steps_when_answered(answer)
        assert steps == 3, (
            f"{answer!r} is falsy, so all 3 steps happen, got {steps}: only a truthy answer stops"
        )


def test_a_stopped_run_has_a_result():
    got = total([2, 3, 4, 5], recording([], answer=lambda step: step == 1 or None))
    assert got is not None, "a run that was stopped gives the total so far, got None"


def test_the_total_of_a_stopped_run_has_that_step_in_it():
    for last, expected in ((0, 2), (1, 5), (3, 14)):
        got = total([2, 3, 4, 5], recording([], answer=lambda step: step == last or None))
        assert got == expected, (
            f"2, 3, 4, 5 stopped at step {last} come to {expected}, got {got}: the step that "
            "stops is done, the later ones are not"
        )


def test_no_number_is_taken_after_the_stop():
    happened = []
    total(taken([2, 3, 4, 5], happened), recording([], answer=lambda step: step == 1 or None))
    assert happened == ["take 2", "take 3"], (
        f"stopped at the second of four numbers, 2 are to be taken, and what happened was "
        f"{happened}: a generator may be endless, or wait for the next one"
    )


def test_a_step_is_reported_before_the_next_number_is_taken():
    happened = []
    total(taken([2, 3], happened), lambda step, running: happened.append(f"step {step}"))
    assert happened == ["take 2", "step 0", "take 3", "step 1"], (
        f"each number is added and reported before the next is taken, and what happened was "
        f"{happened}: a progress bar is to show the work as it goes"
    )


def test_an_error_comes_out():
    assert_comes_out(ValueError("the disk is full"))


def test_a_type_error_comes_out_too():
    assert_comes_out(TypeError("a mistake in the callback"))


def test_a_stop_iteration_comes_out_too():
    assert_comes_out(StopIteration("next() of an empty iterator in the callback"))


def test_a_second_run_starts_anew():
    told = []
    total([5, 6], recording([]))
    got = total([2, 3], recording(told))
    assert (got, told) == (5, [(0, 2), (1, 5)]), (
        f"2, then 3 more are 5 in all, steps 0 and 1, whatever ran before, got {got} and the "
        f"reports {told}: something was kept from the run before"
    )


def total(numbers, on_step):
    """The learner's answer, which nothing here may stop."""
    why = "the numbers are added, and each step is reported by on_step(step, running)"
    return answer_of(lambda: slow_total(numbers, on_step), why)


def recording(told, answer=lambda step: None):
    """A callback that writes down what it is told, and answers as the test likes."""

    def on_step(step, running):
        told.append((step, running))
        return answer(step)

    return on_step


def steps_when_answered(answer):
    """How many of three steps happen if the callback answers so each time."""
    told = []
    total([2, 3, 4], recording(told, answer=lambda step: answer))
    return len(told)


def taken(numbers, happened):
    for number in numbers:
        happened.append(f"take {number}")
        yield number


def assert_comes_out(error):
    def fails(step, running):
        raise error

    try:
        got = f"the total {slow_total([2, 3], fails)}, as if nothing had happened"
    except NotImplementedError:
        raise  # not written yet: no wrong answer
    except Exception as raised:
        got = raised
    assert got is error, (
        f"the callback raises {error!r}, and it is to come out as it is: whoever wrote the "
        f"callback wants to know, got {got if isinstance(got, str) else repr(got)}"
    )
