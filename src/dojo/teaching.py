"""What a solution file has for the learner in words, read without running it."""

import ast

from dojo.curriculum import Kata
from dojo.errors import UserError


def hints(kata: Kata) -> tuple[str, ...]:
    """The hints, from a nudge to nearly the answer.

    Raises:
        UserError: the solution file has none.
    """
    for node in ast.parse(kata.solution.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "HINTS":
            return tuple(ast.literal_eval(node.value))
    raise UserError(f"{kata.solution} has no HINTS: restore it")
