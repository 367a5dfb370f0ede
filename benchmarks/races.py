"""The katas with a race: loop, reference, torch's own function, and the machine's limit.

    python benchmarks/races.py [--device cpu] [--results FILE]    measures; 3 minutes on a CPU
    python benchmarks/races.py --table FILE                       such a file as a Markdown table

At each size of their benchmarks, each pair is raced in turn, in one process.
"""

import argparse
import inspect
import json
import platform
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import nn

from dojo import work
from dojo.arguments import copy_of, difference
from dojo.fixtures import DUEL
from dojo.race import measure
from dojo.timings import duration, name_of, times

BAR = 1.1
ROUNDS = 11  # of reference against torch's own, of which the middle one counts


def nearest_manhattan(images: torch.Tensor, ideals: torch.Tensor) -> torch.Tensor:
    return torch.cdist(images.float().flatten(1), ideals.flatten(1), p=1).argmin(1)


def interpolate(mode: str, image: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    return nn.functional.interpolate(image[None], size=size, mode=mode)[0]


def absolute_error(images: torch.Tensor, template: torch.Tensor) -> torch.Tensor:
    target = template.float().expand(images.shape)
    return nn.functional.l1_loss(images.float(), target, reduction="none").mean((1, 2))


# What torch has for the job of a benchmark, by its name; None: nothing that does it in one go.
OWN: dict[str, Callable[..., Any] | None] = {
    "compare_with_scalar": lambda matrix, value: torch.count_nonzero(matrix > value),
    "concat_pooling": None,
    "covariance_matrix": lambda x: torch.cov(x.T),
    "fast_file_listing": None,
    "index_do_not_multiply": lambda probs, targets: probs.gather(1, targets[:, None]).squeeze(1),
    "label_smoothing": lambda x, y, eps: nn.functional.cross_entropy(x, y, label_smoothing=eps),
    "log_sum_exp": torch.logsumexp,
    "matrix_product": torch.matmul,
    "mini_batches": None,
    "new_axis": lambda x, y: torch.sub(x[:, None], y),
    "pixel_similarity": nearest_manhattan,
    "rank_three": torch.stack,
    "reflection_padding": lambda images, pad: nn.functional.pad(images, (pad,) * 4, "reflect"),
    "resize bilinear": partial(interpolate, "bilinear"),
    "resize nearest": partial(interpolate, "nearest"),
    "scale_rows_and_columns": lambda m, s: torch.mul(m, s[:, None]),
    "scale_rows_and_columns columns": torch.mul,
    "variance": torch.var,
    "vectorize": absolute_error,
}
# Why a reference may take longer than BAR times as long, at its largest size.
WHY = {
    "log_sum_exp": "the kata forbids logsumexp",
    "matrix_product": "the kata forbids @ and all that multiplies matrices",
    "reflection_padding": "the kata forbids pad",
    "resize bilinear": "the kata forbids interpolate",
    "resize nearest": "the kata forbids interpolate",
}


class Plugin:
    """Races in the place of each benchmark of a kata that has a race."""

    __name__ = "dojo.elsewhere"

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def pytest_configure(self, config: pytest.Config) -> None:
        config.stash[DUEL] = self.race

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if _has_race(item.module) and _is_reference(item)]

    def race(
        self, node: pytest.Item, loop: Any, reference: Callable[..., Any], inputs: Any
    ) -> None:
        name = name_of(node.nodeid)
        params = dict(node.callspec.params)
        device = str(params.get("device", "cpu"))
        compare = partial(difference, rtol=1e-4, atol=1e-4)

        def against(other: Callable[..., Any]) -> Any:
            def drawn() -> tuple[Any, ...]:
                return copy_of(inputs())

            return measure(other, reference, drawn, device=device, compare=compare)

        raced = against(loop)
        row = {
            "benchmark": name,
            "size": {unit: size for unit, size in params.items() if isinstance(size, int)},
            "loop_us": _us(raced.loop_seconds),
            "reference_us": _us(raced.mine_seconds),
            "times_as_fast": round(raced.ratio, 2),
            "interval": [round(raced.low, 2), round(raced.high, 2)],
        }
        if limit := work.machine(device).limit(work.work_of(reference, inputs())):
            row["limit_us"] = _us(limit)
        if own := OWN[name]:
            results = sorted((against(own) for _ in range(ROUNDS)), key=lambda found: found.ratio)
            middle = results[ROUNDS // 2]
            # Beside the loop the reference finds the caches filled with the loop's own data.
            row |= {
                "reference_us": _us(middle.mine_seconds),
                "torchs_own_us": _us(middle.loop_seconds),
                "times_as_long": round(1 / middle.ratio, 2),
            }
        print(row, flush=True)
        self.rows.append(row)


def _has_race(module: ModuleType) -> bool:
    tests = (part for part in vars(module).values() if inspect.isfunction(part))
    return any("race" in inspect.signature(test).parameters for test in tests)


def _is_reference(item: pytest.Item) -> bool:
    return "bench" in item.fixturenames and item.callspec.params["bench"] == "reference"


def _us(seconds: float) -> float:
    return round(seconds * 1e6, 2)


def table(results: dict[str, Any]) -> Iterator[str]:
    """Lines of Markdown: each answer at its largest size."""
    yield (
        "| kata | size | loop | reference | times as fast | torch's own "
        "| times as long | of the machine's limit | why more than 1.1 |"
    )
    yield "|---" * 9 + "|"
    largest = {row["benchmark"]: row for row in results["rows"]}  # the last: sizes ascend
    for name, row in largest.items():
        own, longer = row.get("torchs_own_us"), row.get("times_as_long")
        cells = (
            name,
            ", ".join(f"{unit} {size:,}" for unit, size in row["size"].items()),
            duration(row["loop_us"] / 1e6),
            duration(row["reference_us"] / 1e6),
            times(row["times_as_fast"]),
            duration(own / 1e6) if own else "has none",
            f"{longer:.2f}" if longer else "",
            f"{row['limit_us'] / row['reference_us']:.0%}" if "limit_us" in row else "",
            WHY.get(name, "?") if longer and longer > BAR else "",
        )
        yield f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--results", type=Path)
    parser.add_argument("--table", type=Path)
    options = parser.parse_args()
    if options.table:
        print("\n".join(table(json.loads(options.table.read_text(encoding="utf-8")))))
        return
    plugin = Plugin()
    arguments = ("-q", "-s", "--tb=short", "-p", "no:cacheprovider", "--disable-warnings")
    chosen = ("--subject=solutions", f"--device={options.device}", "--benchmark-only")
    code = pytest.main([*arguments, *chosen], plugins=[plugin])
    if code:
        raise SystemExit(code)
    machine = work.machine(options.device)
    results = {
        "device": options.device,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "bytes_per_second": {size: round(speed) for size, speed in machine.copies},
        "operations_per_second": round(machine.rate),
        "rows": plugin.rows,
    }
    if options.results:
        options.results.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print("\n".join(table(results)))


if __name__ == "__main__":
    main()
