"""A progress bar for benchmarks, in the place of pytest's letters."""

from typing import TextIO

import pytest
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from dojo.timings import name_of


class Bar:
    """The pytest plugin that draws it, between the tests: while one runs, output is captured."""

    def __init__(self, terminal: TextIO, total: int) -> None:
        self.progress = Progress(
            TextColumn("{task.description:34}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(file=terminal),
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self.task = self.progress.add_task("", total=total)
        self.progress.start()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Name what is timed now."""
        self.progress.update(self.task, description=name_of(nodeid), refresh=True)

    def pytest_runtest_logfinish(self) -> None:
        """Move on."""
        self.progress.update(self.task, advance=1, refresh=True)

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """Count an outcome without a letter for it."""
        if report.when != "call" and report.failed:
            return "error", "", ""
        return (report.outcome, "", "") if report.when == "call" or report.skipped else None

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """End, and leave nothing on the screen."""
        self.progress.stop()
