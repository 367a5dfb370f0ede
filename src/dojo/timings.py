"""What a benchmark's numbers mean: ratios, the growth with size, where the GPU begins to win."""

import json
import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dojo.errors import UserError

SIDES = ("loop", "mine", "reference")


@dataclass(frozen=True)
class Timing:
    """One row of a benchmark: a program on a device, at a size.

    Attributes:
        side: "loop", "mine" or "reference".
        device: "cpu", "cuda" or "mps".
        size: The number of things that it is about; the product, where the benchmark has several.
        seconds: The median of a call.
        limit: The seconds that its work takes this machine at the least; None if not measured.
        transfer: The seconds that bringing its input to the device takes; None on the CPU.
    """

    side: str
    device: str
    size: int
    seconds: float
    limit: float | None = None
    transfer: float | None = None


@dataclass(frozen=True)
class Benchmark:
    """The timings of one benchmark of a kata.

    Attributes:
        name: The kata's, and what tells its benchmarks apart.
        unit: What the size counts, such as "images".
        timings: All of them.
    """

    name: str
    unit: str
    timings: tuple[Timing, ...]

    def at(self, side: str, device: str) -> dict[int, Timing]:
        """The timings of one program on one device, by size."""
        found = [t for t in self.timings if (t.side, t.device) == (side, device)]
        return {timing.size: timing for timing in sorted(found, key=lambda timing: timing.size)}

    @property
    def devices(self) -> list[str]:
        """The devices, the CPU first."""
        return sorted(
            {timing.device for timing in self.timings}, key=lambda name: (name != "cpu", name)
        )

    def exponent(self, side: str, device: str) -> float | None:
        """The n in cost ~ size^n, fitted over the sizes; None for fewer than two of them."""
        points = [
            (math.log(size), math.log(t.seconds)) for size, t in self.at(side, device).items()
        ]
        return _slope(points) if len(points) > 1 else None

    def crossing(self, side: str, device: str) -> int | None:
        """The size from which on the device is faster than the CPU; None if it never is."""
        here, there = self.at(side, "cpu"), self.at(side, device)
        wins = None
        for size in sorted(here.keys() & there.keys(), reverse=True):
            if there[size].seconds >= here[size].seconds:
                break
            wins = size
        return wins

    def meeting(self, side: str, device: str) -> float | None:
        """The size, between two that were tried, at which the device is as fast as the CPU.

        None if it is faster at all sizes, or at none.
        """
        here, there = self.at(side, "cpu"), self.at(side, device)
        above = self.crossing(side, device)
        below = max((size for size in here.keys() & there.keys() if size < (above or 0)), default=0)
        if not above or not below:
            return None
        # By straight lines between the points, as in a picture with two logarithmic axes.
        lost, won = (math.log(there[size].seconds / here[size].seconds) for size in (below, above))
        return float(below * (above / below) ** (lost / (lost - won)))


def read(file: Path) -> list[Benchmark]:
    """The benchmarks of a file, in its order.

    Raises:
        UserError: the file is missing, or none of pytest-benchmark's.
    """
    timings: dict[tuple[str, str], list[Timing]] = defaultdict(list)
    with _understood(file):
        for row in json.loads(file.read_text(encoding="utf-8"))["benchmarks"]:
            params = dict(row["params"])
            side, device = params.pop("bench"), params.pop("device", "cpu")
            sizes = {name: size for name, size in params.items() if isinstance(size, int)}
            more = row["extra_info"]
            timing = Timing(
                side,
                device,
                math.prod(sizes.values()),
                row["stats"]["median"],
                more.get("limit"),
                more.get("transfer"),
            )
            timings[name_of(row["fullname"]), " × ".join(sizes)].append(timing)
    return [Benchmark(name, unit, tuple(found)) for (name, unit), found in timings.items()]


def speeds(file: Path) -> Iterator[str]:
    """What the machine of a file could do at the best, a line for each device.

    Raises:
        UserError: the file is missing, or none of pytest-benchmark's.
    """
    with _understood(file):
        found = json.loads(file.read_text(encoding="utf-8")).get("speeds", {})
        for device, speed in found.items():
            *_, large = copies = speed["copies"].values()
            yield (
                f"{device}: copies up to {times(max(copies) / 1e9)} GB/s, what no cache holds "
                f"{times(large / 1e9)} GB/s; matrix product {times(speed['rate'] / 1e9)} GFLOP/s"
            )


