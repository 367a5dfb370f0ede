import inspect

from dojo.checks import answer_of, assert_refused
from katas.python.decorators import count_calls, retry

ENDLESS = 50


class Stop(BaseException):
    """What Ctrl-C raises is no Exception either."""


class TooLate(TimeoutError):
    """An error of a finer kind."""


def test_calls_are_counted():
    counted = counting(lambda: None)
    got = [counted.calls]
    for _ in range(3):
        called(counted)
        got.append(counted.calls)
    assert got == [0, 1, 2, 3], (
        f".calls before and after each of three calls is [0, 1, 2, 3], got {got}: is it an "
        "attribute of the function that you return, and a plain number?"
    )


def test_counting_gives_the_result():
    for result in ("a result", 0, None):
        got = called(counting(lambda: result))
        assert got == result, (
            f"the function returns {result!r}, the counted one {got!r}: return what fn returns"
        )


def test_counting_passes_on_the_arguments():
    counted = counting(lambda *args, **kwargs: (args, kwargs))
    for args, kwargs in (((), {}), ((1, 2), {}), ((), {"fn": 3}), ((4,), {"a": 5, "calls": 6})):
        got = called(counted, *args, **kwargs)
        assert got == (args, kwargs), (
            f"called with {args} and {kwargs}, the function inside got {got[0]} and {got[1]}"
        )


def test_decorating_to_count_calls_nothing():
    act, asked = scripted("done")
    counted = counting(act)
    assert asked == [], "the function ran when it was decorated, and nobody had called it"
    assert counted.calls == 0, f"nobody has called it yet, and .calls is {counted.calls}"


def test_each_call_runs_the_function():
    act, asked = scripted("first", "second")
    counted = counting(act)
    got = [called(counted, 1), called(counted, 1)]
    assert (got, len(asked)) == (["first", "second"], 2), (
        f"two calls with one and the same argument run the function twice, it ran {len(asked)} "
        f"times and gave {got}: is a result remembered?"
    )


def test_each_function_has_its_own_count():
    def one():
        pass

    def two():
        pass

    first, second = counting(one), counting(two)
    for counted in (first, first, second, first):
        called(counted)
    got = first.calls, second.calls
    assert got == (3, 1), f"one was called 3 times, two once, got {got}: do they share a counter?"


def test_functions_of_one_name_are_counted_apart():
    first, second = counting(scripted("a")[0]), counting(scripted("b")[0])
    for counted in (first, first, second, first):
        called(counted)
    got = first.calls, second.calls
    assert got == (3, 1), (
        f"two functions called act were called 3 times and once, got {got}: many share a name"
    )


def test_the_count_belongs_to_the_decorated():
    act, _ = scripted("done")
    first, second = counting(act), counting(act)
    for counted in (first, first, second, first):
        called(counted)
    got = first.calls, second.calls
    assert got == (3, 1), (
        f"one function was decorated twice, and called 3 times and once by way of each, got {got}"
    )


def test_what_is_counted_can_be_counted_anew():
    inner = counting(lambda: "done")
    called(inner), called(inner)
    outer = counting(inner)
    assert outer.calls == 0, (
        f"a function that has 2 calls was decorated again: the new count starts at 0, got "
        f"{outer.calls}; functools.wraps copies attributes, so when does it run?"
    )
    called(outer)
    got = inner.calls, outer.calls
    assert got == (3, 1), f"a third call, by way of the outer one, makes (3, 1), got {got}"


def test_a_call_that_fails_counts():
    act, _ = scripted(ValueError("it failed"), "done")
    counted = counting(act)
    assert_refused(
        counted, ValueError, "the function's own error comes out", mentions=("it failed",)
    )
    called(counted)
    assert counted.calls == 2, f"one call failed and one succeeded, .calls is {counted.calls}"


def test_a_call_counts_when_it_begins():
    seen = []
    counted = counting(lambda: seen.append(counted.calls))
    called(counted), called(counted)
    assert seen == [1, 2], (
        f"inside its first and second call the function sees .calls as {seen} in place of [1, 2]: "
        "count first"
    )


