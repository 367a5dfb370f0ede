"""The end of a run: results gathered from reports, remembered, and shown to the learner."""

from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from dojo.curriculum import Curriculum
from dojo.devices import present
from dojo.diagnosis import save_patterns
from dojo.progress import Progress
from dojo.report import Line, progress_bars, verdicts
from dojo.results import Result, carried_by

# For terminals whose encoding lacks them.
_ASCII = str.maketrans({"█": "#", "░": ".", "✗": "x"})


class Summary:
    """Gathers what the tests of each kata say."""

    def __init__(self, curriculum: Curriculum, progress: Progress, config: pytest.Config) -> None:
        self.curriculum = curriculum
        self.progress = progress
        self.config = config
        self.mine = config.getoption("subject") == "mine"
        self.results: dict[str, Result] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Put a test's outcome to its kata's."""
        if carried := carried_by(report):
            name, outcome = carried
            if name not in self.results:
                [kata] = self.curriculum.find(name)
                self.results[name] = Result(kata)
            self.results[name].outcomes.append(outcome)

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(
        self, report: pytest.CollectReport | pytest.TestReport
    ) -> tuple[str, str, str] | None:
        """Count a program that can't even be loaded as failed, not as an error of the tests."""
        if hasattr(report, "dojo") and report.when == "setup" and report.failed:
            return "failed", "F", "FAILED"
        return None

    def pytest_sessionfinish(self) -> None:
        """Remember what is solved; write the patterns down where that is the purpose."""
        for result in self.results.values():
            if self.config.getoption("measure_patterns"):
                save_patterns(result.kata, result.failed_by_program())
            elif self.mine and (result.failures() or result.is_complete(present())):
                self.progress.record(result.kata, solved=result.is_solved(present()))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter
    ) -> Generator[None, Any, Any]:
        """Put the learner's report in the place of pytest's tracebacks."""
        if not (self.mine and self.results):
            return (yield)
        terminalreporter.ensure_newline()
        self._print(terminalreporter, [("", {})])
        self._print(terminalreporter, verdicts(list(self.results.values()), present()))
        if self.config.option.tbstyle == "auto":
            with _hidden(terminalreporter.stats):
                result = yield
        else:
            result = yield
        judged = [result.kata for result in self.results.values()]
        self._print(terminalreporter, progress_bars(self.progress, judged))
        return result

    def _print(self, terminal: pytest.TerminalReporter, lines: Iterable[Line]) -> None:
        encoding = getattr(self.config.get_terminal_writer()._file, "encoding", None) or "utf-8"
        for text, markup in lines:
            try:
                text.encode(encoding)
            except UnicodeEncodeError:
                text = text.translate(_ASCII)
            terminal.write_line(text, **markup)


@contextmanager
def _hidden(stats: dict[str, list[Any]]) -> Iterator[None]:
    """Keep pytest's own sections to the failures that are no kata's."""
    before = stats.get("failed", [])
    stats["failed"] = [report for report in before if not hasattr(report, "dojo")]
    try:
        yield
    finally:
        stats["failed"] = before
