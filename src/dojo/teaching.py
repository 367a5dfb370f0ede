"""What a solution file has for the learner in words, read without running it."""

import ast
from pathlib import Path
from typing import Any

from dojo.curriculum import Kata
from dojo.errors import UserError


def hints(kata: Kata) -> tuple[str, ...]:
    """The hints, from a nudge to nearly the answer."""
    return tuple(_constant(kata, "HINTS"))


def question(kata: Kata) -> str:
    """The question in one line."""
    text = ast.get_docstring(_solution(kata)) or ""
    return text.partition("\n")[0]


def answer(kata: Kata) -> str:
    """The question, answered for someone who has solved the kata: a line for each paragraph."""
    paragraphs = str(_constant(kata, "ANSWER")).strip().split("\n\n")
    return "\n\n".join(_joined(paragraph) for paragraph in paragraphs)


def answer_code(kata: Kata, file: Path) -> str:
    """The code of an answer: the public names and all that they use, contracts left out.

    Args:
        kata: The kata.
        file: The learner's file, or the solution.

    Raises:
        UserError: the file is missing, or no Python.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
        tree = ast.parse(text)
    except (OSError, UnicodeDecodeError, SyntaxError) as error:
        raise UserError(f"{file} can't be read: {error}") from None
    solution = _solution(kata)
    given = {name for node in solution.body if "given" in _marks(node) for name in _bound(node)}
    wanted, kept = [*_constant(kata, "__all__")], set[ast.stmt]()
    nodes = [node for node in tree.body if not isinstance(node, ast.Import | ast.ImportFrom)]
    while wanted:
        name = wanted.pop()
        for node in nodes:
            if name in _bound(node) and name not in given and node not in kept:
                kept.add(node)
                wanted += [used.id for used in ast.walk(node) if isinstance(used, ast.Name)]
    lines = text.splitlines()
    return "\n\n\n".join(_without_contract(node, lines) for node in tree.body if node in kept)


def _bound(node: ast.stmt) -> set[str]:
    """The names that a top-level statement defines."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name}
    targets = [found for found in ast.walk(node) if isinstance(found, ast.Name)]
    return {target.id for target in targets if isinstance(target.ctx, ast.Store)}


def _marks(node: ast.stmt) -> set[str]:
    return {ast.unparse(mark) for mark in getattr(node, "decorator_list", [])}


def _without_contract(node: ast.stmt, lines: list[str]) -> str:
    """The lines of a definition, those of its docstrings left out."""
    contract = {
        number
        for part in ast.walk(node)
        if isinstance(part, ast.ClassDef | ast.FunctionDef)
        if ast.get_docstring(part, clean=False) is not None
        for number in range(part.body[0].lineno, (part.body[0].end_lineno or 0) + 1)
    }
    first = min([node.lineno, *(mark.lineno for mark in getattr(node, "decorator_list", []))])
    numbers = range(first, (node.end_lineno or first) + 1)
    return "\n".join(lines[number - 1] for number in numbers if number not in contract)


def _joined(paragraph: str) -> str:
    """A paragraph in one line, for the terminal to wrap; code and lists stay as they are."""
    lines = paragraph.splitlines()
    stays = any(line.startswith((" ", "-", "|")) for line in lines)
    return paragraph if stays else " ".join(lines)


def _solution(kata: Kata) -> ast.Module:
    return ast.parse(kata.solution.read_text(encoding="utf-8"))


def _constant(kata: Kata, name: str) -> Any:
    """The value of a constant of the solution file.

    Raises:
        UserError: it has no such constant.
    """
    for node in _solution(kata).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return ast.literal_eval(node.value)
    raise UserError(f"{kata.solution} has no {name}: restore the file")
