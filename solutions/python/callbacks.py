"""What is a function called that you hand over, to be called back?

Here a sum takes its time, and tells whoever wants to know how far it is: a progress bar, a
recorder, or something that has seen enough.
"""

from collections.abc import Callable, Iterable
from itertools import accumulate, count
from types import FunctionType

from dojo import alternative, misconception

__all__ = ["slow_total"]


def slow_total(
    numbers: Iterable[float], on_step: Callable[[int, float], object] | None = None
) -> float:
    """Return the total of the numbers, added one by one, and report each step.

    Right after each addition, before the next number is taken, on_step(step, running) is called:
    step is a whole number that counts from 0 in each run, running the total so far, and both are
    given by position. If what it returns is truthy, the work stops there: no number more is taken
    and nothing more is reported, and the total so far, with that step's number in it, is the
    result. Otherwise the work goes on, as it does when on_step returns nothing. on_step is anything
    that can be called, or None if nobody wants to know. An error that it raises, of whichever
    kind, comes out as it is.

    numbers is any iterable of ints and floats, such as a list or a generator, and is walked once;
    it may be endless where on_step stops the work. No numbers give 0, and no call.
    """
    running = 0
    for step, number in enumerate(numbers):
        running += number
        if on_step is not None and on_step(step, running):
            break
    return running


HINTS = (
    "A function is a value like any other: on_step is a name for it, on_step(...) calls it. When "
    "is there something new to tell?",
    "Two questions look alike: is there a callback, and what did it answer? The first is about "
    "None alone, the second about truth of any kind.",
    "After running += number: if on_step is not None and on_step(step, running): break.",
)
ANSWER = """
It is called a callback: you hand over the function itself, on_step and not on_step(), and whoever
does the work calls it back when there is something to tell. Functions, methods bound to an object,
partials and objects with __call__ serve alike, so a training loop needs to know nothing of progress
bars, and what it is given may keep state from step to step.

Two things bite. `if on_step:` asks whether the object is truthy, and a recorder that is a list is
falsy until it has recorded something, which then it never does: ask `is not None`. And an answer
that comes out of numpy or torch, such as loss > 4, is no True by `is`, so take any truthy answer
for a stop. Here the callback can stop the work by what it returns; libraries often use an
exception for that, since it also gets through several loops.
"""


@alternative
def accumulates(numbers, on_step=None):
    running = 0
    for step, running in enumerate(accumulate(numbers)):
        if not (on_step is None or not on_step(step, running)):
            return running
    return running


@alternative
def puts_a_function_in_place_of_none(numbers, on_step=None):
    report = (lambda step, running: False) if on_step is None else on_step
    running = 0.0
    for step, number in zip(count(), numbers, strict=False):
        running = running + number
        if report(step, running):
            return running
    return running


@alternative
def takes_numbers_by_hand(numbers, on_step=None):
    total, numbers, steps, end = 0, iter(numbers), count(), object()
    while (number := next(numbers, end)) is not end:
        total += number
        stop = on_step(next(steps), total) if on_step is not None else None
        if bool(stop) is True:
            break
    return total


@alternative
def asks_whether_it_can_be_called(numbers, on_step=None):
    if not callable(on_step):
        return sum(numbers)
    total = 0
    for step, number in enumerate(numbers):
        total, answer = total + number, on_step(step, total + number)
        if answer:
            return total
    return total


def _report(on_step, step, running):
    """Call back as the reference does, for the wrong answers below."""
    return on_step is not None and on_step(step, running)


@misconception(caught_by="test_one_number_is_one_step")
def reports_before_the_work(numbers, on_step=None):
    "on_step says that a step begins."
    running = 0
    for step, number in enumerate(numbers):
        if _report(on_step, step, running):
            return running + number
        running += number
    return running


@misconception(caught_by="test_the_steps_count_from_zero")
def reports_at_the_end(numbers, on_step=None):
    "A callback is called when the work is done."
    running, steps = 0, 0
    for number in numbers:
        running += number
        steps += 1
    if steps:
        _report(on_step, steps - 1, running)
    return running


