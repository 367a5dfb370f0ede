"""Why a kata fails: its first failed claim with the test that makes it, and what leads there."""

import ast
import textwrap
from collections.abc import Iterator

from dojo.bars import Line
from dojo.diagnosis import Diagnosis
from dojo.report import indented
from dojo.results import Outcome, Result

_PLAIN: dict[str, bool] = {}
_BAD = {"red": True}
_QUIET = {"light": True}
_BOLD = {"bold": True}
_LISTED = 4  # claims or beliefs, where there are more


def explained(result: Result, width: int) -> Iterator[Line]:
    """What fails, which belief leads there, and what to look at; nothing where nothing fails.

    Args:
        result: What the tests of a kata said.
        width: How many columns there are.
    """
    if verdict := result.about_the_file():
        yield f"{result.kata.id}: no test can run", _BAD | _BOLD
        yield from indented(verdict.text, 2, width)
        if verdict.where:
            yield f"  {verdict.where}", _QUIET
        return
    failures = [o for o in result.failures() if not (o.verdict and o.verdict.kind == "unwritten")]
    unwritten = [o.verdict for o in result.failures() if o not in failures and o.verdict]
    for text in dict.fromkeys(f"{verdict.text} ({verdict.where})" for verdict in unwritten):
        yield text, _PLAIN
    if not failures:
        return
    yield from _first(failures[0], result, width)
    others = list(dict.fromkeys(o.claim for o in failures if o.test != failures[0].test))
    if others:
        yield "what fails as well", _BOLD
        for claim in others[:_LISTED]:
            yield f"  ✗ {claim}", _BAD
        if len(others) > _LISTED:
            yield f"  and {len(others) - _LISTED} more", _PLAIN
        yield "", _PLAIN
    # An error is no belief: a name that is not defined fails every test.
    raised = any(outcome.verdict and outcome.verdict.kind == "raised" for outcome in failures)
    diagnosis = result.diagnosis()
    if diagnosis.exact or not raised:
        yield from _beliefs(diagnosis, width)
    name = result.kata.name
    yield "what to look at", _BOLD
    if failures[0].verdict and failures[0].verdict.where:
        yield f"  {failures[0].verdict.where}", _PLAIN
    yield f"  dojo hint {name} for the next hint", _PLAIN


def _first(outcome: Outcome, result: Result, width: int) -> Iterator[Line]:
    on = f" [{outcome.device}]" if outcome.device else ""
    yield f"{result.kata.id} fails first at", _BOLD
    yield f"  ✗ {outcome.claim}{on}", _BAD
    if outcome.verdict:
        yield from indented(outcome.verdict.text, 6, width)
    yield "", _PLAIN
    if source := _test(outcome.test, result):
        yield "the test that claims it", _BOLD
        for line in source:
            yield f"  {line}", _PLAIN
        yield "", _PLAIN


def _test(name: str, result: Result) -> list[str]:
    """The lines of a test, numbered as in its file."""
    text = result.kata.tests.read_text(encoding="utf-8")
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            first = min([node.lineno, *(mark.lineno for mark in node.decorator_list)])
            lines = text.splitlines()[first - 1 : node.end_lineno]
            return [f"{first + i:4}  {line}".rstrip() for i, line in enumerate(lines)]
    return []


def _beliefs(diagnosis: Diagnosis, width: int) -> Iterator[Line]:
    beliefs = diagnosis.exact or diagnosis.partial
    if diagnosis.belief:
        head = "what you may believe: it fails just these tests"
    elif diagnosis.exact:
        head = "what you may believe: each of these fails just these tests"
    elif diagnosis.partial:
        head = "what you may believe: each of these fails some of these tests, and no others"
    else:
        head = "no wrong answer that is known fails these tests"
    yield head, _BOLD
    for program in beliefs[:_LISTED]:
        text = " ".join(program.belief.split())
        first, *rest = textwrap.wrap(text, width - 4)
        yield f"  • {first}", _PLAIN
        for line in rest:
            yield f"    {line}", _PLAIN
    yield "", _PLAIN
