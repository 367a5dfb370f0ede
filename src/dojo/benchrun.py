"""How benchmarks run under pytest: what is told apart, timed and kept, and why one is left out."""

from typing import Any

import pytest

from dojo.bench import timer
from dojo.curriculum import Kata
from dojo.standin import NAME
from dojo.timings import name_of
from dojo.work import Machine, machine

UNTIMED = "untimed"  # what a test's report carries the reason under why yours is left out
LISTED = 3  # katas that are not started
PATIENCE = 60  # seconds for a row: a loop is called five times and more, to be compared and timed


def is_benchmark(item: pytest.Item) -> bool:
    """Tell whether a test times instead of judging."""
    return "bench" in getattr(item, "fixturenames", ())


def prepare(kata: Kata, item: pytest.Item) -> None:
    """Tell pytest-benchmark which rows belong together, and the device's clock."""
    params = dict(item.callspec.params) if hasattr(item, "callspec") else {}
    device = params.get("device", "cpu")
    # Sizes are aligned, for pytest-benchmark sorts its tables by name.
    sizes = [f"{name}={v:>9,}" for name, v in params.items() if name not in ("device", "bench")]
    group = " ".join([name_of(item.nodeid), *sizes, device])
    clock = timer(device if device != NAME else "cpu")
    item.add_marker(pytest.mark.benchmark(group=group, timer=clock))
    item.add_marker(pytest.mark.timeout(PATIENCE))


def complete(found: dict[str, Any], *, raw: bool) -> None:
    """Put the machine's speeds into a file of pytest-benchmark's, and leave out raw times."""
    rows = found["benchmarks"]
    if not raw:  # these take a megabyte for every five benchmarks
        for row in rows:
            row["stats"].pop("data", None)
    devices = {row["params"].get("device", "cpu") for row in rows if "limit" in row["extra_info"]}
    found["speeds"] = {device: _speeds(machine(device)) for device in sorted(devices)}


def _speeds(found: Machine) -> dict[str, Any]:
    copies = {str(size): round(speed) for size, speed in found.copies}
    return {"copies": copies, "rate": round(found.rate)}


class Untimed:
    """The plugin that says at the end why answers of the learner's were left out."""

    def __init__(self) -> None:
        self.reasons: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the reason."""
        if reason := dict(report.user_properties).get(UNTIMED):
            self.reasons[name_of(report.nodeid)] = str(reason)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say it; of those that are not started only the first, for they are many."""
        if self.reasons:
            terminalreporter.ensure_newline()
        untouched = 0
        for name, reason in self.reasons.items():
            untouched += reason.startswith("not started")
            if untouched <= LISTED or not reason.startswith("not started"):
                terminalreporter.write_line(f"{name}: {reason}", yellow=True)
        if untouched > LISTED:
            terminalreporter.write_line(f"... and {untouched - LISTED} more that are not started")


def show_bar(config: pytest.Config, total: int) -> None:
    """Show how far it is where these are benchmarks, on a terminal that wants no more."""
    writer = config.get_terminal_writer()
    wanted = config.getoption("benchmark_only", False) and config.option.verbose < 1
    if wanted and getattr(writer._file, "isatty", bool)():
        from dojo.bar import Bar  # rich takes 50 ms to import, which a verdict need not wait for

        config.pluginmanager.register(Bar(writer._file, total), "dojo.bar")
