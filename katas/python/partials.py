"""Which mechanism fixes some of a function's arguments and leaves the rest?

Here: functions for later, such as the schedule of a learning rate, which may have to be saved.
"""

from collections.abc import Callable, Mapping
from typing import Any


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
    raise NotImplementedError


def schedules(
    shapes: Mapping[str, Callable[[float, float, float], float]], start: float, end: float
) -> dict[str, Callable[[float], float]]:
    """Return, under the name of each shape, its schedule: a function of position alone.

    A shape is a function (start, end, position) that is called with three arguments by position.
    The schedule of position calls its own shape with start and end fixed. Schedules come in the
    order of shapes, and can be pickled as what freeze returns can.
    """
    raise NotImplementedError
