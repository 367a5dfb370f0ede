"""How a worker ended before it had said all, as a verdict for the learner."""

import os
import re
import signal
from pathlib import Path

from dojo.curriculum import Kata
from dojo.verdicts import Verdict

_SIGNALS = {
    signal.SIGSEGV: "the process crashed (segmentation fault): memory that is not its own was used",
    signal.SIGABRT: "the process was aborted, by itself or by a library",
    signal.SIGFPE: "the process crashed (a division of whole numbers by zero, in C)",
    signal.SIGKILL: "the process was killed: by hand, or by the system for want of memory",
    signal.SIGXCPU: "the process took more processor time than it may",
}
# A line of a trace by faulthandler.
_FRAME = re.compile(r'File "(?P<file>[^"]+)", line (?P<line>\d+) in (?P<function>\S+)')


def died(status: int, kata: Kata, trace: str) -> Verdict:
    """The verdict on a process that ended by itself.

    Args:
        status: What os.waitpid() said of it.
        kata: The kata that it judged.
        trace: What faulthandler wrote, if anything.
    """
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        known = {number: text for number, text in _SIGNALS.items() if number == -code}
        text = known.get(signal.Signals(-code), f"the process was ended by signal {-code}")
    else:
        text = f"the process ended with exit code {code}, before the test did"
    return _verdict(text, kata, trace)


def stopped(seconds: float, done: int, tests: int, kata: Kata, trace: str) -> Verdict:
    """The verdict on a process that was ended because its time was over.

    Args:
        seconds: How many it had.
        done: How many tests had ended by then.
        tests: How many there are.
        kata: The kata that it judged.
        trace: What faulthandler wrote when it was asked where the process is.
    """
    text = f"stopped: the {seconds:g} s for all tests were over after {done} of {tests}"
    return _verdict(text, kata, trace, still=True)


def _verdict(text: str, kata: Kata, trace: str, *, still: bool = False) -> Verdict:
    for frame in _FRAME.finditer(trace):
        if Path(frame["file"]) == kata.stub:
            line = _line(kata.stub, int(frame["line"]))
            kind = "unjudgeable" if frame["function"] == "<module>" else "raised"
            how = f"it was still running at `{line}`" if still else f"at `{line}`"
            return Verdict(kind, f"{text}\n{how}", f"{kata.where}:{frame['line']}")
    return Verdict("raised", text)


def _line(file: Path, number: int) -> str:
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    return lines[number - 1].strip() if number <= len(lines) else ""
