"""How much a learner's code may take: time, memory, output."""

import contextlib
import resource
import sys
from dataclasses import dataclass
from pathlib import Path


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

    The time is the supervisor's business; the processor's time here is for the case that it dies.
    """
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_FSIZE, limits.file)
    _lower(resource.RLIMIT_CPU, int(_cpu_seconds() + 8 * limits.seconds) + 1)
    if sys.platform == "linux":  # elsewhere it leaves out most of what malloc gives
        _lower(resource.RLIMIT_DATA, _data() + limits.memory)


def _lower(which: int, value: int) -> None:
    _, hard = resource.getrlimit(which)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(which, (value, value))


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _data() -> int:
    """The bytes that RLIMIT_DATA counts, now."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmData:"):
            return int(line.split()[1]) * 1024
    return 0
