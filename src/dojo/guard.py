"""Guards what tests judge by: a program that replaces it, or ends the process, is told so.

A program that patches torch.equal would make every test pass, and those of other katas in the same
run. This is meant for accidents: a program that wants to deceive the process it runs in can do so.
"""

import builtins
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import pytest
import torch

from dojo import arguments, checks, comparison, counting, race

_TENSOR = (
    "__bool__",
    "__eq__",
    "all",
    "allclose",
    "any",
    "cpu",
    "detach",
    "equal",
    "item",
    "tolist",
)
# Owners of what tests judge by, and the names there.
_JUDGES: dict[Any, tuple[str, ...]] = {
    builtins: tuple(name for name in vars(builtins) if name.islower() and name != "_"),
    pytest: ("approx", "fail", "raises", "skip", "warns"),
    torch: ("all", "allclose", "any", "equal", "isclose", "zeros", "ones", "tensor", "arange"),
    torch.Tensor: _TENSOR,
    torch.testing: ("assert_close", "make_tensor"),
    **{
        module: tuple(name for name, part in vars(module).items() if callable(part))
        for module in (arguments, checks, comparison, counting, race)
    },
}
_ORIGINALS = [
    (owner, name, getattr(owner, name), name in vars(owner))
    for owner, names in _JUDGES.items()
    for name in names
]


class ProcessExit(SystemExit):
    """os._exit() was called, which would have ended the run without a word."""


def replaced() -> list[str]:
    """What was replaced of that by which tests judge; it is put back."""
    found = []
    for owner, name, original, is_own in _ORIGINALS:
        if getattr(owner, name, None) is not original:
            found.append(f"{_name(owner)}.{name}")
            if is_own:
                setattr(owner, name, original)
            else:
                delattr(owner, name)
    return found


@contextmanager
def exits_raise() -> Iterator[None]:
    """Let os._exit() in this process raise; processes that it forks may end as they like."""
    ours, end = os.getpid(), os._exit

    def stop(status: int) -> NoReturn:
        if os.getpid() == ours:
            raise ProcessExit(status)
        end(status)

    os._exit = stop
    try:
        yield
    finally:
        os._exit = end


def _name(owner: Any) -> str:
    return owner.__name__ if owner is not torch.Tensor else "torch.Tensor"
