"""What is a decorator?

Here two of them: one that counts the calls of a function, one that calls it again when it fails.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache, partial, update_wrapper, wraps
from types import MethodType
from typing import Any

from dojo import alternative, misconception

__all__ = ["count_calls", "retry"]


def count_calls(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that does what fn does, with the number of its calls in .calls.

    Whatever arguments it gets, by position or by name, go to fn; fn's result or error comes out.
    .calls is an int, 0 at first. A call counts when it begins, so one that fails counts too. Each
    decorated function has a count of its own, also where fn is decorated twice, is counted already,
    or has the name of another. Decorating calls nothing.

    A method can be decorated: it gets its instance, and Class.method.calls counts for all
    instances. __name__, __doc__ and what inspect.signature says are those of fn.
    """

    @wraps(fn)
    def counted(*args, **kwargs):
        counted.calls += 1
        return fn(*args, **kwargs)

    counted.calls = 0
    return counted


def retry(
    times: int, on: type[BaseException] | tuple[type[BaseException], ...] = Exception
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator, whose functions try again when they fail, at most `times` times in all.

    `on` says which errors to try again after: a class or a tuple of classes, which stand for their
    subclasses too, as in an except clause. An error of another kind comes out at once. So does the
    result of a try that succeeds, whatever it is. When the last try fails, its own error comes out.
    Each try gets all arguments, and each call of the decorated function has `times` tries anew.

    What count_calls says of methods, __name__, __doc__, inspect.signature and decorating holds.

    Raises:
        ValueError: times is less than 1; it comes when a function is decorated, if not earlier, and
            its message gives the number.
    """
    if times < 1:
        raise ValueError(f"times is {times}: a function is tried at least once")

    def decorate(fn):
        @wraps(fn)
        def tried(*args, **kwargs):
            for _ in range(times - 1):
                with suppress(on):
                    return fn(*args, **kwargs)
            return fn(*args, **kwargs)

        return tried

    return decorate


HINTS = (
    "@count_calls above def f(): ... is f = count_calls(f). What must count_calls return, so that "
    "f(1, key=2) goes on working?",
    "Put a def inside the def: it takes *args and **kwargs, does its own part, and returns what fn "
    "returns. functools.wraps gives it fn's name. retry needs one more layer, as @retry(3) first "
    "calls retry(3).",
    "A function can have attributes: counted.calls = 0, and counted.calls += 1 before fn runs. "
    "In retry make times - 1 tries inside `try ... except on: pass`, the last one outside.",
)
ANSWER = """
@count_calls above a def is short for f = count_calls(f): a decorator is a callable that gets what
was defined and returns what shall have its name. A decorator with arguments, @retry(3), is a
function that returns a decorator. The well-known answer, a function that takes a function and
returns one, is too narrow: property and dataclass decorate, and a class may come in, or something
that is no function go out.

What goes out stands in for the original everywhere, and has to behave like it. It passes on all
arguments and the result, it has the name that logs and pickles look for (functools.wraps), and in a
class it must be a function, or have a __get__, or self never arrives. And an except clause that is
too wide turns a retry into a trap: it runs the function again after a typing error too, and after
Ctrl-C if it catches BaseException.
"""


@alternative(replaces="count_calls")
class CountsInAnObject:
    def __init__(self, fn):
        update_wrapper(self, fn)
        self.fn, self.calls = fn, 0

    def __call__(self, *args, **kwargs):
        self.calls += 1
        return self.fn(*args, **kwargs)

    def __get__(self, instance, owner=None):
        return self if instance is None else MethodType(self, instance)


@alternative(replaces="count_calls")
def counts_with_nonlocal(fn):
    calls = 0

    def counted(*args, **kwargs):
        nonlocal calls
        calls += 1
        counted.calls = calls
        return fn(*args, **kwargs)

    update_wrapper(counted, fn)
    counted.calls = calls
    return counted


@alternative(replaces="count_calls")
def copies_by_hand(fn):
    from inspect import signature

    def counted(*args, **kwargs):
        vars(counted)["calls"] += 1
        return fn(*args, **kwargs)

    counted.calls = 0
    counted.__name__, counted.__doc__ = fn.__name__, fn.__doc__
    counted.__signature__ = signature(fn)
    return counted


@alternative(replaces="retry")
def tries_recursively(times, on=Exception):
    if times < 1:
        raise ValueError(f"{times} tries are none")

    def decorate(fn):
        def attempt(left, args, kwargs):
            try:
                return fn(*args, **kwargs)
            except on:
                if left == 1:
                    raise
            return attempt(left - 1, args, kwargs)

        return wraps(fn)(lambda *args, **kwargs: attempt(times, args, kwargs))

    return decorate


@alternative(replaces="retry")
def keeps_the_error(times, on=Exception):
    def decorate(fn):
        if not times > 0:
            raise ValueError(f"expected a positive number of times, got {times}")

        @wraps(fn)
        def tried(*args, **kwargs):
            last = None
            for _ in range(times):
                try:
                    return fn(*args, **kwargs)
                except on as error:
                    last = error
            raise last

        return tried

    return decorate


@alternative(replaces="retry")
class TriesAsAnObject:
    def __init__(self, times, on=Exception):
        if times <= 0:
            raise ValueError(f"times must be at least 1, and is {times}")
        self.times, self.on = times, on

    def __call__(self, fn):
        @wraps(fn)
        def tried(*args, **kwargs):
            left = self.times
            while True:
                left -= 1
                try:
                    return fn(*args, **kwargs)
                except BaseException as error:
                    if left == 0 or not isinstance(error, self.on):
                        raise

        return tried


def _counting(fn, wrapper):
    """What wrong answers below share: the name of fn, and a count that starts at 0."""
    update_wrapper(wrapper, fn)
    wrapper.calls = 0
    return wrapper


@misconception(replaces="count_calls", caught_by="test_counting_keeps_the_name")
def loses_the_name(fn):
    "f is still called f, because that is the name that it is bound to."

    def counted(*args, **kwargs):
        counted.calls += 1
        return fn(*args, **kwargs)

    counted.calls = 0
    return counted


@misconception(replaces="count_calls", caught_by="test_counting_keeps_the_docstring")
def copies_the_name_alone(fn):
    "The name is all that others see of a function."

    def counted(*args, **kwargs):
        counted.calls += 1
        return fn(*args, **kwargs)

    counted.calls, counted.__name__ = 0, fn.__name__
    return counted


@misconception(replaces="count_calls", caught_by="test_counting_keeps_the_signature")
def copies_name_and_docstring(fn):
    "With the name and the docstring help() is complete."

    def counted(*args, **kwargs):
        counted.calls += 1
        return fn(*args, **kwargs)

    counted.calls, counted.__name__, counted.__doc__ = 0, fn.__name__, fn.__doc__
    return counted


@misconception(replaces="count_calls", caught_by="test_counting_gives_the_result")
def drops_the_result(fn):
    "Calling fn is enough: what it returns finds its way."

    def counted(*args, **kwargs):
        counted.calls += 1
        fn(*args, **kwargs)

    return _counting(fn, counted)


@misconception(replaces="count_calls", caught_by="test_counting_passes_on_the_arguments")
def drops_keyword_arguments(fn):
    "*args takes all arguments."

    def counted(*args):
        counted.calls += 1
        return fn(*args)

    return _counting(fn, counted)


@misconception(replaces="count_calls", caught_by="test_counting_passes_on_the_arguments")
def takes_one_argument(fn):
    "A function of one argument is what gets decorated."

    def counted(argument):
        counted.calls += 1
        return fn(argument)

    return _counting(fn, counted)


@misconception(replaces="count_calls", caught_by="test_decorating_to_count_calls_nothing")
def runs_at_decoration(fn):
    "The function runs when it is decorated, and again when it is called."

    def counted(*args, **kwargs):
        counted.calls += 1
        return fn(*args, **kwargs)

    with suppress(Exception):
        fn()
    return _counting(fn, counted)


_together = Counter()


@misconception(
    replaces="count_calls",
    caught_by=("test_each_function_has_its_own_count", "test_the_count_belongs_to_the_decorated"),
)
def one_counter_for_all(fn):
    "The decorator has the counter, and it counts what goes through it."

    def counted(*args, **kwargs):
        _together["all"] += 1
        counted.calls = _together["all"]
        return fn(*args, **kwargs)

    return _counting(fn, counted)


@misconception(replaces="count_calls", caught_by="test_functions_of_one_name_are_counted_apart")
def counts_by_name(fn):
    "The name says which function it is."

    def counted(*args, **kwargs):
        _together[fn.__name__] += 1
        counted.calls = _together[fn.__name__]
        return fn(*args, **kwargs)

    return _counting(fn, counted)


@misconception(replaces="count_calls", caught_by="test_the_count_belongs_to_the_decorated")
def counts_by_function(fn):
    "The count belongs to the function inside, however often it is decorated."

    def counted(*args, **kwargs):
        _together[fn] += 1
        counted.calls = _together[fn]
        return fn(*args, **kwargs)

    return _counting(fn, counted)


@misconception(replaces="count_calls", caught_by="test_calls_are_counted")
def counts_on_the_function_inside(fn):
    "wraps ties the two together: what is set on fn is set on the wrapper."
    fn.calls = 0

    @wraps(fn)
    def counted(*args, **kwargs):
        fn.calls += 1
        return fn(*args, **kwargs)

    return counted


@misconception(replaces="count_calls", caught_by="test_what_is_counted_can_be_counted_anew")
def wraps_last(fn):
    "It makes no difference whether wraps comes first or last."

    def counted(*args, **kwargs):
        counted.calls += 1
        return fn(*args, **kwargs)

    counted.calls = 0
    return update_wrapper(counted, fn)


@misconception(replaces="count_calls", caught_by="test_a_call_that_fails_counts")
def counts_success_only(fn):
    "A call that fails is none."

    def counted(*args, **kwargs):
        result = fn(*args, **kwargs)
        counted.calls += 1
        return result

    return _counting(fn, counted)


@misconception(replaces="count_calls", caught_by="test_a_call_counts_when_it_begins")
def counts_at_the_end(fn):
    "It is all the same whether a call is counted before or after."

    def counted(*args, **kwargs):
        try:
            return fn(*args, **kwargs)
        finally:
            counted.calls += 1

    return _counting(fn, counted)


@misconception(replaces="count_calls", caught_by="test_counted_methods_get_their_instance")
class HasNoGet:
    "An object with __call__ is as good as a function, in a class too."

    def __init__(self, fn):
        update_wrapper(self, fn)
        self.fn, self.calls = fn, 0

    def __call__(self, *args, **kwargs):
        self.calls += 1
        return self.fn(*args, **kwargs)


@misconception(replaces="count_calls", caught_by="test_calls_are_counted")
def count_is_a_method(fn):
    "A count is asked for with brackets, f.calls()."
    counter = Counter()

    @wraps(fn)
    def counted(*args, **kwargs):
        counter["calls"] += 1
        return fn(*args, **kwargs)

    counted.calls = lambda: counter["calls"]
    return counted


@misconception(replaces="count_calls", caught_by="test_each_call_runs_the_function")
def remembers_results(fn):
    "Equal arguments give equal results, so the function need not run again."
    remembered = lru_cache(maxsize=None)(fn)

    def counted(*args, **kwargs):
        counted.calls += 1
        return remembered(*args, **kwargs)

    return _counting(fn, counted)


def _retrying(times, attempt):
    """What wrong answers below share: attempt(fn, args, kwargs) makes all tries of one call."""
    if times < 1:
        raise ValueError(f"times is {times}")

    def decorate(fn):
        return wraps(fn)(lambda *args, **kwargs: attempt(fn, args, kwargs))

    return decorate


def _all_tries(times, on, call):
    for _ in range(times - 1):
        with suppress(on):
            return call()
    return call()


@misconception(replaces="retry", caught_by="test_a_failure_of_all_tries_is_no_result")
def swallows_the_last_error(times, on=Exception):
    "After so many tries there is nothing left to say, so None."

    def attempt(fn, args, kwargs):
        for _ in range(times):
            with suppress(on):
                return fn(*args, **kwargs)

    return _retrying(times, attempt)


@misconception(replaces="retry", caught_by="test_the_last_error_comes_out")
def raises_the_first_error(times, on=Exception):
    "The first error is the one to report, the others follow from it."

    def attempt(fn, args, kwargs):
        first = None
        for _ in range(times):
            try:
                return fn(*args, **kwargs)
            except on as error:
                first = first or error
        raise first

    return _retrying(times, attempt)


@misconception(
    replaces="retry",
    caught_by=("test_the_last_error_comes_out", "test_a_single_try_is_an_ordinary_call"),
)
def raises_an_error_of_its_own(times, on=Exception):
    "That all tries failed is an error of retry, and of its kind."

    def attempt(fn, args, kwargs):
        for _ in range(times):
            try:
                return fn(*args, **kwargs)
            except on as error:
                last = error
        raise RuntimeError(f"failed {times} times") from last

    return _retrying(times, attempt)


@misconception(
    replaces="retry",
    caught_by=("test_times_counts_all_calls", "test_a_single_try_is_an_ordinary_call"),
)
def calls_once_too_often(times, on=Exception):
    "times is how often it is tried again."
    return _retrying(
        times, lambda fn, args, kwargs: _all_tries(times + 1, on, lambda: fn(*args, **kwargs))
    )


@misconception(replaces="retry", caught_by="test_times_counts_all_calls")
def tries_twice(times, on=Exception):
    "To retry is to try a second time."
    return _retrying(
        times,
        lambda fn, args, kwargs: _all_tries(min(times, 2), on, lambda: fn(*args, **kwargs)),
    )


@misconception(replaces="retry", caught_by="test_times_counts_all_calls")
def never_gives_up(times, on=Exception):
    "What is tried again and again works in the end."

    def attempt(fn, args, kwargs):
        while True:
            with suppress(on):
                return fn(*args, **kwargs)

    return _retrying(times, attempt)


@misconception(replaces="retry", caught_by="test_other_errors_come_out_at_once")
def catches_everything(times, on=Exception):
    "A failure is a failure, of whatever kind."
    return _retrying(
        times, lambda fn, args, kwargs: _all_tries(times, Exception, lambda: fn(*args, **kwargs))
    )


@misconception(replaces="retry", caught_by="test_by_default_only_exceptions_are_caught")
def catches_ctrl_c_too(times, on=BaseException):
    "A bare except and except Exception catch the same."
    on = BaseException if on is Exception else on
    return _retrying(
        times, lambda fn, args, kwargs: _all_tries(times, on, lambda: fn(*args, **kwargs))
    )


@misconception(replaces="retry", caught_by="test_subclasses_of_on_count")
def wants_the_very_class(times, on=Exception):
    "An error is of a class if its type is that class."
    classes = on if isinstance(on, tuple) else (on,)

    def attempt(fn, args, kwargs):
        for left in reversed(range(times)):
            try:
                return fn(*args, **kwargs)
            except Exception as error:
                if not left or (on is not Exception and type(error) not in classes):
                    raise

    return _retrying(times, attempt)


@misconception(replaces="retry", caught_by="test_on_may_be_a_tuple")
def takes_the_first_of_a_tuple(times, on=Exception):
    "on is one class; of several the first will do."
    on = on[0] if isinstance(on, tuple) else on
    return _retrying(
        times, lambda fn, args, kwargs: _all_tries(times, on, lambda: fn(*args, **kwargs))
    )


@misconception(replaces="retry", caught_by="test_a_falsy_result_is_a_success")
def takes_falsy_for_failed(times, on=Exception):
    "A function that returns nothing much has failed."

    def attempt(fn, args, kwargs):
        for left in reversed(range(times)):
            try:
                result = fn(*args, **kwargs)
            except on:
                if not left:
                    raise
            else:
                if result or not left:
                    return result

    return _retrying(times, attempt)


@misconception(
    replaces="retry",
    caught_by=("test_a_success_is_not_repeated", "test_a_falsy_result_is_a_success"),
)
def always_runs_all_tries(times, on=Exception):
    "The function runs `times` times, and the last result counts."

    def attempt(fn, args, kwargs):
        for left in reversed(range(times)):
            try:
                result = fn(*args, **kwargs)
            except on:
                if not left:
                    raise
        return result

    return _retrying(times, attempt)


@misconception(replaces="retry", caught_by="test_each_call_has_all_its_tries")
def has_one_budget(times, on=Exception):
    "times is what the decorated function may fail in its whole life."
    failed = Counter()

    def attempt(fn, args, kwargs):
        while True:
            try:
                return fn(*args, **kwargs)
            except on:
                failed[fn] += 1
                if failed[fn] >= times:
                    raise

    return _retrying(times, attempt)


@misconception(replaces="retry", caught_by="test_each_try_gets_the_arguments")
def empties_the_arguments(times, on=Exception):
    "The arguments belong to the first try."

    def attempt(fn, args, kwargs):
        given = partial(fn, *args, **kwargs)
        for left in reversed(range(times)):
            try:
                return given()
            except on:
                given = fn
                if not left:
                    raise

    return _retrying(times, attempt)


@misconception(replaces="retry", caught_by="test_trying_gives_the_result")
def retry_drops_the_result(times, on=Exception):
    "Once a try succeeds, all is done."

    def attempt(fn, args, kwargs):
        _all_tries(times, on, lambda: fn(*args, **kwargs))

    return _retrying(times, attempt)


@misconception(replaces="retry", caught_by="test_retrying_keeps_name_docstring_and_signature")
def retry_loses_the_name(times, on=Exception):
    "A decorator with arguments makes a new function, with a name of its own."
    if times < 1:
        raise ValueError(f"times is {times}")

    def decorate(fn):
        def tried(*args, **kwargs):
            return _all_tries(times, on, lambda: fn(*args, **kwargs))

        return tried

    return decorate


@misconception(replaces="retry", caught_by="test_retried_methods_get_their_instance")
class RetriesWithoutGet:
    "A decorator with arguments is a class, and so is what it makes."

    def __init__(self, times, on=Exception):
        if times < 1:
            raise ValueError(f"times is {times}")
        self.times, self.on = times, on

    def __call__(self, fn):
        call = partial(lambda *args, **kwargs: self.tried(fn, args, kwargs))
        return update_wrapper(call, fn)

    def tried(self, fn, args, kwargs):
        return _all_tries(self.times, self.on, lambda: fn(*args, **kwargs))


@misconception(replaces="retry", caught_by="test_decorating_to_retry_calls_nothing")
def retry_runs_at_decoration(times, on=Exception):
    "@retry(3) tries the function out when it is defined."
    decorate = _retrying(
        times, lambda fn, args, kwargs: _all_tries(times, on, lambda: fn(*args, **kwargs))
    )

    def try_out(fn):
        with suppress(Exception):
            fn()
        return decorate(fn)

    return try_out


@misconception(replaces="retry", caught_by="test_negative_times_are_refused_when_decorating")
def checks_in_the_call(times, on=Exception):
    "A bad number of tries matters only when there is something to try."

    def attempt(fn, args, kwargs):
        if times < 1:
            raise ValueError(f"times is {times}")
        return _all_tries(times, on, lambda: fn(*args, **kwargs))

    return _retrying(1, attempt)


@misconception(replaces="retry", caught_by="test_no_tries_are_refused_when_decorating")
def refuses_negative_times_only(times, on=Exception):
    "No tries at all is a number of tries too."
    if times < 0:
        raise ValueError(f"times is {times}")
    return _retrying(1, lambda fn, args, kwargs: _all_tries(times, on, lambda: fn(*args, **kwargs)))
