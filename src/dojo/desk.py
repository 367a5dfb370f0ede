"""What all commands of `dojo` need: the project, its katas, the terminal, and the user's word."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rich.console import Console

from dojo.bars import WIDTH, Line
from dojo.curriculum import Curriculum, Kata
from dojo.errors import UserError

SIDE_BY_SIDE = 100  # columns that two texts beside each other take
console = Console(highlight=False)


def show(lines: Iterable[Line]) -> None:
    """Print lines of a report, in their colours where the terminal has any."""
    for text, look in lines:
        style = " ".join("dim" if word == "light" else word for word in look)
        console.print(text, style=style or None, markup=False, soft_wrap=True)


def report_width() -> int:
    """The columns of a report: those of the terminal, up to those that a line needs."""
    return min(console.width, WIDTH) if console.is_terminal else WIDTH


@contextmanager
def quiet_pipe() -> Iterator[None]:
    """End without a word where whoever reads the output, such as head, has seen enough."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the last flush
        sys.exit(1)


def ask(question: str, yes: bool) -> None:
    """Go on only if the user says so.

    Raises:
        UserError: the answer is not yes, or nobody is there to give one.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise UserError(f"{question} Nobody is here to answer: add --yes")
    if input(f"{question} [y/N] ").strip().lower() not in ("y", "yes"):
        raise UserError("left as it is")


def asked(question: str, *, many: bool = False) -> str:
    """What the user types, up to an empty line where many are wanted; "" without a user."""
    console.print(question, markup=False)
    lines: list[str] = []
    with suppress(EOFError):
        while line := input("> ").rstrip():
            lines.append(line)
            if not many:
                break
    return "\n".join(lines)


def curriculum_here() -> Curriculum:
    """The katas of the project that the current folder belongs to."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "katas" / "curriculum.toml").exists():
            return Curriculum(folder)
    raise UserError(f"{here} belongs to no project with katas: go to its folder first")


def the_kata(name: str) -> Kata:
    found = curriculum_here().find(name)
    if len(found) != 1:
        raise UserError(f"{name} is a chapter of {len(found)} katas: name one of them")
    return found[0]
