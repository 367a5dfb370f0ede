"""The fixtures that katas' tests are written with."""

import math
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture

from dojo import benchrun, devices, guard, pictures, race, standin, work
from dojo.bench import runs_beside_the_host
from dojo.digits import Digits, bundled, from_folder
from dojo.errors import UserError
from dojo.output import capped
from dojo.results import KATA, SUBJECT
from dojo.subjects import Unjudgeable, bound, reference
from dojo.verdicts import LoadStoppedError, TooMuchOutput

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Why a benchmark can't time the learner's own program.
NOT_MINE = pytest.StashKey[str]()

# What is run in the place of a race, with the test, the loop, mine and its inputs; or in the place
# of a benchmark, with the reference for mine.
DUEL = pytest.StashKey[Callable[[pytest.Item, "Function | None", "Function", "Inputs"], None]]()

COUNTABLE = 0.02  # seconds of a call whose work is counted, which takes many times as long

Function = Callable[..., Any]
Inputs = Callable[[], tuple[Any, ...]]


@pytest.fixture(autouse=True)
def program(request: pytest.FixtureRequest) -> Iterator[ModuleType | None]:
    """The program under test, behind the names that the test file imports; None outside katas."""
    kata = request.node.stash.get(KATA, None)
    if kata is None:
        yield None
        return
    # What an earlier program left switched is no fault of this one.
    torch.set_grad_enabled(True)
    torch.set_default_dtype(torch.float32)
    # A program that draws from the global generators must fail or pass the same way each time.
    random.seed(0)
    np.random.seed(0)
    devices.seed(0)
    subject = request.config.stash[SUBJECT]
    name, names = getattr(request, "param", None), vars(request.module)
    with ExitStack() as stack:
        stack.enter_context(guard.exits_raise())
        try:
            with capped(), _only_exceptions():
                module = stack.enter_context(bound(kata, subject, name, names))
        except Exception as error:
            if "bench" not in request.fixturenames:
                raise
            # A benchmark informs: without an answer of your own there is still the loop to time.
            request.node.stash[NOT_MINE] = str(error)
            module = stack.enter_context(bound(kata, "solutions", None, names))
        if changed := guard.replaced():
            raise Unjudgeable(_told(changed))
        yield module
        if changed := guard.replaced():
            pytest.fail(_told(changed))


def _told(changed: list[str]) -> str:
    return f"the code replaces {', '.join(changed)}, by which tests judge: leave it as it is"


@contextmanager
def _only_exceptions() -> Iterator[None]:
    try:
        yield
    except (SystemExit, GeneratorExit, TooMuchOutput) as error:
        raise LoadStoppedError from error


@pytest.fixture
def device(request: pytest.FixtureRequest) -> Iterator[torch.device]:
    """Each device in turn: "cpu", the stand-in accelerator, "cuda", "mps"."""
    with devices.active(request.param) as ready:
        yield ready


@pytest.fixture
def float64(device: torch.device) -> torch.dtype:
    """The dtype, for tests that need it: a device without it, Apple's, is skipped."""
    if device.type == "mps":
        pytest.skip("mps: it has no float64")
    return torch.float64


@pytest.fixture
def generator() -> torch.Generator:
    """A seeded generator on the CPU: draw there, then move the numbers to the device."""
    return torch.Generator().manual_seed(20)


@pytest.fixture(scope="session")
def digits(request: pytest.FixtureRequest) -> Digits:
    """Real handwritten digits: the bundled ones, or those of the folder given by --digits."""
    folder = request.config.getoption("digits")
    try:
        return from_folder(Path(folder)) if folder else bundled()
    except UserError as error:
        pytest.exit(str(error), returncode=pytest.ExitCode.USAGE_ERROR)


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Iterator["Figure"]:
    """A bare matplotlib figure: hand its axes, `figure.subplots()`, to an answer that draws.

    A test that fails saves it and names the file; --pictures saves it always.
    """
    with pictures.bare_figure() as bare:
        request.node.stash[pictures.FIGURE] = bare
        yield bare


