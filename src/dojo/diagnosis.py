"""Diagnosis: which mistaken belief would make just these tests fail.

For each misconception the tests that fail under it, its pattern, are kept in
solutions/<chapter>/patterns.json: measured by `nox -s patterns`, and checked whenever the
misconceptions are run.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from dojo.curriculum import Kata
from dojo.programs import Program, programs
from dojo.subjects import reference


def patterns_file(kata: Kata) -> Path:
    """Where the patterns of a kata's chapter are kept."""
    return kata.solution.with_name("patterns.json")


@cache
def patterns(kata: Kata) -> Mapping[str, frozenset[str]]:
    """The failing tests of each misconception of a kata, by its name; empty if not measured."""
    try:
        chapter = json.loads(patterns_file(kata).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return {name: frozenset(tests) for name, tests in chapter.get(kata.name, {}).items()}


def save_patterns(kata: Kata, measured: Mapping[str, Iterable[str]]) -> None:
    """Put the measured patterns of a kata in the place of those that its chapter's file holds."""
    file = patterns_file(kata)
    chapter = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    chapter[kata.name] = {name: sorted(tests) for name, tests in sorted(measured.items())}
    text = json.dumps(dict(sorted(chapter.items())), indent=1)
    file.write_text(text + "\n", encoding="utf-8")
    patterns.cache_clear()


@dataclass(frozen=True)
class Diagnosis:
    """Which known mistakes go with a learner's failures.

    Attributes:
        exact: Those under which just these tests fail.
        partial: Those under which some of these tests fail and no others, the closest first: two
            mistakes at once look like this.
    """

    exact: tuple[Program, ...]
    partial: tuple[Program, ...]

    @property
    def belief(self) -> Program | None:
        """The one mistake that explains all; None if there is none or several."""
        return self.exact[0] if len(self.exact) == 1 else None


def diagnose(
    kata: Kata, failed: Iterable[str], passed: Iterable[str], only_on: str | None = None
) -> Diagnosis:
    """Compare failures with the patterns of the known mistakes.

    Tests in neither set (not run, or stopped by a function that is not written yet) say nothing.

    Args:
        kata: The kata that was judged.
        failed: The names of the tests that failed.
        passed: The names of those that passed.
        only_on: "accelerator" where the CPU passed every test.
    """
    failed, known = frozenset(failed), frozenset(failed) | frozenset(passed)
    if not failed:
        return Diagnosis((), ())
    measured = patterns(kata)
    mistakes = {
        program: measured.get(program.name, frozenset()) & known
        for program in programs(reference(kata), "misconception")
        if program.only_on == only_on
    }
    exact = tuple(program for program, fails in mistakes.items() if fails == failed)
    partial = [program for program, fails in mistakes.items() if fails and fails < failed]
    partial.sort(key=lambda program: -len(mistakes[program]))
    return Diagnosis(exact, tuple(partial))
