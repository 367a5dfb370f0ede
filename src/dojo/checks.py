"""Assertions that speak to the learner: what was expected, what came, and what that means.

They never broadcast: type, shape, dtype and device are compared before any value.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from torch import Tensor

from dojo.comparison import described, difference

T = TypeVar("T")


def assert_same(
    got: Any,
    expected: Tensor,
    meaning: str = "",
    *,
    rtol: float | None = None,
    atol: float | None = None,
) -> None:
    """Assert that an answer is the expected tensor: type, shape, dtype, device, then values.

    Args:
        got: What the learner's program returned.
        expected: What it should be.
        meaning: What a wrong value would mean, such as "10 would mean that rows were summed".
        rtol: Relative tolerance; with None for both, torch.testing's default for the dtype.
        atol: Absolute tolerance.

    Raises:
        AssertionError: they differ; the message has both and the meaning.
    """
    problem = difference(got, expected, rtol=rtol, atol=atol)
    if problem:
        raise AssertionError(f"{problem}: {meaning}" if meaning else problem)


def answer_of(call: Callable[[], T], why: str) -> T:
    """Make a call that must not raise, and give back what it returns.

    Args:
        call: A function without arguments that makes the call.
        why: What it should have given, such as "shape (3, 1) can be viewed as rows".

    Raises:
        AssertionError: it raised; the message has the error and the reason.
    """
    try:
        return call()
    except NotImplementedError:
        raise  # not written yet: no wrong answer
    except Exception as error:
        raise AssertionError(f"{why}, got {type(error).__name__}: {error}") from error


def assert_refused(
    call: Callable[[], object],
    error: type[Exception],
    why: str,
    *,
    mentions: Iterable[object] = (),
) -> None:
    """Assert that a call raises, and that the message says what the contract promises.

    Args:
        call: A function without arguments that makes the call.
        error: The error that the stub promises.
        why: What is wrong with the call, such as "axis 1 of shape (2, 3) has size 3".
        mentions: What the message must have in it, numbers or words.

    Raises:
        AssertionError: there was no error, another one, or one with too little in its message.
    """
    name = error.__name__
    try:
        result = call()
    except NotImplementedError:  # a RuntimeError, as Python has it
        raise  # not written yet: no wrong answer
    except error as raised:
        message = str(raised)
    except Exception as other:
        raise AssertionError(
            f"{why}: expected {name}, got {type(other).__name__}: {other}"
        ) from other
    else:
        raise AssertionError(f"{why}: expected {name}, got no error but {described(result)}")
    missing = [str(part) for part in mentions if str(part) not in message]
    if missing:
        parts = ", ".join(missing)
        raise AssertionError(f"{why}: the {name} must name {parts}, and says only {message!r}")


@contextmanager
def unchanged(*tensors: Tensor) -> Iterator[None]:
    """Assert that the tensors are, at the end, what they were at the beginning.

    Raises:
        AssertionError: one of them was written to; the message says which.
    """
    before = [t.detach().clone() for t in tensors]
    yield
    for number, (t, copy) in enumerate(zip(tensors, before, strict=True), 1):
        if problem := difference(t, copy, rtol=0, atol=0):
            which = f"input {number} of {len(tensors)}" if len(tensors) > 1 else "the input"
            raise AssertionError(f"{which} was changed, and is to be left as it is: {problem}")
