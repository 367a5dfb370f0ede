"""How long a learner waits: from the save of a file to the verdict on the screen.

    python benchmarks/latency.py [--saves 50] [--results FILE]

In turn, in one run: `dojo watch` in a terminal, pytest from cold for the same saves, and `dojo
watch` in a project of ten times as many katas. The saves alternate between a right and a wrong
answer. Every project is a copy: nobody's answers are touched.
"""

import argparse
import json
import os
import platform
import pty
import re
import select
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch

ROOT = Path(__file__).parent.parent
# Of three chapters, none of which trains or races; from few tests to many.
KATAS = ("python/double_the_odds", "tensors/safe_squeeze", "normalization/layer_norm")
COPIES = 10
COLD_SAVES = 10  # they take seconds each


def copy_of_project(folder: Path) -> Path:
    """A copy of the project's katas."""
    for name in ("katas", "solutions", "conftest.py", "pyproject.toml"):
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, folder / name)
    make_stubs(folder)
    return folder


def make_stubs(folder: Path) -> None:
    """Hand out the stubs that are missing."""
    subprocess.run(
        [sys.executable, "-m", "dojo.stubs"], cwd=folder, check=True, stdout=subprocess.DEVNULL
    )


def multiply(folder: Path) -> None:
    """Add copies of every chapter, under other names."""
    file = folder / "katas" / "curriculum.toml"
    text = file.read_text(encoding="utf-8")
    for number in range(2, COPIES + 1):
        more = re.sub(r"^\[(\w+)", rf"[\g<1>{number}", text, flags=re.M)
        more = re.sub(r"^(\w+) = \[", rf"\g<1>_{number} = [", more, flags=re.M)
        with file.open("a", encoding="utf-8") as curriculum:
            curriculum.write(f"\n{more}")
        for solution in sorted((ROOT / "solutions").glob("*/*.py")):
            chapter, name = solution.parent.name, solution.stem
            solutions = folder / "solutions" / f"{chapter}{number}"
            katas = folder / "katas" / f"{chapter}{number}"
            solutions.mkdir(exist_ok=True)
            katas.mkdir(exist_ok=True)
            shutil.copy(solution, solutions / f"{name}_{number}.py")
            tests = (ROOT / "katas" / chapter / f"test_{name}.py").read_text(encoding="utf-8")
            tests = tests.replace(
                f"katas.{chapter}.{name}", f"katas.{chapter}{number}.{name}_{number}"
            )
            (katas / f"test_{name}_{number}.py").write_text(tests, encoding="utf-8")
    subprocess.run(
        [sys.executable, "-m", "dojo.stubs"], cwd=folder, check=True, capture_output=True
    )


class Screen:
    """A terminal with a command in it, read until a text comes."""

    def __init__(self, command: list[str], folder: Path) -> None:
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(
            command, cwd=folder, stdin=slave, stdout=slave, stderr=slave, start_new_session=True
        )
        os.close(slave)

    def wait_for(self, text: str, seconds: float = 120) -> None:
        seen, deadline = "", time.monotonic() + seconds
        while not re.search(text, seen):
            if time.monotonic() > deadline:
                raise TimeoutError(f"no {text!r} in {seen[-2000:]}")
            if select.select([self.master], [], [], 0.5)[0]:
                seen += os.read(self.master, 1 << 16).decode(errors="replace")

    def close(self) -> None:
        os.write(self.master, b"q")
        self.process.wait(10)
        os.close(self.master)


def answers(folder: Path, kata: str) -> list[tuple[str, str]]:
    """A right and a wrong answer, and what a verdict on each says."""
    right = (folder / "solutions" / f"{kata}.py").read_text(encoding="utf-8")
    wrong = re.sub(r"^( +)return .*$", r"\1return None", right, count=1, flags=re.M)
    return [(right, r": solved|what ran has passed"), (wrong, "claims? fail")]


def save_times(folder: Path, kata: str, saves: int, wait_for: Callable[[str], None]) -> list[float]:
    """Seconds from each save to its verdict."""
    stub, times = folder / "katas" / f"{kata}.py", []
    for number in range(saves):
        text, verdict = answers(folder, kata)[number % 2]
        time.sleep(0.7)  # a learner needs longer, and a run stands by after a quarter of a second
        start = time.perf_counter()
        stub.write_text(f"{text}\n# {number}\n", encoding="utf-8")
        wait_for(verdict)
        times.append(time.perf_counter() - start)
    return times


def watched(folder: Path, kata: str, saves: int) -> list[float]:
    """By `dojo watch`."""
    command = [sys.executable, "-m", "dojo", "watch", kata, "--device=cpu"]
    screen = Screen(command, folder)
    try:
        screen.wait_for("q quit")
        return save_times(folder, kata, saves, screen.wait_for)
    finally:
        screen.close()


def cold(folder: Path, kata: str, saves: int) -> list[float]:
    """By pytest, started anew after each save, as pytest-watcher starts it."""

    def run(verdict: str) -> None:
        name = kata.rpartition("/")[2]
        command = [sys.executable, "-m", "pytest", f"--kata={name}", "--device=cpu"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        assert re.search(verdict, done.stdout), done.stdout

    return save_times(folder, kata, saves, run)


def summed(times: list[float]) -> dict[str, float]:
    """Median and 95th percentile, in milliseconds."""
    ordered = sorted(times)
    return {
        "saves": len(times),
        "median_ms": round(statistics.median(times) * 1e3, 1),
        "p95_ms": round(ordered[max(0, -(-95 * len(ordered) // 100) - 1)] * 1e3, 1),
    }


def typical(halves: list[list[float]]) -> float:
    """The seconds of a save, half right and half wrong: a wrong answer has more to be said."""
    right = [time for half in halves for time in half[0::2]]
    wrong = [time for half in halves for time in half[1::2]]
    return (statistics.median(right) + statistics.median(wrong)) / 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--saves", type=int, default=50)
    parser.add_argument("--results", type=Path)
    options = parser.parse_args()
    results: dict[str, object] = {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "cores": os.cpu_count(),
    }
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as ten:
        small, large = copy_of_project(Path(one)), copy_of_project(Path(ten))
        multiply(large)
        for kata in KATAS:
            # In turn, in two halves: what else the machine does meets all of them.
            half = options.saves // 2
            few, many, slow = [], [], []
            for _ in range(2):
                few.append(watched(small, kata, half))
                many.append(watched(large, kata, half))
                slow += cold(small, kata, COLD_SAVES // 2)
            usual, grown = typical(few), typical(many)
            results[kata] = row = {
                "watch": summed([*few[0], *few[1]]),
                "watch, ten times the katas": summed([*many[0], *many[1]]),
                "pytest from cold": summed(slow),
                "times as fast": round(statistics.median(slow) / usual, 1),
                "growth": round(grown / usual - 1, 3),
            }
            print(kata, json.dumps(row), flush=True)
    if options.results:
        options.results.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
