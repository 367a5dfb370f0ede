"""What the tests of one kata said in one run, gathered as it comes in: the verdict, the attempt."""

from collections import Counter

from dojo.bars import WIDTH
from dojo.curriculum import Kata
from dojo.errors import UserError
from dojo.journal import Journal
from dojo.judged import Judged
from dojo.report import verdicts
from dojo.results import Outcome, Result
from dojo.why import explained


class Gathered:
    """Outcomes of one kata's tests, with the file as it was when they began.

    Args:
        kata: The kata that is judged.
        devices: The devices that this machine has: a solved kata has passed on each.
    """

    def __init__(self, kata: Kata, devices: tuple[str, ...]) -> None:
        self.result = Result(kata)
        self.devices = devices
        self.seconds = 0.0
        self.source = _source(kata)
        self.troubles: list[str] = []

    def add(self, outcome: Outcome, seconds: float) -> None:
        """Put one test's outcome to the others."""
        self.result.outcomes.append(outcome)
        self.seconds += seconds

    def verdict(self) -> str:
        """One of those of `Judged`."""
        about = self.result.about_the_file()
        if about and about.kind == "not started":
            return "not started"
        if self.result.failures():
            return "failed"
        if self.result.is_solved(self.devices):
            return "solved"
        ran = any(outcome.outcome == "passed" for outcome in self.result.outcomes)
        return "partly" if ran else "skipped"

    def note(self, journal: Journal) -> None:
        """Write the attempt down, unless there was none, or the file changed while it ran."""
        verdict = self.verdict()
        kata = self.result.kata
        if verdict in ("not started", "skipped") or self.source != _source(kata):
            return
        failing = list(dict.fromkeys(outcome.test for outcome in self.result.failures()))
        try:
            journal.note(kata, verdict, failing, self.seconds, self.source)
        except UserError as error:
            self.troubles.append(str(error))

    def judged(self, width: int = WIDTH) -> Judged:
        """What there is to say.

        Args:
            width: The columns of a line.
        """
        counts = Counter(outcome.outcome for outcome in self.result.outcomes)
        return Judged(
            self.result.kata.id,
            self.verdict(),
            list(verdicts([self.result], self.devices, width)),
            list(explained(self.result, width)),
            self.seconds,
            counts["passed"],
            counts["failed"],
            counts["skipped"],
            self.troubles,
        )


def _source(kata: Kata) -> bytes:
    try:
        return kata.stub.read_bytes()
    except OSError:
        return b""