@pytest.fixture(name="race")
def race_(request: pytest.FixtureRequest) -> Callable[..., None]:
    """`race(loop, mine, inputs, at_least=10)`: see dojo.race.race.

    On the test's device; on the CPU for a test that takes none. The stand-in keeps no time: there
    the answers are compared, and the rest is skipped.
    """
    on = request.getfixturevalue("device") if "device" in request.fixturenames else "cpu"

    def run(loop: Function, mine: Function, inputs: Inputs, *, at_least: float) -> None:
        if duel := request.config.stash.get(DUEL, None):
            duel(request.node, loop, mine, inputs)
            return
        if torch.device(on).type == standin.NAME:
            race.check_answers(loop, mine, inputs)
            pytest.skip("standin: the answers agree; it computes on the CPU, so no race is run")
        race.race(loop, mine, inputs, at_least=at_least, device=on)

    return run


@pytest.fixture(params=["loop", "mine", "reference"])
def bench(
    request: pytest.FixtureRequest, program: ModuleType, benchmark: BenchmarkFixture
) -> Callable[..., None]:
    """`bench(loop, mine, inputs)`: time one of the three, the loop, mine or the reference.

    The loop is None where nobody would write one. A class is no function to time: `made=` says how
    to get one from it, outside of the time taken. It informs and judges nothing. Mine's place in a
    race against the loop goes into extra_info.
    """
    kata = request.node.stash[KATA]
    on = request.getfixturevalue("device") if "device" in request.fixturenames else "cpu"

    def run(
        loop: Function | None, mine: Function, inputs: Inputs, *, made: Function = _as_it_is
    ) -> None:
        if torch.device(on).type == standin.NAME:
            pytest.skip("standin: it computes on the CPU, so its times say nothing")
        name = next(name for name, part in vars(program).items() if part is mine)

        def theirs() -> Function:
            answer: Function = made(getattr(reference(kata), name))
            return answer

        if duel := request.config.stash.get(DUEL, None):
            duel(request.node, loop, theirs(), inputs)
            return
        if request.param == "loop":
            if loop is None:
                pytest.skip("there is no loop to beat")
            timed = loop
        elif request.param == "reference":
            timed = theirs()
        else:
            if reason := request.node.stash.get(NOT_MINE, None):
                _leave_out(request, reason)
            judge = loop or theirs()
            try:
                timed = made(mine)
                race.check_answers(judge, timed, inputs)
                if loop:
                    result = race.measure(loop, timed, inputs, device=on)
                    place = {"ratio": result.ratio, "low": result.low, "high": result.high}
                    benchmark.extra_info.update(place)
            except (Exception, SystemExit, pytest.fail.Exception) as error:  # the learner's code
                _leave_out(request, f"yours is not right yet: {error!r}")
        benchmark(timed, *inputs())
        seconds = benchmark.stats.stats.median if benchmark.stats else math.inf
        benchmark.extra_info.update(_what_it_means(timed, inputs(), str(on), seconds))

    return run


def _leave_out(request: pytest.FixtureRequest, reason: str) -> NoReturn:
    request.node.user_properties.append((benchrun.UNTIMED, reason))
    pytest.skip(reason)


def _what_it_means(
    timed: Function, arguments: tuple[Any, ...], device: str, seconds: float
) -> dict[str, float]:
    """The machine's limit for what was timed, and the time to bring its input to the device."""
    found = {}
    if seconds < COUNTABLE:
        with suppress(Exception):  # it informs: not everything can be counted
            found["limit"] = work.machine(device).limit(work.work_of(timed, arguments))
    if runs_beside_the_host(device):
        found["transfer"] = work.transfer(arguments, device)
    return found


def _as_it_is(program: Function) -> Function:
    return program
