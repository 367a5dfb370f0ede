"""What an answer costs beside the reference: operations, time and memory of the tests' own calls.

The tests run on both, in turn and in one process, while what they call is metered: from outside, so
that a function which calls another of the kata's counts once. Time is taken in rounds of its own,
for counting slows.
"""

import functools
import inspect
import json
import sys
import time
import tracemalloc
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest
import torch

from dojo.arguments import copy_of
from dojo.counting import count
from dojo.curriculum import Curriculum, Kata
from dojo.fixtures import DUEL
from dojo.race import measure as race
from dojo.results import KATA
from dojo.subjects import reference

ROUNDS = 3  # of timing; the fastest of each counts
SIDES = {"mine": "mine", "reference": "solutions"}


@dataclass
class Cost:
    """What the calls of one public name took.

    Attributes:
        calls: How many there were.
        seconds: What they took together.
        operations: What they gave the device to do, together.
        memory: Bytes of new tensors, and of Python's objects at their most, in the call with most.
    """

    calls: int = 0
    seconds: float = 0.0
    operations: int = 0
    memory: int = 0


def measured(kata: Kata) -> dict[str, Any]:
    """Measure both, on the CPU.

    Returns:
        "costs": for each public name and each of "mine" and "reference" a `Cost`; "races": for each
        race of the tests, how many times as fast as the reference mine is: ratio, low, high.
    """
    costs: dict[str, dict[str, Cost]] = {name: {} for name in reference(kata).__all__}
    for _ in range(ROUNDS):
        for side, subject in SIDES.items():
            for name, cost in _run(kata, subject, _Meter(kata, _timed)).items():
                best = costs[name].setdefault(side, cost)
                best.seconds = min(best.seconds, cost.seconds)
    for side, subject in SIDES.items():
        for name, cost in _run(kata, subject, _Meter(kata, _counted)).items():
            costs[name][side].operations = cost.operations
            costs[name][side].memory = cost.memory
        for name, cost in _run(kata, subject, _Meter(kata, _traced)).items():
            costs[name][side].memory += cost.memory
    duel = _Duel()
    _run(kata, "mine", duel)
    return {
        "costs": {
            name: {side: asdict(cost) for side, cost in sides.items()}
            for name, sides in costs.items()
            if len(sides) == len(SIDES)
        },
        "races": duel.races,
    }


def _run(kata: Kata, subject: str, plugin: Any) -> Any:
    """Run the kata's tests with a plugin; return what it found."""
    arguments = ("-q", "--tb=no", "-p", "no:cacheprovider", "-p", "no:faulthandler")
    chosen = (f"--kata={kata.name}", f"--subject={subject}", "--device=cpu")
    pytest.main([*arguments, *chosen], plugins=[plugin])
    return plugin.found()


class _Meter:
    """The plugin that meters what the tests call."""

    __name__ = "dojo.elsewhere"  # so that nothing is noted or reported

    def __init__(self, kata: Kata, meter: Callable[[Cost], AbstractContextManager[None]]) -> None:
        self.names = reference(kata).__all__
        self.meter = meter
        self.costs: dict[str, Cost] = {}
        self.is_inside = False

    def found(self) -> dict[str, Cost]:
        return self.costs

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave out the races: they call thousands of times."""
        items[:] = [item for item in items if "race" not in getattr(item, "fixturenames", ())]

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Put metered functions in the places of the program's, for one test."""
        program = item.funcargs["program"]  # type: ignore[attr-defined]  # a function's item has it
        names = item.module.__dict__  # type: ignore[attr-defined]
        before = dict(names)
        for name in self.names:
            part = getattr(program, name)
            if inspect.isclass(part):
                self._meter_methods(name, part)
            elif not inspect.isgeneratorfunction(part):
                metered = self._metered(name, part)
                names.update({key: metered for key, value in before.items() if value is part})
        try:
            return (yield)
        finally:
            names.update(before)

    def _meter_methods(self, name: str, part: type) -> None:
        for key, value in list(vars(part).items()):
            if inspect.isfunction(value) and not inspect.isgeneratorfunction(value):
                setattr(part, key, self._metered(name, value))

    def _metered(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        cost = self.costs.setdefault(name, Cost())

        @functools.wraps(function)
        def metered(*args: Any, **kwargs: Any) -> Any:
            if self.is_inside:
                return function(*args, **kwargs)
            self.is_inside = True
            cost.calls += 1
            try:
                with self.meter(cost):
                    return function(*args, **kwargs)
            finally:
                self.is_inside = False

        return metered


@contextmanager
def _timed(cost: Cost) -> Iterator[None]:
    start = time.perf_counter()
    try:
        yield
    finally:
        cost.seconds += time.perf_counter() - start


@contextmanager
def _counted(cost: Cost) -> Iterator[None]:
    with count() as counts:
        yield
    cost.operations += counts.launches
    cost.memory = max(cost.memory, sum(t.elements * t.dtype.itemsize for t in counts.new))


@contextmanager
def _traced(cost: Cost) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
    finally:
        cost.memory = max(cost.memory, tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()


class _Duel:
    """The plugin that races mine against the reference, where a test races it against a loop."""

    __name__ = "dojo.elsewhere"

    def __init__(self) -> None:
        self.races: dict[str, tuple[float, float, float]] = {}

    def found(self) -> None:
        return None

    def pytest_configure(self, config: pytest.Config) -> None:
        config.stash[DUEL] = self._race

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave all but the races out."""
        items[:] = [item for item in items if "race" in getattr(item, "fixturenames", ())]

    def _race(self, node: pytest.Item, loop: Any, mine: Callable[..., Any], inputs: Any) -> None:
        program = node.funcargs["program"]  # type: ignore[attr-defined]  # a function's item has it
        name = next((name for name, part in vars(program).items() if part is mine), None)
        if name is None:
            return  # a wrapper of the test's own: the reference has none
        theirs = getattr(reference(node.stash[KATA]), name)
        result = race(theirs, mine, lambda: copy_of(inputs()))
        self.races[node.name] = result.ratio, result.low, result.high


def main(root: Path, name: str) -> None:
    """Measure in this process, and write the figures to standard output as JSON."""
    torch.set_num_threads(1)
    [kata] = Curriculum(root).find(name)
    output, sys.stdout = sys.stdout, sys.stderr
    found = measured(kata)
    sys.stdout = output
    print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
