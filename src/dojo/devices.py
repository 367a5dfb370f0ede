"""Devices: those that tests can run on, which of them this machine has, and why not the others."""

import contextlib
import functools
from collections.abc import Iterator, Sequence

import torch

from dojo import standin
from dojo.errors import UserError

DEVICES = ("cpu", standin.NAME, "cuda", "mps")


@functools.cache
def why_missing(name: str) -> str | None:
    """Why this machine lacks a device, as a sentence; None if it has it."""
    match name:
        case "cpu":
            return None
        case standin.NAME:
            return standin.why_unavailable()
        case "cuda" if not torch.cuda.is_available():
            return "this machine has no CUDA device that torch can use"
        case "mps" if not torch.backends.mps.is_available():
            return "this machine has no Apple GPU that torch can use"
    return None


def present() -> tuple[str, ...]:
    """The devices that this machine has."""
    return tuple(name for name in DEVICES if why_missing(name) is None)


def chosen(names: Sequence[str]) -> tuple[str, ...]:
    """The devices that the command line asks for; all, present or not, where it names none.

    Raises:
        UserError: a device is unknown, or asked for by name and missing.
    """
    if not names or "all" in names:
        return DEVICES
    for name in names:
        if name not in DEVICES:
            raise UserError(f"--device={name}: there is {', '.join(DEVICES)} and all")
        if reason := why_missing(name):
            raise UserError(f"--device={name}: {reason}; it has {', '.join(present())}")
    return tuple(dict.fromkeys(names))


@contextlib.contextmanager
def active(name: str) -> Iterator[torch.device]:
    """Have a device ready for use; the stand-in works inside the context only."""
    if name == standin.NAME:
        with standin.activate() as device:
            yield device
    else:
        yield torch.device(name)


def seed(number: int) -> None:
    """Seed torch's global generators on the devices that are there.

    torch.manual_seed would do, but where CUDA is not up yet it writes down the whole call stack for
    later: a millisecond for every test.
    """
    torch.default_generator.manual_seed(number)
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]  # torch has not typed it
        torch.cuda.manual_seed_all(number)
    if why_missing("mps") is None:
        torch.mps.manual_seed(number)