def test_counted_methods_get_their_instance():
    class Scale:
        def __init__(self, factor):
            self.factor = factor

        @count_calls
        def times(self, number, plus=0):
            return self.factor * number + plus

    two, three = Scale(2), Scale(3)
    got = [method(two.times, 5), method(three.times, 5, plus=1)]
    assert got == [10, 16], f"2 * 5 and 3 * 5 + 1 are [10, 16], through the methods {got}"
    assert Scale.times.calls == 2, f"two instances, a call each, .calls is {Scale.times.calls}"


def test_counting_keeps_the_name():
    got = counting(documented).__name__
    assert got == "documented", f"the function is called documented, decorated {got}"


def test_counting_keeps_the_docstring():
    got = counting(documented).__doc__
    assert got == "Say what it does.", f"its docstring is 'Say what it does.', decorated {got!r}"


def test_counting_keeps_the_signature():
    got = inspect.signature(counting(documented))
    assert got == inspect.signature(documented), (
        f"its signature is {inspect.signature(documented)}, decorated {got}: help() and editors "
        "show it"
    )


def test_trying_gives_the_result():
    act, asked = scripted(KeyError("1"), ValueError("2"), "done")
    got, error = outcome(retrying(act, 5))
    assert error is None, f"the third of at most 5 tries succeeds, got {error!r}"
    assert got == "done", f"the try that succeeds returns 'done', got {got!r}"
    assert len(asked) == 3, f"two failures and a success are 3 tries, there were {len(asked)}"


def test_a_success_is_not_repeated():
    act, asked = scripted("done")
    got, _ = outcome(retrying(act, 3))
    assert (got, len(asked)) == ("done", 1), (
        f"the first try succeeds with 'done': no other is needed, there were {len(asked)}, got "
        f"{got!r}"
    )


def test_a_falsy_result_is_a_success():
    for result in (0, None, "", []):
        act, asked = scripted(result, "another")
        got, _ = outcome(retrying(act, 3))
        assert (got, len(asked)) == (result, 1), (
            f"the first try returns {result!r}, which is no error: that is the result, got {got!r} "
            f"from {len(asked)} tries"
        )


def test_times_counts_all_calls():
    for times in (2, 3, 5):
        act, asked = scripted(ValueError("always"))
        outcome(retrying(act, times))
        assert len(asked) == times, (
            f"it always fails, and may be tried {times} times in all, the first try included; it "
            f"was tried {len(asked)} times" + (", then this test gave in" * (len(asked) > ENDLESS))
        )


def test_a_single_try_is_an_ordinary_call():
    wrong = ValueError("once")
    act, asked = scripted(wrong)
    got, error = outcome(retrying(act, 1))
    assert error is wrong, f"one try in all: its ValueError comes out, got {error or got!r}"
    assert len(asked) == 1, f"times=1 means one try in all, there were {len(asked)}"


def test_the_last_error_comes_out():
    errors = ValueError("first"), ValueError("second"), ValueError("last")
    act, _ = scripted(*errors)
    got, error = outcome(retrying(act, 3))
    assert error is errors[-1], (
        "three tries fail, each with an error of its own: the last one comes out, got "
        + (repr(error) if error else f"no error but {got!r}: the failure is hidden")
    )


def test_a_failure_of_all_tries_is_no_result():
    for times in (1, 3):
        act, _ = scripted(ValueError("always"))
        got, error = outcome(retrying(act, times))
        assert error is not None, (
            f"{times} of {times} tries failed, so there is an error, got the result {got!r}: the "
            "failure is hidden"
        )


def test_other_errors_come_out_at_once():
    wrong = ValueError("a bug")
    for before in ([], [TimeoutError("slow")]):
        act, asked = scripted(*before, wrong, "done")
        got, error = outcome(retrying(act, 5, TimeoutError))
        assert error is wrong, (
            f"on=TimeoutError, and the function raises ValueError, got {error or got!r}: trying "
            "again hides a bug"
        )
        assert len(asked) == len(before) + 1, (
            f"ValueError comes at try {len(before) + 1}, and ends the trying; there were "
            f"{len(asked)} tries"
        )


def test_on_may_be_a_tuple():
    act, _ = scripted(KeyError("1"), TimeoutError("2"), "done")
    got, error = outcome(retrying(act, 3, (TimeoutError, KeyError)))
    assert got == "done", (
        f"on=(TimeoutError, KeyError) tries again after either, got {error or got!r}"
    )


