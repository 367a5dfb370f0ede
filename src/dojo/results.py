"""Results: what the tests of one kata said, put together over devices and cases."""

import ast
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

import pytest

from dojo.curriculum import Kata
from dojo.diagnosis import Diagnosis, diagnose
from dojo.verdicts import Verdict

# What the plugin notes on pytest's objects: the kata of a test, the subject of the run.
KATA = pytest.StashKey[Kata]()
SUBJECT = pytest.StashKey[str]()


@dataclass(frozen=True)
class Outcome:
    """One test on one device.

    Attributes:
        test: The name of the test function.
        case: What tells its parametrised cases apart, the device left out; empty for one case.
        device: "cpu", "standin", "cuda", "mps"; empty for a test that takes no device.
        program: The alternative or misconception that was judged; empty for other subjects.
        outcome: "passed", "failed" or "skipped".
        verdict: What a failure says.
    """

    test: str
    case: str
    device: str
    program: str
    outcome: str
    verdict: Verdict | None = None

    @property
    def claim(self) -> str:
        """The test's name as a sentence."""
        words = self.test.removeprefix("test_").replace("_", " ")
        return f"{words} ({self.case})" if self.case else words


@dataclass
class Result:
    """All outcomes of one kata in one run."""

    kata: Kata
    outcomes: list[Outcome] = field(default_factory=list)

    def failures(self) -> list[Outcome]:
        """The outcomes that failed, in the order in which they ran."""
        return [outcome for outcome in self.outcomes if outcome.outcome == "failed"]

    def about_the_file(self) -> Verdict | None:
        """The verdict that holds for the whole file, where there is one."""
        for outcome in self.failures():
            if outcome.verdict and outcome.verdict.kind in ("not started", "unjudgeable"):
                return outcome.verdict
        return None

    def is_complete(self, devices: Iterable[str]) -> bool:
        """Whether every test of the kata ran, on every one of these devices if it takes any."""
        ran = [outcome for outcome in self.outcomes if outcome.outcome != "skipped"]
        used = {outcome.device for outcome in self.outcomes} - {""}
        return {o.test for o in ran} >= set(names_of_tests(self.kata)) and (
            not used or used >= set(devices)
        )

    def is_solved(self, devices: Iterable[str]) -> bool:
        """Whether nothing failed and nothing was left out."""
        return not self.failures() and self.is_complete(devices)

    def diagnosis(self) -> Diagnosis:
        """Which known mistakes go with the failures on the CPU, or those on accelerators alone."""
        on_cpu = [o for o in self.outcomes if o.device in ("", "cpu")]
        only_on = None if any(o.outcome == "failed" for o in on_cpu) else "accelerator"
        shown = [o for o in self.outcomes if o not in on_cpu] if only_on else on_cpu
        judged = [o for o in shown if not (o.verdict and o.verdict.kind == "unwritten")]
        failed = {o.test for o in judged if o.outcome == "failed"}
        passed = {o.test for o in judged if o.outcome == "passed"} - failed
        return diagnose(self.kata, failed, passed, only_on)

    def failed_by_program(self) -> dict[str, set[str]]:
        """The tests that each program failed; a program that failed none is in it too."""
        failed: dict[str, set[str]] = {}
        for outcome in self.outcomes:
            tests = failed.setdefault(outcome.program, set())
            if outcome.outcome == "failed":
                tests.add(outcome.test)
        return failed


def outcome_of(item: pytest.Item, outcome: str, verdict: Verdict | None) -> Outcome:
    """The outcome of a test that pytest has collected."""
    params = dict(item.callspec.params) if hasattr(item, "callspec") else {}
    device, program = params.pop("device", ""), params.pop("program", "")
    case = "-".join(str(value) for value in params.values())
    test = getattr(item, "originalname", item.name)
    return Outcome(test, case, device, program, outcome, verdict)


def hang_on(report: pytest.TestReport, kata: Kata, outcome: Outcome) -> None:
    """Let pytest's report of a test carry the outcome: as plain data, which travels anywhere."""
    report.dojo = {"name": kata.name, **asdict(outcome)}  # type: ignore[attr-defined]  # pytest keeps a report's extra attributes


def carried_by(report: pytest.TestReport) -> tuple[str, Outcome] | None:
    """The kata's name and the outcome that a report carries; None for tests of anything else."""
    if not hasattr(report, "dojo"):
        return None
    data = dict(report.dojo)
    return data.pop("name"), outcome_from(data)


def outcome_from(data: dict[str, Any]) -> Outcome:
    """The outcome that was plain data on its way."""
    verdict = data.pop("verdict")
    return Outcome(**data, verdict=Verdict(**verdict) if verdict else None)


def names_of_tests(kata: Kata) -> tuple[str, ...]:
    """The names of a kata's tests, in the order of the file, benchmarks left out."""
    tree = ast.parse(kata.tests.read_text(encoding="utf-8"))
    return tuple(
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and node.name.startswith("test_")
        and all(argument.arg != "bench" for argument in node.args.args)
    )
