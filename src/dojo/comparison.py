"""In what two tensors differ, in words: type, shape, dtype and device before any value.

torch.testing.assert_close would compare as well, but its first call imports the machinery of
distributed tensors: 520 modules, 0.5 s and more, of which a learner would wait for every verdict.
"""

from typing import Any

import torch
from torch import Tensor

__all__ = ["described", "difference", "tolerances"]

# Tensors of more elements than this are not printed whole.
_PRINTED = 24

# Relative and absolute, as torch.testing has them; whole numbers and booleans must be equal.
_TOLERANCES = {
    torch.float16: (1e-3, 1e-5),
    torch.bfloat16: (1.6e-2, 1e-5),
    torch.float32: (1.3e-6, 1e-5),
    torch.float64: (1e-7, 1e-7),
    torch.complex64: (1.3e-6, 1e-5),
    torch.complex128: (1e-7, 1e-7),
}


def tolerances(dtype: torch.dtype) -> tuple[float, float]:
    """How far two values of a dtype may be apart by rounding: relatively, and absolutely."""
    return _TOLERANCES.get(dtype, (0.0, 0.0))


def difference(
    got: Any, expected: Tensor, *, rtol: float | None = None, atol: float | None = None
) -> str:
    """Say in what an answer differs from the expected tensor; empty if it does not.

    NaN equals NaN, and nothing is ever broadcast.

    Args:
        got: The answer, of any type.
        expected: The tensor that it should be.
        rtol: Relative tolerance; with None for both, that of the dtype.
        atol: Absolute tolerance; the two go together.
    """
    if not isinstance(got, Tensor):
        return f"expected a tensor, got {described(got)}"
    if got.shape != expected.shape:
        return f"expected shape {tuple(expected.shape)}, got {tuple(got.shape)}"
    if got.dtype != expected.dtype:
        return f"expected dtype {_plain(expected.dtype)}, got {_plain(got.dtype)}"
    if got.device.type != expected.device.type:
        return f"expected a tensor on {expected.device.type}, got one on {got.device.type}"
    if rtol is None or atol is None:
        rtol, atol = tolerances(expected.dtype)
    mine, right = got.detach().cpu(), expected.detach().cpu()
    close = torch.isclose(mine, right, rtol=rtol, atol=atol, equal_nan=True)
    return "" if close.all() else _values(mine, right, ~close)


def _values(got: Tensor, expected: Tensor, wrong: Tensor) -> str:
    if expected.numel() <= _PRINTED:
        mine, right = _rounded(got), _rounded(expected)
        if mine == right:  # they differ behind the sixth digit
            mine, right = str(got.tolist()), str(expected.tolist())
        return f"expected {right}, got {mine}"
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


def described(value: Any) -> str:
    """Say what a value is, in a few words."""
    if isinstance(value, Tensor):
        return f"a tensor of shape {tuple(value.shape)}, {_plain(value.dtype)}"
    text = repr(value)
    return f"{type(value).__name__} {text if len(text) <= 80 else text[:77] + '...'}"