@misconception(caught_by="test_the_total_so_far_is_told")
def reports_the_number(numbers, on_step=None):
    "A step is told about what it adds."
    running = 0
    for step, number in enumerate(numbers):
        running += number
        if _report(on_step, step, number):
            break
    return running


@misconception(caught_by="test_the_steps_count_from_zero")
def counts_from_one(numbers, on_step=None):
    "The first step is step 1."
    running = 0
    for step, number in enumerate(numbers, 1):
        running += number
        if _report(on_step, step, running):
            break
    return running


@misconception(caught_by="test_the_steps_count_from_zero")
def swaps_the_arguments(numbers, on_step=None):
    "What matters comes first, and that is the total."
    running = 0
    for step, number in enumerate(numbers):
        running += number
        if _report(on_step, running, step):
            break
    return running


@misconception(caught_by="test_the_steps_count_from_zero")
def calls_once_to_tell_and_once_to_ask(numbers, on_step=None):
    "A call tells the step, and the condition then looks at its answer."
    running = 0
    for step, number in enumerate(numbers):
        running += number
        if on_step is not None:
            on_step(step, running)
            if on_step(step, running):
                break
    return running


@misconception(caught_by="test_the_parameters_may_have_any_names")
def gives_keywords(numbers, on_step=None):
    "The parameters are called step and running everywhere, as in the signature that is asked for."
    running = 0
    for step, number in enumerate(numbers):
        running += number
        if on_step is not None and on_step(step=step, running=running):
            break
    return running


@misconception(caught_by="test_nobody_need_listen")
def always_calls(numbers, on_step=None):
    "A None in place of a function does nothing when it is called."
    running = 0
    for step, number in enumerate(numbers):
        running += number
        if on_step(step, running):
            break
    return running


@misconception(caught_by="test_an_empty_recorder_is_called")
def asks_whether_it_is_truthy(numbers, on_step=None):
    "if on_step: asks whether there is a callback."
    running = 0
    for step, number in enumerate(numbers):
        running += number
        if on_step and on_step(step, running):
            break
    return running


@misconception(caught_by="test_whatever_can_be_called_serves")
def wants_a_function(numbers, on_step=None):
    "What can be called is a function, and its type says so."
    return _total(numbers, on_step if isinstance(on_step, FunctionType) else None)


@misconception(caught_by="test_true_stops")
def ignores_the_answer(numbers, on_step=None):
    "A callback is told, and has no say."
    running = 0
    for step, number in enumerate(numbers):
        running += number
        _report(on_step, step, running)
    return running


@misconception(caught_by="test_a_truth_of_numpy_or_torch_stops")
def stops_on_true_alone(numbers, on_step=None):
    "Whoever wants to stop returns True, and there is only one True."
    running = 0
    for step, number in enumerate(numbers):
        running += number
        if _report(on_step, step, running) is True:
            break
    return running


@misconception(caught_by="test_any_truthy_answer_stops")
def compares_with_true(numbers, on_step=None):
    "An answer is truthy if it equals True."
    running = 0
    for step, number in enumerate(numbers):
        running += number
        if _report(on_step, step, running) in (True,):
            break
    return running


@misconception(caught_by="test_a_falsy_answer_goes_on")
def takes_any_answer_for_a_stop(numbers, on_step=None):
    "Whoever wants to go on returns nothing."
    running = 0
    for step, number in enumerate(numbers):
        running += number
        if on_step is not None and on_step(step, running) is not None:
            break
    return running


@misconception(caught_by="test_a_callback_without_an_answer_goes_on")
def goes_on_while_it_is_true(numbers, on_step=None):
    "True means yes, go on."
    running = 0
    for step, number in enumerate(numbers):
        running += number
        if on_step is not None and not on_step(step, running):
            break
    return running


@misconception(caught_by="test_the_total_of_a_stopped_run_has_that_step_in_it")
def leaves_out_the_last_step(numbers, on_step=None):
    "A step that is stopped does not count."
    running = 0
    for step, number in enumerate(numbers):
        if _report(on_step, step, running + number):
            break
        running += number
    return running


