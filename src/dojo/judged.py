"""What a run says about one kata, as plain data: it travels between processes."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from dojo.bars import Line

# The environment variable that names a file for the verdicts of a run, a list in JSON: who runs
# pytest to show a report of their own reads it there.
VERDICTS_FILE = "DOJO_VERDICTS_FILE"


@dataclass(frozen=True)
class Judged:
    """The verdict on one kata.

    Attributes:
        kata: Its id.
        verdict: "solved", "failed", "partly" (what ran has passed, and not all of it ran),
            "skipped" (nothing ran) or "not started".
        report: The learner's report.
        why: What fails, the belief that leads there, and what to look at.
        seconds: What the tests took.
        passed: How many tests passed, on all devices.
        failed: How many failed.
        skipped: How many were skipped.
        troubles: What went wrong beside the judging, such as a journal that can't be written.
    """

    kata: str
    verdict: str
    report: Sequence[Line]
    why: Sequence[Line]
    seconds: float
    passed: int
    failed: int
    skipped: int
    troubles: Sequence[str] = field(default=())

    def counted(self) -> str:
        """The counts in a line, such as "16 failed, 10 passed, 26 skipped in 0.33s"."""
        numbers = {"failed": self.failed, "passed": self.passed, "skipped": self.skipped}
        told = [f"{number} {what}" for what, number in numbers.items() if number]
        return f"{', '.join(told) or 'no tests ran'} in {self.seconds:.2f}s"

    def as_data(self) -> dict[str, Any]:
        """What JSON can hold."""
        return asdict(self)


def judged_from(data: dict[str, Any]) -> Judged:
    """The verdict that `as_data` gave."""
    return Judged(**data)
