"""Clocks that wait for the accelerator, for the race and for pytest-benchmark."""

from collections.abc import Callable
from time import perf_counter

import torch

__all__ = ["runs_beside_the_host", "timer"]


def runs_beside_the_host(device: torch.device | str) -> bool:
    """Tell whether a call returns before this device has done the work."""
    return torch.device(device).type in ("cuda", "mps", "xpu")


def timer(device: torch.device | str) -> Callable[[], float]:
    """Make a wall clock, in seconds, that reads the time once the device has done its work.

    pytest-benchmark takes it as its timer=. Without the wait it would time the launches only.
    """
    if not runs_beside_the_host(device):
        return perf_counter

    def when_done() -> float:
        torch.accelerator.synchronize(device)
        return perf_counter()

    return when_done
