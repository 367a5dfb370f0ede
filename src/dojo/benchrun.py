"""How benchmarks run under pytest: what belongs together, by which clock, and for how long."""

from typing import Any

import pytest

from dojo.bench import timer
from dojo.curriculum import Kata
from dojo.standin import NAME
from dojo.timings import name_of
from dojo.work import Machine, machine

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


def _speeds(machine: Machine) -> dict[str, Any]:
    copies = {str(size): round(speed) for size, speed in machine.copies}
    return {"copies": copies, "rate": round(machine.rate)}


def show_bar(config: pytest.Config, total: int) -> None:
    """Show how far it is where these are benchmarks, on a terminal that wants no more."""
    writer = config.get_terminal_writer()
    wanted = config.getoption("benchmark_only", False) and config.option.verbose < 1
    if wanted and getattr(writer._file, "isatty", bool)():
        from dojo.bar import Bar  # rich takes 50 ms to import, which a verdict need not wait for

        config.pluginmanager.register(Bar(writer._file, total), "dojo.bar")