def test_subclasses_of_on_count():
    for on in (TimeoutError, (KeyError, TimeoutError)):
        act, _ = scripted(TooLate("1"), "done")
        got, error = outcome(retrying(act, 3, on))
        assert got == "done", (
            f"TooLate is a TimeoutError, and so it is for except, got {error or got!r}"
        )


def test_by_default_only_exceptions_are_caught():
    wrong = Stop("Ctrl-C")
    act, asked = scripted(wrong, "done")
    got, error = outcome(retrying(act, 3))
    assert error is wrong, (
        f"Stop is a BaseException and no Exception, like Ctrl-C: it ends the trying, got "
        f"{error or got!r} from {len(asked)} tries"
    )


def test_each_try_gets_the_arguments():
    act, asked = scripted(ValueError("1"), ValueError("2"), "done")
    outcome(lambda: retrying(act, 3)(1, 2, on=3, times=4))
    assert asked == [((1, 2), {"on": 3, "times": 4})] * 3, (
        f"(1, 2, on=3, times=4) in each of three tries, the function inside got {asked}"
    )


def test_each_call_has_all_its_tries():
    act, asked = scripted(*[ValueError("1"), ValueError("2"), "done"] * 2)
    tried = retrying(act, 3)
    got = [outcome(tried)[0], outcome(tried)[0]]
    assert got == ["done", "done"], (
        f"two calls, each with two failures and a success: at most 3 tries each, got {got} and "
        f"{len(asked)} tries in all"
    )


def test_retried_methods_get_their_instance():
    class Scale:
        def __init__(self, factor):
            self.factor = factor

        @retry(2)
        def times(self, number, plus=0):
            return self.factor * number + plus

    got = method(Scale(3).times, 5, plus=1)
    assert got == 16, f"3 * 5 + 1 is 16, through the method {got}"


def test_retrying_keeps_name_docstring_and_signature():
    tried = retrying(documented, 3)
    got = tried.__name__, tried.__doc__, str(inspect.signature(tried))
    assert got == ("documented", "Say what it does.", str(inspect.signature(documented))), (
        f"name, docstring and signature are those of the function inside, got {got}"
    )


def test_decorating_to_retry_calls_nothing():
    act, asked = scripted("done")
    retrying(act, 3)
    assert asked == [], "the function ran when it was decorated, and nobody had called it"


def test_no_tries_are_refused_when_decorating():
    assert_refuses_times(0)


def test_negative_times_are_refused_when_decorating():
    for times in (-1, -2):
        assert_refuses_times(times)


def assert_refuses_times(times):
    act, _ = scripted("done")
    assert_refused(
        lambda: retry(times)(act),
        ValueError,
        f"a function that may be called {times} times can't give a result",
        mentions=(times,),
    )


def documented(first, /, second: int = 2, *rest, third, **more) -> str:
    """Say what it does."""


def scripted(*outcomes):
    """A function that returns or raises one thing a call, the last for ever, and its calls."""
    asked = []

    def act(*args, **kwargs):
        asked.append((args, kwargs))
        now = outcomes[min(len(asked), len(outcomes)) - 1]
        if isinstance(now, BaseException) and len(asked) <= ENDLESS:
            raise now
        return now

    return act, asked


def counting(fn):
    return answer_of(lambda: count_calls(fn), "count_calls takes a function and calls nothing")


def retrying(fn, times, *on):
    return answer_of(lambda: retry(times, *on)(fn), f"retry({times}) gives a decorator")


def called(fn, /, *args, **kwargs):
    why = f"called with {args} and {kwargs}, which the function inside takes"
    return answer_of(lambda: fn(*args, **kwargs), why)


def method(bound, /, *args, **kwargs):
    why = f"a method called with {args} and {kwargs} gets its instance before these"
    return answer_of(lambda: bound(*args, **kwargs), why)


def outcome(call):
    """What a call returns, and what it raises; one of the two is None."""
    try:
        return call(), None
    except NotImplementedError:
        raise  # not written yet: no wrong answer
    except (Exception, Stop) as error:
        return None, error
