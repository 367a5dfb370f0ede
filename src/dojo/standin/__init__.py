"""A pretend accelerator, for machines without one.

Tensors on it report a device of their own, hold real values in the CPU's memory, and refuse what a
GPU refuses: arithmetic with a CPU tensor, .numpy(), a generator of the CPU. Code that would fail on
a GPU for want of a device= fails here.

    with activate() as device:
        x = torch.arange(6.0, device=device)

To see how a device for torch is written in Python, read memory (one block of memory, two devices),
lending (an operator runs on the CPU), kernels and cells (what torch's dispatcher is given), engine
(backward), parameters (how a module moves), backend (how torch learns of it all).
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from dojo.standin import engine, parameters
from dojo.standin.backend import BACKEND, why_unregistered
from dojo.standin.memory import NAME

__all__ = ["NAME", "activate", "why_unavailable"]


def why_unavailable() -> str | None:
    """What keeps the stand-in from working here; None when it works.

    The first call in a process makes the device known to torch.
    """
    return why_unregistered()


@contextmanager
def activate() -> Iterator[torch.device]:
    """Make the device usable inside the with, which may be nested.

    Raises RuntimeError where why_unavailable() gives a reason.
    """
    if reason := why_unavailable():
        raise RuntimeError(f"the stand-in does not work here: {reason}")
    BACKEND.users += 1
    try:
        with engine.in_this_thread(), parameters.kept():
            yield torch.device(NAME)
    finally:
        BACKEND.users -= 1
