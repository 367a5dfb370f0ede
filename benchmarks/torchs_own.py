"""How fast the reference solutions are: their time over that of torch's own function for the job.

    python benchmarks/torchs_own.py [--results FILE]

Each race of the katas is run between the two, in turn, in one process, on the CPU.
"""

import argparse
import json
import platform
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from dojo.arguments import copy_of, difference
from dojo.fixtures import DUEL
from dojo.race import measure

BAR = 1.1
ROUNDS = 5  # of which the middle one counts


def nearest_manhattan(images: torch.Tensor, ideals: torch.Tensor) -> torch.Tensor:
    return torch.cdist(images.float().flatten(1), ideals.flatten(1), p=1).argmin(1)


def interpolate(mode: str, image: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    return nn.functional.interpolate(image[None], size=size, mode=mode)[0]


def absolute_error(images: torch.Tensor, template: torch.Tensor) -> torch.Tensor:
    target = template.float().expand(images.shape)
    return nn.functional.l1_loss(images.float(), target, reduction="none").mean((1, 2))


# What torch has for the job, by the name of the answer; None: nothing that does it in one go.
OWN: dict[str, Callable[..., Any] | None] = {
    "classify": nearest_manhattan,
    "reflect_pad": lambda images, pad: nn.functional.pad(images, (pad,) * 4, mode="reflect"),
    "resize_nearest": partial(interpolate, "nearest"),
    "resize_bilinear": partial(interpolate, "bilinear"),
    "smooth_cross_entropy": lambda x, y, eps: nn.functional.cross_entropy(
        x, y, label_smoothing=eps
    ),
    "log_sum_exp": torch.logsumexp,
    "covariance_matrix": lambda x: torch.cov(x.T),
    "variance": torch.var,
    "count_above": lambda matrix, value: torch.count_nonzero(matrix > value),
    "picked": lambda probs, targets: probs.gather(1, targets[:, None]).squeeze(1),
    "matmul": torch.matmul,
    "stack_images": torch.stack,
    "scale_rows": lambda m, s: torch.mul(m, s[:, None]),
    "scale_columns": torch.mul,
    "distances": absolute_error,
    "pairwise_differences": lambda x, y: torch.sub(x[:, None], y),
    "concat_pool": None,
    "find_files": None,
    "thousand": None,
}
# Why a reference may take longer than BAR times as long.
WHY = {
    "resize_nearest": "the kata forbids interpolate",
    "resize_bilinear": "the kata forbids interpolate",
    "reflect_pad": "pad takes one or two axes in front of an image; the kata asks for any number",
    "matmul": "the kata forbids @ and all that multiplies matrices",
    "log_sum_exp": "the kata forbids logsumexp",
    "count_above": "it adds up the truths; count_nonzero need not make numbers of them",
    "picked": "the kata is about indexing; gather is among its other right answers",
    "stack_images": "it looks at each image first, so as to say which one does not fit",
    "scale_rows": "the same operation, after a look at the shapes",
    "scale_columns": "the same operation, after a look at the shapes",
    "pairwise_differences": "the same operation; it shows the second axis by a view",
}


class Plugin:
    """Races torch's own function against the reference, where a test races it against a loop."""

    __name__ = "dojo.elsewhere"

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def pytest_configure(self, config: pytest.Config) -> None:
        config.stash[DUEL] = self.race

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if "race" in getattr(item, "fixturenames", ())]

    def race(self, node: pytest.Item, reference: Callable[..., Any], inputs: Any) -> None:
        name = reference.__name__
        own = OWN[name]
        row: dict[str, Any] = {"test": node.nodeid.partition("[")[0], "answer": name}
        if own is None:
            row["why"] = "torch has nothing that does it in one"
        else:
            compare = partial(difference, rtol=1e-4, atol=1e-4)
            results = [
                measure(own, reference, lambda: copy_of(inputs()), compare=compare)
                for _ in range(ROUNDS)
            ]
            result = sorted(results, key=lambda found: found.ratio)[ROUNDS // 2]
            row |= {
                "reference_us": round(result.mine_seconds * 1e6, 2),
                "torchs_own_us": round(result.loop_seconds * 1e6, 2),
                "times": round(1 / result.ratio, 2),
                "from": round(1 / result.high, 2),
                "to": round(1 / result.low, 2),
            }
            if row["times"] > BAR:
                row["why"] = WHY[name]
        print(row, flush=True)
        self.rows.append(row)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--results", type=Path)
    options = parser.parse_args()
    plugin = Plugin()
    arguments = ("-q", "-s", "--tb=short", "-p", "no:cacheprovider")
    code = pytest.main([*arguments, "--subject=solutions", "--device=cpu"], plugins=[plugin])
    if code:
        raise SystemExit(code)
    results = {"python": platform.python_version(), "torch": torch.__version__, "rows": plugin.rows}
    if options.results:
        options.results.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
