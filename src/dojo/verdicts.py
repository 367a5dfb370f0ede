"""Verdicts: what one failed test means, in words for the learner.

A verdict is made of plain strings, so that it can travel with pytest's report of the test.
"""

import linecache
import traceback
from dataclasses import dataclass
from pathlib import Path

import pytest

from dojo.curriculum import Kata
from dojo.guard import ProcessExit
from dojo.subjects import Unjudgeable

# pytest's own outcome for pytest.fail() and for pytest.raises() that saw no error.
Failed = pytest.fail.Exception

TIMED_OUT = "time-out"  # how the text of such a verdict begins

_INDENT = "    "


class TimedOut(Exception):
    """A test that pytest-timeout stopped. No Failed, so that it never passes for a rejection."""


class TooMuchOutput(BaseException):
    """More was printed than anyone reads; no Exception, so that learners' code can't swallow it."""


class LoadStoppedError(Exception):
    """A program stopped while it was loaded; the cause says by what.

    Pytest's set-up survives an Exception, and not SystemExit or the like.
    """


@dataclass(frozen=True)
class Verdict:
    """What one failed test says.

    Attributes:
        kind: "not started", "unjudgeable" (both are about the whole file), "unwritten",
            "failed" (an assertion) or "raised".
        text: What is wrong and what that means; the first line can stand alone.
        where: The line to look at, as "file:line"; empty where there is none.
        printed: What the code printed in this test.
    """

    kind: str
    text: str
    where: str = ""
    printed: str = ""


def explain(error: BaseException, kata: Kata) -> Verdict:
    """The verdict on a kata's test that ended in an error."""
    if isinstance(error, LoadStoppedError) and error.__cause__:
        error = error.__cause__
    tb = traceback.walk_tb(error.__traceback__)
    frames = traceback.StackSummary.extract(tb, lookup_lines=False)  # few of them are ever shown
    stub, tests = str(kata.stub), str(kata.tests)
    ours = [frame for frame in frames if frame.filename in (stub, tests)]
    last = ours[-1] if ours else None
    mine = next((frame for frame in reversed(ours) if frame.filename == stub), None)
    where = _place(mine or last, kata)
    match error:
        case Unjudgeable():
            return Verdict("not started" if error.not_started else "unjudgeable", str(error))
        case TimedOut():
            at = f" at `{mine.line}`" if mine else ""
            return Verdict(
                _kind(mine), f"{TIMED_OUT}: {error}, and it was still running{at}", where
            )
        case TooMuchOutput():
            return Verdict(_kind(mine), str(error), where)
        case SyntaxError() if error.filename == stub:
            return Verdict("unjudgeable", _syntax(error), f"{kata.where}:{error.lineno}")
        case AssertionError() | Failed() if last is None or last is not mine:
            # The test's own, also from a callback that the learner's code called.
            text = _claimed(str(error))
            if behind := _raised_behind(error, stub):
                return Verdict("failed", f"{text}\nraised by `{behind.line}`", _place(behind, kata))
            return Verdict("failed", text, _place(last, kata))
        case NotImplementedError() if mine is frames[-1]:
            return Verdict("unwritten", f"not written yet: {mine.name}", where)
        case SystemExit():
            called = "os._exit" if isinstance(error, ProcessExit) else "sys.exit"
            text = f"{called}({error.code!r}) was called: return the result in its place"
            return Verdict(_kind(mine), text, where)
    raised = "".join(traceback.format_exception_only(error)).strip()
    if mine:
        return Verdict(_kind(mine), f"{raised}\nraised by `{mine.line}`", where)
    line = last.line if last else "a fixture"
    return Verdict("raised", f"{raised}\nraised in the test, by `{line}`", where)


def _raised_behind(error: BaseException, stub: str) -> traceback.FrameSummary | None:
    """The learner's line behind an error that a test turned into a failed assertion."""
    cause = error.__cause__
    frames = traceback.extract_tb(cause.__traceback__) if cause else []
    return next((frame for frame in reversed(frames) if frame.filename == stub), None)


def _kind(frame: traceback.FrameSummary | None) -> str:
    """An error while the file is loaded stops every test; one inside a function, that test."""
    return "unjudgeable" if frame and frame.name == "<module>" else "raised"


def _place(frame: traceback.FrameSummary | None, kata: Kata) -> str:
    if frame is None:
        return ""
    return f"{Path(frame.filename).relative_to(kata.root).as_posix()}:{frame.lineno}"


def _claimed(message: str) -> str:
    """A test's own message without the rewritten assertion that pytest hangs on to it."""
    text, _, _ = message.partition("\nassert ")
    return text.strip() or "failed"


def _syntax(error: SyntaxError) -> str:
    line = (error.text or linecache.getline(error.filename or "", error.lineno or 0)).rstrip()
    shift = len(line) - len(line.lstrip())
    caret = " " * max((error.offset or 1) - 1 - shift, 0) + "^"
    return f"{type(error).__name__}: {error.msg}\n{_INDENT}{line.strip()}\n{_INDENT}{caret}"
