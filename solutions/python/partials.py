"""Which mechanism fixes some of a function's arguments and leaves the rest?

Here: functions for later, such as the schedule of a learning rate, which may have to be saved.
"""

import contextlib
import functools
from collections.abc import Callable, Mapping
from typing import Any

from dojo import alternative, misconception

__all__ = ["freeze", "schedules"]


def freeze(fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Callable[..., Any]:
    """Return a callable that calls fn with these arguments and with those of its own call.

    The fixed arguments by position come first, then those of the call. Of the keywords a call may
    give new ones, or another value for a fixed one, which holds for that call alone. A keyword may
    have any name, fn and func included. Nothing is called before the result is, and then fn is
    called once, and its result returned.

    The result has the attributes .func (fn), .args (a tuple) and .keywords (a dict) of what was
    fixed. It can be pickled, if fn and the arguments can, and does the same when it is loaded. What
    they are where fn was frozen before is left open.
    """
    return functools.partial(fn, *args, **kwargs)


def schedules(
    shapes: Mapping[str, Callable[[float, float, float], float]], start: float, end: float
) -> dict[str, Callable[[float], float]]:
    """Return, under the name of each shape, its schedule: a function of position alone.

    A shape is a function (start, end, position) that is called with three arguments by position.
    The schedule of position calls its own shape with start and end fixed. Schedules come in the
    order of shapes, and can be pickled as what freeze returns can.
    """
    return {name: freeze(shape, start, end) for name, shape in shapes.items()}


HINTS = (
    "A lambda would do it, but try pickle.dumps(lambda: 0). Which callable of functools is made "
    "for this?",
    "functools.partial(fn, *args, **kwargs) fixes arguments. In a loop over shapes, which shape "
    "does a lambda look up when it is called at last?",
    "freeze: return functools.partial(fn, *args, **kwargs). schedules: "
    "{name: freeze(shape, start, end) for name, shape in shapes.items()}.",
)
ANSWER = """
functools.partial: it keeps a function with some arguments, and adds those of the call behind them.
A lambda does as much at first sight, and differs in two ways. It cannot be pickled, so it cannot go
to a worker of a DataLoader that was started afresh, or into a checkpoint. And it looks names up
when it is called: made in a loop, all lambdas use the loop's last shape, where a partial has taken
its own at once.

Fixed arguments by position fill the parameters from the left, so what is to stay open has to come
last; that is why shapes take the position as their third. A fixed keyword is a default and no
lock: the call may say otherwise.
"""


class _Frozen:
    """A partial written out, which the other answers below share."""

    def __init__(self, fn, args, kwargs):
        self.func, self.args, self.keywords = fn, tuple(args), dict(kwargs)

    def __call__(self, *args, **kwargs):
        return self.func(*self.args, *args, **{**self.keywords, **kwargs})


@alternative(replaces="freeze")
def writes_a_class(fn, /, *args, **kwargs):
    return _Frozen(fn, args, kwargs)


@alternative(replaces="schedules")
def builds_a_dict_in_a_loop(shapes, start, end):
    result = {}
    for name, shape in shapes.items():
        result[name] = functools.partial(shape, start, end)
    return result


@alternative(replaces=("freeze", "schedules"))
class WritesItOut:
    @staticmethod
    def freeze(fn, /, *args, **kwargs):
        return _Frozen(fn, args, kwargs)

    @staticmethod
    def schedules(shapes, start, end):
        frozen = (_Frozen(shape, (start, end), {}) for shape in shapes.values())
        return dict(zip(shapes, frozen, strict=True))


@misconception(caught_by="test_a_frozen_function_can_be_pickled", replaces="freeze")
def returns_a_function(fn, /, *args, **kwargs):
    "A function made inside another, or a lambda, is a function like any other."

    def frozen(*more, **others):
        return fn(*args, *more, **{**kwargs, **others})

    frozen.func, frozen.args, frozen.keywords = fn, args, kwargs
    return frozen


@misconception(caught_by="test_nothing_is_called_before_its_time", replaces="freeze")
def calls_at_once(fn, /, *args, **kwargs):
    "Fixing a function's arguments is calling it."
    with contextlib.suppress(TypeError):  # there may be arguments to come
        fn(*args, **kwargs)
    return functools.partial(fn, *args, **kwargs)


@misconception(caught_by="test_later_arguments_come_after_the_fixed_ones", replaces="freeze")
def puts_new_arguments_first(fn, /, *args, **kwargs):
    "What the call gives comes first, and what was fixed is added."
    return _PutsNewFirst(fn, args, kwargs)


class _PutsNewFirst(_Frozen):
    def __call__(self, *args, **kwargs):
        return self.func(*args, *self.args, **{**self.keywords, **kwargs})


@misconception(caught_by="test_a_call_may_override_a_fixed_keyword", replaces="freeze")
def lets_the_fixed_keyword_win(fn, /, *args, **kwargs):
    "What is fixed stays fixed."
    return _FixedWins(fn, args, kwargs)


class _FixedWins(_Frozen):
    def __call__(self, *args, **kwargs):
        return self.func(*self.args, *args, **{**kwargs, **self.keywords})


@misconception(caught_by="test_an_override_holds_for_one_call", replaces="freeze")
def keeps_the_override(fn, /, *args, **kwargs):
    "keywords.update(kwargs) is how keywords are put together."
    return _KeepsOverride(fn, args, kwargs)


class _KeepsOverride(_Frozen):
    def __call__(self, *args, **kwargs):
        self.keywords.update(kwargs)
        return self.func(*self.args, *args, **self.keywords)


@misconception(caught_by="test_what_a_call_adds_is_gone_for_the_next", replaces="freeze")
def keeps_the_arguments(fn, /, *args, **kwargs):
    "The arguments of a call join those that are fixed."
    return _KeepsArguments(fn, args, kwargs)


class _KeepsArguments(_Frozen):
    def __call__(self, *args, **kwargs):
        self.args += args
        return self.func(*self.args, **{**self.keywords, **kwargs})


@misconception(caught_by="test_a_call_may_add_keywords", replaces="freeze")
def takes_no_new_keywords(fn, /, *args, **kwargs):
    "Keywords are fixed once; a call gives the rest by position."
    return _NoKeywords(fn, args, kwargs)


class _NoKeywords(_Frozen):
    def __call__(self, *args, **kwargs):
        known = {name: value for name, value in kwargs.items() if name in self.keywords}
        return self.func(*self.args, *args, **{**self.keywords, **known})


@misconception(caught_by="test_the_result_is_returned", replaces="freeze")
def drops_the_result(fn, /, *args, **kwargs):
    "A call is a call; the result takes care of itself."
    return _DropsResult(fn, args, kwargs)


class _DropsResult(_Frozen):
    def __call__(self, *args, **kwargs):
        super().__call__(*args, **kwargs)


@misconception(caught_by="test_it_tells_what_was_fixed", replaces="freeze")
def tells_nothing(fn, /, *args, **kwargs):
    "What was fixed is nobody's business."
    return _TellsNothing(fn, args, kwargs)


class _TellsNothing:
    def __init__(self, fn, args, kwargs):
        self._parts = fn, args, kwargs

    def __call__(self, *args, **kwargs):
        fn, fixed, keywords = self._parts
        return fn(*fixed, *args, **{**keywords, **kwargs})


@misconception(caught_by="test_each_call_calls_the_function", replaces="freeze")
def remembers_the_result(fn, /, *args, **kwargs):
    "The same arguments give the same result, so one call will do."
    return _Remembers(fn, args, kwargs)


class _Remembers(_Frozen):
    def __call__(self, *args, **kwargs):
        known = vars(self).setdefault("known", {})
        key = repr((args, kwargs))
        if key not in known:
            known[key] = super().__call__(*args, **kwargs)
        return known[key]


@misconception(caught_by="test_keywords_may_have_any_name", replaces="freeze")
def keeps_a_parameter_called_func(fn, /, *args, **kwargs):
    "No keyword is called func or fn."
    func = kwargs.pop("func", fn)
    fn = kwargs.pop("fn", func)
    return functools.partial(fn, *args, **kwargs)


@misconception(caught_by="test_each_schedule_keeps_its_own_shape", replaces="schedules")
def binds_late(shapes, start, end):
    "A function made in a loop keeps the loop's variable as it is then."
    current = []

    result = {}
    for name, shape in shapes.items():
        current[:] = [shape]
        result[name] = functools.partial(_call_current, current, start, end)
    return result


def _call_current(current, start, end, position):
    return current[0](start, end, position)


@misconception(caught_by="test_schedules_can_be_pickled", replaces="schedules")
def makes_lambdas(shapes, start, end):
    "A default argument binds the shape, and that is all there is to it."
    return {
        name: lambda position, shape=shape: shape(start, end, position)
        for name, shape in shapes.items()
    }


@misconception(caught_by="test_a_schedule_runs_from_start_to_end", replaces="schedules")
def swaps_start_and_end(shapes, start, end):
    "A shape takes the end first."
    return {name: functools.partial(shape, end, start) for name, shape in shapes.items()}


@misconception(caught_by="test_schedules_come_under_their_names", replaces="schedules")
def lists_them(shapes, start, end):
    "The schedules are a list; their names are in shapes."
    return [functools.partial(shape, start, end) for shape in shapes.values()]


@misconception(caught_by="test_shapes_are_called_by_position", replaces="schedules")
def names_the_arguments(shapes, start, end):
    "Every shape calls its parameters start, end and position."
    return {name: functools.partial(shape, start=start, end=end) for name, shape in shapes.items()}
