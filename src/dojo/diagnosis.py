"""Diagnosis: which mistaken belief would make just these tests fail.

For each misconception the tests that fail under it, its pattern, are kept in
solutions/<chapter>/patterns.json: measured by `nox -s patterns`, and checked whenever the
misconceptions are run.
"""

import json
from collections.abc import Iterable, Mapping
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


def diagnose(
    kata: Kata, failed: Iterable[str], passed: Iterable[str], only_on: str | None = None
) -> Program | None:
    """The one misconception under which just these tests fail; None if there is none or several.

    Tests in neither set (not run, or stopped by a function that is not written yet) say nothing.

    Args:
        kata: The kata that was judged.
        failed: The names of the tests that failed.
        passed: The names of those that passed.
        only_on: "accelerator" where the CPU passed every test.
    """
    failed, known = frozenset(failed), frozenset(failed) | frozenset(passed)
    if not failed:
        return None
    fitting = [
        program
        for program in programs(reference(kata), "misconception")
        if program.only_on == only_on
        and patterns(kata).get(program.name, frozenset()) & known == failed
    ]
    return fitting[0] if len(fitting) == 1 else None
