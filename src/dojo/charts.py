"""Pictures of benchmarks: time against size, log-log, with the size from which the GPU wins."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from matplotlib import rc_context
from matplotlib.figure import Figure

from dojo.timings import SIDES, Benchmark

FORMATS = ("svg", "png")
# Told apart by colour and by mark, also without colours.
_LOOKS = {
    "loop": ("#b3541e", "s"),
    "mine": ("#1b7f5c", "o"),
    "reference": ("#3b5bdb", "^"),
}
_LINES = {"cpu": "-", "cuda": "--", "mps": ":"}


def draw(benchmarks: Sequence[Benchmark], folder: Path) -> Iterator[Path]:
    """Draw each benchmark with several sizes; yield the files that were written."""
    folder.mkdir(parents=True, exist_ok=True)
    for benchmark in benchmarks:
        if len({timing.size for timing in benchmark.timings}) < 2:
            continue
        # Words stay words in an SVG; and the same figures make the same file.
        figure = _picture(benchmark)
        name = re.sub(r"\W+", "-", benchmark.name)
        for form in FORMATS:
            file = folder / f"{name}.{form}"
            with rc_context({"svg.fonttype": "none", "svg.hashsalt": "dojo"}):
                figure.savefig(file, dpi=150, metadata={"Date": None} if form == "svg" else None)
            yield file


def _picture(benchmark: Benchmark) -> Figure:
    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    axes = figure.subplots()
    for device in benchmark.devices:
        for side in SIDES:
            timings = benchmark.at(side, device)
            if timings:
                colour, mark = _LOOKS[side]
                axes.plot(
                    list(timings),
                    [timing.seconds for timing in timings.values()],
                    color=colour,
                    marker=mark,
                    linestyle=_LINES.get(device, "-."),
                    label=f"{side}, {device}",
                )
    for device in benchmark.devices[1:]:
        if benchmark.crossing("reference", device):
            smallest = min(benchmark.at("reference", device))
            size = benchmark.meeting("reference", device) or smallest
            axes.axvline(size, color="#868e96", linewidth=1, zorder=0)
            axes.annotate(
                f"{device} wins from here",
                (size, 0.5),
                (-4, 0),
                xycoords=("data", "axes fraction"),
                textcoords="offset points",
                rotation=90,
                fontsize=8,
                color="#495057",
                ha="right",
                va="center",
                bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1},
            )
    axes.set(
        xscale="log",
        yscale="log",
        xlabel=benchmark.unit,
        ylabel="seconds a call",
        title=benchmark.name,
    )
    sizes = sorted({timing.size for timing in benchmark.timings})
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.set_xticks([], minor=True)
    axes.grid(True, which="major", color="#dee2e6")
    axes.legend(fontsize=8)
    return figure