@contextmanager
def _understood(file: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"{file} is no file of pytest-benchmark's ({error!r}): nox -s bench writes one"
        ) from None


def name_of(node: str) -> str:
    """The name of the benchmark that is this test, by its node id: the kata's, and which it is."""
    file, _, test = node.partition("::")
    kata = Path(file).stem.removeprefix("test_")
    which = test.partition("[")[0].removeprefix("test_benchmark").strip("_")
    return f"{kata} {which}".strip()


def _slope(points: Sequence[tuple[float, float]]) -> float:
    """The slope of the line through points with the least squares."""
    x_mean = sum(x for x, _ in points) / len(points)
    y_mean = sum(y for _, y in points) / len(points)
    across = sum((x - x_mean) ** 2 for x, _ in points)
    return sum((x - x_mean) * (y - y_mean) for x, y in points) / across


def table(benchmark: Benchmark) -> Iterator[str]:
    """What there is to say about one benchmark, in lines of up to 100 columns."""
    yield f"{benchmark.name}, by {benchmark.unit or 'one size'}"
    head = ("device", "size", *SIDES, *_ratios(benchmark), "limit", "transfer")
    rows: list[tuple[str, ...]] = [head]
    for device in benchmark.devices:
        sides = {side: benchmark.at(side, device) for side in SIDES}
        for size in sorted(set().union(*sides.values())):
            found = {side: timings.get(size) for side, timings in sides.items()}
            rows.append((device, f"{size:,}", *_cells(found)))
    is_told = [any(column[1:]) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = zip(row, _WIDTHS, is_told, strict=True)
        line = "".join(f"{cell:>{width}}" for cell, width, told in cells if told)
        yield "  " + line.rstrip()
    for device in benchmark.devices:
        powers = ((side, benchmark.exponent(side, device)) for side in SIDES)
        # + 0.0: a power a little below 0 would read -0.0
        grown = [f"{side} n^{round(p, 1) + 0.0}" for side, p in powers if p is not None]
        if grown:
            yield f"  cost on {device}: {', '.join(grown)}"
    for device in benchmark.devices[1:]:
        for side in ("mine", "reference"):
            if benchmark.at(side, device):
                yield f"  {_crossed(benchmark, side, device)}"


def _crossed(benchmark: Benchmark, side: str, device: str) -> str:
    size = benchmark.crossing(side, device)
    if size is None:
        return f"{side}: at no size that was tried is {device} faster than the CPU"
    meeting = benchmark.meeting(side, device)
    even = f", even at about {float(f'{meeting:.2g}'):,.0f}" if meeting else ""
    return f"{side}: {device} is faster than the CPU from {size:,} on{even}"


def _ratios(benchmark: Benchmark) -> tuple[str, str]:
    """The headings of the two ratios: of the reference to the loop, where there is none of mine."""
    has_mine = any(timing.side == "mine" for timing in benchmark.timings)
    return ("loop/mine" if has_mine else "loop/ref"), "mine/ref"


def _cells(found: dict[str, Timing | None]) -> Iterator[str]:
    """The times of the three, and what follows from them."""
    loop, mine, reference = (found[side] for side in SIDES)
    for timing in (loop, mine, reference):
        yield duration(timing.seconds) if timing else ""
    best = mine or reference
    yield times(loop.seconds / best.seconds) if loop and best else ""
    yield f"{mine.seconds / reference.seconds:.2f}" if mine and reference else ""
    yield f"{best.limit / best.seconds:.0%}" if best and best.limit else ""
    yield duration(best.transfer) if best and best.transfer else ""


_WIDTHS = (7, 12, 10, 10, 10, 10, 9, 7, 10)


def duration(seconds: float) -> str:
    """A time with three digits and the unit that fits: 1.23 ms."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= 0.9995 * size:  # 999.7 µs would read 1e+03 µs
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def times(ratio: float) -> str:
    """A ratio with three digits, or with all before the point: 0.0123, 4.5, 1,234."""
    return f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.3g}"
