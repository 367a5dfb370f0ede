"""The end of a run: results gathered from reports, remembered, and shown to the learner."""

from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from dojo.bars import Line, progress_bars
from dojo.curriculum import Curriculum, Kata
from dojo.devices import present
from dojo.diagnosis import save_patterns
from dojo.errors import UserError
from dojo.journal import Journal
from dojo.progress import Progress
from dojo.report import WIDTH, verdicts
from dojo.results import Result, carried_by

# For terminals whose encoding lacks them.
_ASCII = str.maketrans({"█": "#", "░": ".", "✗": "x"})


class Summary:
    """Gathers what the tests of each kata say."""

    def __init__(self, curriculum: Curriculum, journal: Journal, config: pytest.Config) -> None:
        self.curriculum = curriculum
        self.journal = journal
        self.config = config
        self.mine = config.getoption("subject") == "mine"
        self.results: dict[str, Result] = {}
        self.seconds: dict[str, float] = {}
        self.sources: dict[str, bytes] = {}
        self.troubles: dict[str, None] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Put a test's outcome to its kata's."""
        if carried := carried_by(report):
            name, outcome = carried
            if name not in self.results:
                [kata] = self.curriculum.find(name)
                self.results[name] = Result(kata)
                self.seconds[name] = 0.0
                self.sources[name] = _source(kata)
            self.results[name].outcomes.append(outcome)
            self.seconds[name] += report.duration

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(
        self, report: pytest.CollectReport | pytest.TestReport
    ) -> tuple[str, str, str] | None:
        """Count a program that can't even be loaded as failed, not as an error of the tests."""
        if hasattr(report, "dojo") and report.when == "setup" and report.failed:
            return "failed", "F", "FAILED"
        return None

    def pytest_sessionfinish(self) -> None:
        """Write the attempts into the journal, or the patterns where these are the purpose."""
        for result in self.results.values():
            if self.config.getoption("measure_patterns"):
                save_patterns(result.kata, result.failed_by_program())
            elif self.mine:
                self._note(result)

    def _note(self, result: Result) -> None:
        """Write an attempt down, unless there was none, or the file changed while it ran."""
        kata, about = result.kata, result.about_the_file()
        source = self.sources[kata.name]
        if (about and about.kind == "not started") or source != _source(kata):
            return
        failing = list(dict.fromkeys(outcome.test for outcome in result.failures()))
        solved = result.is_solved(present())
        verdict = "failed" if failing else "solved" if solved else "partly"
        if verdict == "partly" and all(o.outcome == "skipped" for o in result.outcomes):
            return
        try:
            self.journal.note(kata, verdict, failing, self.seconds[kata.name], source)
        except UserError as error:
            self.troubles[str(error)] = None

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter
    ) -> Generator[None, Any, Any]:
        """Put the learner's report in the place of pytest's tracebacks."""
        if not (self.mine and self.results):
            return (yield)
        terminalreporter.ensure_newline()
        self._print(terminalreporter, [("", {})])
        results = list(self.results.values())
        self._print(terminalreporter, verdicts(results, present(), self._width()))
        if self.config.option.tbstyle == "auto":
            with _hidden(terminalreporter.stats):
                result = yield
        else:
            result = yield
        judged = [result.kata for result in self.results.values()]
        try:
            progress = Progress(self.curriculum, self.journal)
            self._print(terminalreporter, progress_bars(progress, judged))
        except UserError as error:
            self.troubles[str(error)] = None
        self._print(terminalreporter, [(trouble, {"red": True}) for trouble in self.troubles])
        return result

    def _width(self) -> int:
        """The columns of the terminal, up to those that a line needs; a file has them all."""
        writer = self.config.get_terminal_writer()
        is_terminal = getattr(writer._file, "isatty", bool)()
        return min(writer.fullwidth, WIDTH) if is_terminal else WIDTH

    def _print(self, terminal: pytest.TerminalReporter, lines: Iterable[Line]) -> None:
        encoding = getattr(self.config.get_terminal_writer()._file, "encoding", None) or "utf-8"
        for text, markup in lines:
            try:
                text.encode(encoding)
            except UnicodeEncodeError:
                text = text.translate(_ASCII)
            terminal.write_line(text, **markup)


def _source(kata: Kata) -> bytes:
    try:
        return kata.stub.read_bytes()
    except OSError:
        return b""


@contextmanager
def _hidden(stats: dict[str, list[Any]]) -> Iterator[None]:
    """Keep pytest's own sections to the failures that are no kata's."""
    before = stats.get("failed", [])
    stats["failed"] = [report for report in before if not hasattr(report, "dojo")]
    try:
        yield
    finally:
        stats["failed"] = before
