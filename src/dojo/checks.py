"""Assertions that speak to the learner: what was expected, what came, and what that means.

They never broadcast: type, shape, dtype and device are compared before any value.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

# Tensors of more elements than this are not printed whole.
_PRINTED = 24


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
    problem = _difference(got, expected, rtol, atol)
    if problem:
        raise AssertionError(f"{problem}: {meaning}" if meaning else problem)


def _difference(got: Any, expected: Tensor, rtol: float | None, atol: float | None) -> str:
    if not isinstance(got, Tensor):
        return f"expected a tensor, got {_described(got)}"
    if got.shape != expected.shape:
        return f"expected shape {tuple(expected.shape)}, got {tuple(got.shape)}"
    if got.dtype != expected.dtype:
        return f"expected dtype {_plain(expected.dtype)}, got {_plain(got.dtype)}"
    if got.device.type != expected.device.type:
        return f"expected a tensor on {expected.device.type}, got one on {got.device.type}"
    mine, right = got.detach().cpu(), expected.detach().cpu()
    try:
        torch.testing.assert_close(mine, right, rtol=rtol, atol=atol, equal_nan=True)
    except AssertionError:
        return _values(mine, right, rtol, atol)
    return ""


def _values(got: Tensor, expected: Tensor, rtol: float | None, atol: float | None) -> str:
    if expected.numel() <= _PRINTED:
        return f"expected {_rounded(expected)}, got {_rounded(got)}"
    if rtol is None or atol is None:
        rtol, atol = torch.testing._comparison.default_tolerances(got)
    wrong = ~torch.isclose(got, expected, rtol=rtol, atol=atol, equal_nan=True)
    place = tuple(wrong.nonzero()[0].tolist())
    first = f"at {list(place)} expected {expected[place].item():.6g}, got {got[place].item():.6g}"
    return f"{int(wrong.sum()):,} of {wrong.numel():,} values differ: {first}"


def _rounded(t: Tensor) -> str:
    """The values of a tensor as nested lists, floats to six digits."""

    def text(value: Any) -> str:
        if isinstance(value, list):
            return f"[{', '.join(map(text, value))}]"
        return f"{value:.6g}" if isinstance(value, float) else str(value)

    return text(t.tolist())


def _plain(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _described(value: Any) -> str:
    if isinstance(value, Tensor):
        return f"a tensor of shape {tuple(value.shape)}, {_plain(value.dtype)}"
    text = repr(value)
    return f"{type(value).__name__} {text if len(text) <= 80 else text[:77] + '...'}"


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
    except error as raised:
        message = str(raised)
    except NotImplementedError:
        raise  # not written yet: no wrong answer
    except Exception as other:
        raise AssertionError(
            f"{why}: expected {name}, got {type(other).__name__}: {other}"
        ) from other
    else:
        raise AssertionError(f"{why}: expected {name}, got no error but {_described(result)}")
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
        if problem := _difference(t, copy, 0, 0):
            which = f"input {number} of {len(tensors)}" if len(tensors) > 1 else "the input"
            raise AssertionError(f"{which} was changed, and is to be left as it is: {problem}")
