"""Handle the arguments and answers of a race: numbers and tensors in nested lists and tuples."""

from collections.abc import Sequence
from math import isclose, isnan
from typing import Any

import torch
from torch import Tensor

from dojo import comparison

__all__ = ["copy_of", "difference", "numbers_in", "refill"]


def copy_of(value: Any) -> Any:
    """Copy lists, tuples and tensors all the way down; anything else is passed on as it is."""
    if isinstance(value, Tensor):
        return value.detach().clone().requires_grad_(value.requires_grad)
    if type(value) in (list, tuple):
        return type(value)(copy_of(item) for item in value)
    return value


def refill(old: Any, fresh: Any) -> Any:
    """Put fresh content into the old objects, as far as they can take it.

    An answer that was kept for these objects is then wrong, and shows.
    """
    if isinstance(old, Tensor) and isinstance(fresh, Tensor) and _looks(old) == _looks(fresh):
        old.data.copy_(fresh)  # .data: a cache that watches the tensor's _version sees no change
        return old
    if type(old) is type(fresh) and type(old) in (list, tuple):
        items = fresh if len(old) != len(fresh) else [*map(refill, old, fresh)]
        if type(old) is list:
            old[:] = items
            return old
        return old if _are(items, old) else tuple(items)
    return fresh


def numbers_in(value: Any) -> int:
    """Count the numbers that tensors, lists and tuples hold; anything else counts as one."""
    if isinstance(value, Tensor):
        return value.numel()
    if isinstance(value, list | tuple):
        return sum(map(numbers_in, value))
    return 1


def difference(
    got: Any, expected: Any, *, rtol: float | None = None, atol: float | None = None
) -> str | None:
    """Say in what got differs from what was expected: type, then shape and dtype, then values.

    rtol and atol are those of torch.testing.assert_close, and go together; 0 and 0 ask for the same
    values, and leave types alone. NaN equals NaN.
    """
    if type(got) is not type(expected) and rtol != 0:
        return f"a {type(got).__name__} in place of a {type(expected).__name__}"
    if isinstance(expected, Tensor):
        return comparison.difference(got, expected, rtol=rtol, atol=atol) or None
    if isinstance(expected, list | tuple):
        if len(got) != len(expected):
            return f"{len(got):,} items in place of {len(expected):,}"
        for place, (mine, other) in enumerate(zip(got, expected, strict=True)):
            if found := difference(mine, other, rtol=rtol, atol=atol):
                return f"at place {place}: {found}"
        return None
    if isinstance(expected, float) and _close(got, expected, rtol, atol):
        return None
    return None if got == expected else f"{got!r} in place of {expected!r}"


def _close(got: float, expected: float, rtol: float | None, atol: float | None) -> bool:
    """Compare two floats with float32's tolerances: they come out of float32 tensors as a rule."""
    if rtol is None or atol is None:
        rtol, atol = comparison.tolerances(torch.float32)
    return isclose(got, expected, rel_tol=rtol, abs_tol=atol) or (isnan(got) and isnan(expected))


def _looks(tensor: Tensor) -> tuple[tuple[int, ...], Any]:
    return tuple(tensor.shape), tensor.dtype


def _are(items: Sequence[Any], others: Sequence[Any]) -> bool:
    """Tell whether these are the same objects: a tuple of them can then stay the same tuple."""
    return all(item is other for item, other in zip(items, others, strict=False))
