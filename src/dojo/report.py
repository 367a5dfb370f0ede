"""The learner's report: verdicts in words."""

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from dojo.bars import WIDTH, Line
from dojo.results import Outcome, Result

_PLAIN: dict[str, bool] = {}
_BAD = {"red": True}
_GOOD = {"green": True}
_QUIET = {"light": True}
_BOLD = {"bold": True}
# More unstarted katas than this are counted and not listed.
_LISTED = 20
_PRINTED = 8  # lines shown of what the code printed in a test


def verdicts(
    results: Sequence[Result], devices: Iterable[str], width: int = WIDTH
) -> Iterator[Line]:
    """What to say about the katas that were judged: the solved, the failed, the unstarted.

    Args:
        results: One for each kata, in the order in which they ran.
        devices: The devices that this machine has: a solved kata has passed on each.
        width: How many columns there are.
    """
    present = tuple(devices)
    unstarted = [result for result in results if _not_started(result)]
    for result in results:
        if result in unstarted:
            continue
        if result.failures():
            yield from _failed(result, width)
        elif result.is_solved(present):
            yield f"{result.kata.id}: solved", _GOOD
            yield f"  compare with solutions/{result.kata.id}.py, above all its ANSWER", _PLAIN
            yield "", _PLAIN
        elif any(outcome.outcome == "passed" for outcome in result.outcomes):
            yield f"{result.kata.id}: what ran has passed", _GOOD
            yield f"  solved is what passes every test on {', '.join(present)}", _PLAIN
            yield "", _PLAIN
    for result in unstarted[:_LISTED]:
        verdict = result.about_the_file()
        told = f"{result.kata.id}: {verdict.text if verdict else 'not started'}"
        yield from indented(told, 0, width)
    if len(unstarted) > _LISTED:
        yield f"... and {len(unstarted) - _LISTED} more katas that are not started", _PLAIN


def _not_started(result: Result) -> bool:
    verdict = result.about_the_file()
    return verdict is not None and verdict.kind == "not started"


def _failed(result: Result, width: int) -> Iterator[Line]:
    if verdict := result.about_the_file():
        yield f"{result.kata.id}: no test can run", _BAD | _BOLD
        yield from indented(verdict.text, 2, width)
        if verdict.where:
            yield f"  {verdict.where}", _QUIET
        yield "", _PLAIN
        return
    failures = result.failures()
    claims = {outcome.test for outcome in result.outcomes}
    broken = {outcome.test for outcome in failures}
    yield f"{result.kata.id}: {len(broken)} of {len(claims)} claims fail", _BAD | _BOLD
    for unwritten, group in groupby(failures, key=lambda outcome: _unwritten(outcome)):
        if unwritten:
            yield f"  {unwritten}", _PLAIN
        else:
            yield from _claims(list(group), width)
    if program := result.diagnosis().belief:
        for text, _ in indented(f"fails as if: {program.belief}", 2, width):
            yield text, _BOLD
    yield "", _PLAIN


def _unwritten(outcome: Outcome) -> str:
    verdict = outcome.verdict
    return f"{verdict.text} ({verdict.where})" if verdict and verdict.kind == "unwritten" else ""


def _claims(failures: list[Outcome], width: int) -> Iterator[Line]:
    """Each failed claim once, with its devices; claims that fail for one reason, together."""
    alike: dict[tuple[str, str], dict[str, list[str]]] = {}
    printed: dict[tuple[str, str], str] = {}
    for outcome in failures:
        verdict = outcome.verdict
        reason = (verdict.text, verdict.where) if verdict else ("failed", "")
        alike.setdefault(reason, {}).setdefault(outcome.claim, []).append(outcome.device)
        printed.setdefault(reason, verdict.printed if verdict else "")
    for (text, where), claims in alike.items():
        for claim, devices in claims.items():
            on = f" [{', '.join(devices)}]" if any(devices) else ""
            yield f"  ✗ {claim}{on}", _BAD
        yield from indented(text, 6, width)
        if where:
            yield f"      {where}", _QUIET
        yield from _printed(printed[text, where])


def _printed(text: str) -> Iterator[Line]:
    """The beginning of what the code printed."""
    lines = text.rstrip().splitlines()
    for line in lines[:_PRINTED]:
        yield f"      | {line[:WIDTH]}", _PLAIN
    if len(lines) > _PRINTED:
        yield f"      | ... and {len(lines) - _PRINTED} more lines", _PLAIN


def indented(text: str, indent: int, width: int) -> Iterator[Line]:
    """The lines of a text, wrapped; what is indented in it is code and stays in one piece."""
    for line in text.splitlines():
        pieces = [line] if line.startswith(" ") else textwrap.wrap(line, width - indent)
        for piece in pieces:
            yield " " * indent + piece, _PLAIN
