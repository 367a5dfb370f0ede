"""The pytest plugin: options, which tests run on which devices against which programs."""

import gc
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from dojo import benchrun, devices, pictures
from dojo.curriculum import Curriculum, Kata
from dojo.errors import UserError
from dojo.expectations import Expectations
from dojo.journal import Journal
from dojo.output import capped
from dojo.progress import Progress, named
from dojo.results import KATA, SUBJECT, hang_on, outcome_of
from dojo.selection import may_match
from dojo.standin import NAME
from dojo.subjects import KINDS, SUBJECTS, Declarations
from dojo.summary import Summary
from dojo.verdicts import Failed, TimedOut, explain

pytest_plugins = ["dojo.fixtures"]

# The name of a plugin that takes the results to another process, which sums them up.
ELSEWHERE = "dojo.elsewhere"
PRINTED = 10_000  # characters that a verdict keeps of what the code printed


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --subject, --device, --kata, --digits, --pictures and --measure-patterns."""
    group = parser.getgroup("dojo", "katas")
    group.addoption(
        "--subject",
        choices=SUBJECTS,
        default="mine",
        help="the programs to judge: your own (mine, the default), or the project's, to test "
        "the tests themselves",
    )
    group.addoption(
        "--device",
        action="append",
        default=[],
        metavar="NAME",
        help=f"{', '.join(devices.DEVICES)} or all (the default); repeatable",
    )
    group.addoption(
        "--kata",
        action="append",
        default=[],
        metavar="NAME",
        help="a kata, a chapter or a path in place of a file; next for the next unsolved one",
    )
    group.addoption(
        "--digits",
        metavar="PATH",
        help="a folder laid out as MNIST_SAMPLE, in place of the bundled digits",
    )
    group.addoption(
        "--pictures",
        action="store_true",
        help="keep what is drawn in .dojo/pictures, also where the test passes",
    )
    group.addoption(
        "--measure-patterns",
        action="store_true",
        help="with --subject=misconceptions: write down which tests each of them fails",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Take up the project's katas, if the folder that pytest runs in has any."""
    if not (config.rootpath / "katas" / "curriculum.toml").exists():
        return
    try:
        dojo = Dojo(config)
        config.args[:] = dojo.chosen_files() or config.args
    except UserError as error:
        raise pytest.UsageError(str(error)) from None
    config.stash[SUBJECT] = dojo.subject
    config.pluginmanager.register(dojo, "dojo.judge")
    if not config.pluginmanager.has_plugin(ELSEWHERE):
        summary = Summary(dojo.curriculum, dojo.journal, config)
        config.pluginmanager.register(summary, "dojo.summary")
        if config.getoption("benchmark_only", False):
            config.pluginmanager.register(benchrun.Untimed(), "dojo.untimed")


