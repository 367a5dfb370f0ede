"""What is a decorator?

Here two of them: one that counts the calls of a function, one that calls it again when it fails.
"""

from collections.abc import Callable
from typing import Any


def count_calls(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that does what fn does, with the number of its calls in .calls.

    Whatever arguments it gets, by position or by name, go to fn; fn's result or error comes out.
    .calls is an int, 0 at first. A call counts when it begins, so one that fails counts too. Each
    decorated function has a count of its own, also where fn is decorated twice, is counted already,
    or has the name of another. Decorating calls nothing.

    A method can be decorated: it gets its instance, and Class.method.calls counts for all
    instances. __name__, __doc__ and what inspect.signature says are those of fn.
    """
    raise NotImplementedError


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
    raise NotImplementedError
