"""How much a learner's code may take: time, memory, output."""

import contextlib
import ctypes
import resource
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Limits:
    """The limits of one run; those of Exercism's test runners by default, but for files.

    Attributes:
        seconds: From the first test to the last, on the clock.
        memory: Bytes that the process may set aside, beside what it has when the tests begin.
        file: Bytes of any file that it writes, and of the output that bypasses Python. What a test
            prints ends at a million characters (see dojo.output).
    """

    seconds: float = 20
    memory: int = 3 * 10**9
    file: int = 64 * 10**6


def restrict(limits: Limits) -> None:
    """Put this process and those that it starts under the limits, as far as the system can.

    The time is the supervisor's business. RLIMIT_CPU would be no help: under it Linux moves the
    clock of the process only every 4 ms, by which races are timed.
    """
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_FSIZE, limits.file)
    if sys.platform == "linux":  # elsewhere it leaves out most of what malloc gives
        _lower(resource.RLIMIT_DATA, _data() + limits.memory)


def die_with_parent() -> None:
    """Let this process be killed when the one that forked it ends, however that ends; on Linux."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _lower(which: int, value: int) -> None:
    _, hard = resource.getrlimit(which)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(which, (value, value))


def _data() -> int:
    """The bytes that RLIMIT_DATA counts, now."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmData:"):
            return int(line.split()[1]) * 1024
    return 0
