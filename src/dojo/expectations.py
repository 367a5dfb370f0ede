"""Expectations: which programs each test meets, and which of them it must reject."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from dojo import diagnosis, standin
from dojo.curriculum import Kata
from dojo.programs import Program, programs
from dojo.subjects import KINDS, reference
from dojo.verdicts import Failed

# The CPU, or no device at all: a test that takes none runs where Python runs.
_CPU = ("", "cpu")


@dataclass(frozen=True)
class Expectations:
    """What a run under --subject=alternatives or =misconceptions expects.

    Attributes:
        subject: One of the two.
        measuring: Expect nothing: run every misconception on every test to learn its pattern.
    """

    subject: str
    measuring: bool

    def cases(
        self, kata: Kata, test: str, devices: tuple[str, ...], *, races: bool
    ) -> Iterator[tuple[Any, ...]]:
        """Each device and program that a test runs with, and the marks that say what is expected.

        Args:
            kata: The kata that the test belongs to.
            test: The name of the test function.
            devices: The devices to run on; ("",) for a test that takes none.
            races: Whether the test runs a race. That a wrong answer is fast enough proves nothing,
                and takes half a second each time: it runs those races only that it is to lose.

        Yields:
            A device's name, a program, and the marks.
        """
        for program in programs(reference(kata), KINDS[self.subject]):
            for device in devices:
                marks = self._marks(kata, program, test, device, races)
                spared = races and self.subject == "misconceptions" and not self.measuring
                if marks is not None and (marks or not spared):
                    yield device, program, marks

    def _marks(
        self, kata: Kata, program: Program, test: str, device: str, races: bool
    ) -> list[pytest.MarkDecorator] | None:
        """What is expected of a program on a test; None where it is not run."""
        if self.subject == "alternatives":
            return []
        usual = (standin.NAME,) if program.only_on and device else _CPU
        if self.measuring:
            return [] if device in usual else None
        if test in program.caught_by and (device not in _CPU or device in usual):
            # Where a launch costs more than the work, more work may win a race.
            return [_rejects(program, strict=not races or device in usual)]
        if device in usual:
            fails = test in diagnosis.patterns(kata).get(program.name, frozenset())
            return [pytest.mark.xfail(reason="its pattern", strict=True)] if fails else []
        if program.only_on and device == "cpu":
            return []  # right on the CPU
        return None


def _rejects(program: Program, *, strict: bool) -> pytest.MarkDecorator:
    errors: tuple[type[BaseException], ...] = (AssertionError, Failed)
    if program.raises:
        errors += (program.raises,)
    return pytest.mark.xfail(reason=program.belief, strict=strict, raises=errors)