class Dojo:
    """One pytest run over a project's katas: what runs, on what, and what each test says."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.curriculum = Curriculum(config.rootpath)
        self.subject: str = config.getoption("subject")
        self.devices = devices.chosen(config.getoption("device"))
        measuring = config.getoption("measure_patterns")
        used = set(self.devices).intersection(devices.present()) if measuring else {"cpu", NAME}
        if lacking := {"cpu", NAME} - used:
            raise UserError(
                f"--measure-patterns without {' and '.join(sorted(lacking))} would forget what is "
                "wrong there only: leave --device out, on a machine without a GPU"
            )
        if measuring and config.getoption("keyword"):
            raise UserError(
                "--measure-patterns with -k would forget what the tests left out reject: name "
                "katas by --kata"
            )
        self.expectations = Expectations(self.subject, measuring)
        self.journal = Journal(config.rootpath)
        self.declarations = Declarations(self.curriculum)

    def pytest_sessionstart(self) -> None:
        """Answer the test files' imports of katas, and keep torch to one thread.

        Tiny tensors gain nothing from more, and where other programs keep the cores busy, threads
        that wait for one another took 12 s for what one does in 0.3 s.
        """
        torch.set_num_threads(1)
        sys.meta_path.insert(0, self.declarations)

    def pytest_unconfigure(self) -> None:
        """Leave the import system as it was."""
        if self.declarations in sys.meta_path:
            sys.meta_path.remove(self.declarations)

    def chosen_files(self) -> list[str]:
        """The test files of the katas that `--kata` names; none where it names none."""
        words: list[str] = self.config.getoption("kata")
        if not words:
            return []
        progress = Progress(self.curriculum, self.journal)
        return [str(kata.tests) for kata in named(words, self.curriculum, progress)]

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """Leave out the files of katas in which `-k` can't find anything."""
        kata = self.curriculum.judged_by(collection_path)
        expression: str = self.config.getoption("keyword")
        return True if kata and expression and not may_match(expression, kata) else None

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run each test on the chosen devices, and against the programs that concern it."""
        kata = self.curriculum.judged_by(metafunc.definition.path)
        on_devices = "device" in metafunc.fixturenames
        names = self.devices if on_devices else ("",)
        several = kata and self.subject in KINDS and "bench" not in metafunc.fixturenames
        if kata and several:
            test = metafunc.definition.name
            try:
                races = "race" in metafunc.fixturenames
                cases = list(self.expectations.cases(kata, test, names, races=races))
            except UserError as error:
                raise pytest.UsageError(f"{kata.solution}: {error}") from None
            params = [
                pytest.param(
                    *((device, program.name) if on_devices else (program.name,)),
                    marks=[*marks, *_skip(device)],
                    id=f"{device}-{program.name}".lstrip("-"),
                )
                for device, program, marks in cases
            ]
            arguments = ["device", "program"] if on_devices else ["program"]
            metafunc.parametrize(arguments, params, indirect=True)
        elif on_devices:
            params = [pytest.param(name, marks=_skip(name), id=name) for name in names]
            metafunc.parametrize("device", params, indirect=True)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Tell each test its kata; learning order; benchmarks only where they are asked for."""
        order = {kata.tests: place for place, kata in enumerate(self.curriculum)}
        items.sort(key=lambda item: order.get(item.path, -1))
        for item in items:
            if kata := self.curriculum.judged_by(item.path):
                item.stash[KATA] = kata
                if self.subject == "stubs":
                    item.add_marker(pytest.mark.xfail(reason="a stub", strict=True))
                if benchrun.is_benchmark(item):
                    benchrun.prepare(kata, item)
        wanted = self.config.getoption("benchmark_only", False)
        others = {item for item in items if benchrun.is_benchmark(item) != wanted}
        if others:
            self.config.hook.pytest_deselected(items=list(others))
        items[:] = [item for item in items if item not in others]
        if others and not items:
            why = "no benchmark here: these katas make no claim about speed"
            raise pytest.UsageError(why if wanted else "add --benchmark-only to run a benchmark")

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Spare the garbage collector what is there by now, and there to stay: torch, above all.

        A test that collects garbage then takes a millisecond, not a fifth of a second.
        """
        gc.freeze()
        benchrun.show_bar(self.config, len(session.items))

    @pytest.hookimpl(optionalhook=True)
    def pytest_benchmark_update_json(self, output_json: dict[str, Any]) -> None:
        """Say in a benchmark's file what its numbers are to be measured by."""
        benchrun.complete(output_json, raw=self.config.getoption("benchmark_save_data"))

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Stop a kata's test that prints without end; innermost, where pytest captures."""
        with capped() if KATA in item.stash else nullcontext():
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Hang a kata's verdict on the report of its test."""
        kata = item.stash.get(KATA, None)
        if kata is None or benchrun.is_benchmark(item):  # a benchmark informs, and judges nothing
            return (yield)
        _tell_time_outs_apart(call)
        with _native_tracebacks(item.config):
            report = yield
        if report.when == "call" or not report.passed:
            verdict = explain(call.excinfo.value, kata) if call.excinfo and report.failed else None
            if (picture := self._picture(item, kata, report)) and verdict:
                verdict = replace(verdict, text=f"{verdict.text}\nsee {picture}")
            if verdict:
                verdict = replace(verdict, printed=report.capstdout[:PRINTED])
            hang_on(report, kata, outcome_of(item, report.outcome, verdict))
        return report

    def _picture(self, item: pytest.Item, kata: Kata, report: pytest.TestReport) -> str | None:
        """Save what a test had drawn, if it failed or the user asked; return the file's path."""
        figure = item.stash.get(pictures.FIGURE, None)
        if figure is None or not (report.failed or self.config.getoption("pictures")):
            return None
        with suppress(Exception):  # what the learner drew may be impossible to draw
            return pictures.save(figure, kata, item.name)
        return None


def _skip(device: str) -> list[pytest.MarkDecorator]:
    reason = devices.why_missing(device) if device else None
    return [pytest.mark.skip(reason=f"{device}: {reason}")] if reason else []


def _tell_time_outs_apart(call: pytest.CallInfo[None]) -> None:
    """Turn pytest-timeout's failure into one that nobody takes for a failed assertion."""
    error = call.excinfo.value if call.excinfo else None
    if isinstance(error, Failed) and "from pytest-timeout" in str(error):
        seconds = str(error).partition("s)")[0].removeprefix("Timeout (>")
        timed_out = TimedOut(f"stopped after {seconds} s").with_traceback(error.__traceback__)
        call.excinfo = pytest.ExceptionInfo.from_exception(timed_out)


@contextmanager
def _native_tracebacks(config: pytest.Config) -> Iterator[None]:
    """Python's own tracebacks, unless the user asked for a style: pytest's cost 0.2 s each."""
    before = config.option.tbstyle
    if before == "auto":
        config.option.tbstyle = "native"
    try:
        yield
    finally:
        config.option.tbstyle = before
