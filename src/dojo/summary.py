"""The end of a run: results gathered from reports, remembered, and shown to the learner."""

import json
import os
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from dojo.bars import WIDTH, Line, progress_bars
from dojo.curriculum import Curriculum
from dojo.devices import present
from dojo.diagnosis import save_patterns
from dojo.errors import UserError
from dojo.gathered import Gathered
from dojo.journal import Journal
from dojo.judged import VERDICTS_FILE
from dojo.progress import Progress
from dojo.report import verdicts
from dojo.results import carried_by

# For terminals whose encoding lacks them.
_ASCII = str.maketrans({"█": "#", "░": ".", "✗": "x"})


class Summary:
    """Gathers what the tests of each kata say."""

    def __init__(self, curriculum: Curriculum, journal: Journal, config: pytest.Config) -> None:
        self.curriculum = curriculum
        self.journal = journal
        self.config = config
        self.mine = config.getoption("subject") == "mine"
        self.gathered: dict[str, Gathered] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Put a test's outcome to its kata's."""
        if carried := carried_by(report):
            name, outcome = carried
            if name not in self.gathered:
                [kata] = self.curriculum.find(name)
                self.gathered[name] = Gathered(kata, present())
            self.gathered[name].add(outcome, report.duration)

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
        for gathered in self.gathered.values():
            if self.config.getoption("measure_patterns"):
                result = gathered.result
                save_patterns(result.kata, result.failed_by_program())
            elif self.mine:
                gathered.note(self.journal)
        if file := os.environ.get(VERDICTS_FILE):
            said = [gathered.judged(self._width()).as_data() for gathered in self.gathered.values()]
            Path(file).write_text(json.dumps(said), encoding="utf-8")

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter
    ) -> Generator[None, Any, Any]:
        """Put the learner's report in the place of pytest's tracebacks."""
        if not (self.mine and self.gathered):
            return (yield)
        terminalreporter.ensure_newline()
        self._print(terminalreporter, [("", {})])
        results = [gathered.result for gathered in self.gathered.values()]
        self._print(terminalreporter, verdicts(results, present(), self._width()))
        if self.config.option.tbstyle == "auto":
            with _hidden(terminalreporter.stats):
                result = yield
        else:
            result = yield
        troubles = {trouble for gathered in self.gathered.values() for trouble in gathered.troubles}
        try:
            progress = Progress(self.curriculum, self.journal)
            self._print(
                terminalreporter, progress_bars(progress, [result.kata for result in results])
            )
        except UserError as error:
            troubles.add(str(error))
        self._print(terminalreporter, [(trouble, {"red": True}) for trouble in sorted(troubles)])
        return result

    def _width(self) -> int:
        """The columns of the terminal, up to those that a line needs; a file has them all."""
        writer = self.config.get_terminal_writer()
        has_columns = getattr(writer._file, "isatty", bool)() or "COLUMNS" in os.environ
        return min(writer.fullwidth, WIDTH) if has_columns else WIDTH

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
