"""What a solution file has for the learner in words, read without running it."""

import ast
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