@misconception(caught_by="test_a_stopped_run_has_a_result")
def none_for_a_stopped_run(numbers, on_step=None):
    "Work that was stopped has no result."
    running = 0
    for step, number in enumerate(numbers):
        running += number
        if _report(on_step, step, running):
            return None
    return running


@misconception(
    caught_by=(
        "test_the_total_of_a_stopped_run_has_that_step_in_it",
        "test_no_number_is_taken_after_the_stop",
    )
)
def stops_reporting_only(numbers, on_step=None):
    "Whoever says stop wants to hear no more."
    running = 0
    for step, number in enumerate(numbers):
        running += number
        if _report(on_step, step, running):
            on_step = None
    return running


@misconception(caught_by="test_no_number_is_taken_after_the_stop")
def sees_the_stop_at_the_next_number(numbers, on_step=None):
    "A loop ends where its next turn would begin."
    running, stop = 0, False
    for step, number in enumerate(numbers):
        if stop:
            break
        running += number
        stop = _report(on_step, step, running)
    return running


@misconception(caught_by="test_a_step_is_reported_before_the_next_number_is_taken")
def collects_the_numbers_first(numbers, on_step=None):
    "The numbers are all there before the work begins."
    return _total(list(numbers), on_step)


@misconception(caught_by="test_an_error_comes_out")
def swallows_errors(numbers, on_step=None):
    "A progress bar that fails must not stop the work."
    running = 0
    for step, number in enumerate(numbers):
        running += number
        try:
            if _report(on_step, step, running):
                break
        except Exception:
            pass
    return running


@misconception(caught_by="test_a_type_error_comes_out_too")
def takes_a_type_error_for_none(numbers, on_step=None):
    "Calling None is a TypeError, so a TypeError means that there is no callback."
    running = 0
    for step, number in enumerate(numbers):
        running += number
        try:
            if on_step(step, running):
                break
        except TypeError:
            continue
    return running


@misconception(caught_by="test_a_stop_iteration_comes_out_too")
def lets_map_call_back(numbers, on_step=None):
    "any over a map is a loop like any other."
    running = 0

    def has_enough(step, number):
        nonlocal running
        running += number
        return _report(on_step, step, running)

    any(map(has_enough, count(), numbers))
    return running


_kept = {"running": 0}


@misconception(caught_by="test_a_second_run_starts_anew")
def keeps_the_total(numbers, on_step=None):
    "What stands above the function is set anew at each call."
    for step, number in enumerate(numbers):
        _kept["running"] += number
        if _report(on_step, step, _kept["running"]):
            break
    return _kept["running"]


@misconception(caught_by="test_the_total_comes_back_with_a_callback_too")
def returns_the_answers(numbers, on_step=None):
    "What the callback returns is what the caller wants."
    if on_step is None:
        return sum(numbers)
    running, answers = 0, []
    for step, number in enumerate(numbers):
        running += number
        answers.append(on_step(step, running))
        if answers[-1]:
            return running
    return answers


@misconception(caught_by="test_numbers_may_be_a_generator")
def adds_up_slices(numbers, on_step=None):
    "The total so far is the sum of a slice."
    for step in range(len(numbers)):
        if _report(on_step, step, sum(numbers[: step + 1])):
            return sum(numbers[: step + 1])
    return sum(numbers)


@misconception(caught_by="test_no_numbers_are_not_reported")
def reports_nothing_too(numbers, on_step=None):
    "A callback is called at least once, so that it knows of the end."
    running, step = 0, None
    for step, number in enumerate(numbers):
        running += number
        if _report(on_step, step, running):
            break
    if step is None:
        _report(on_step, 0, running)
    return running


@misconception(caught_by="test_no_numbers_give_zero")
def begins_with_the_first_number(numbers, on_step=None):
    "A total begins as its first number, and without one there is none."
    running = None
    for step, number in enumerate(numbers):
        running = number if running is None else running + number
        if _report(on_step, step, running):
            break
    return running


def _total(numbers, on_step):
    running = 0
    for step, number in enumerate(numbers):
        running += number
        if _report(on_step, step, running):
            break
    return running
