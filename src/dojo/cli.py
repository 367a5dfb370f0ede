"""The command `dojo`: where am I, judge, hints, fresh starts, and the journal.

Nothing here imports torch, so that an answer comes at once; judging is left to pytest.
"""

import csv
import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Column, Table

from dojo import stubs
from dojo.bars import CAME_BY, progress_bars
from dojo.copies import keep_copy, newest_copy
from dojo.curriculum import Curriculum, Kata
from dojo.errors import UserError
from dojo.journal import Attempt, Journal
from dojo.progress import Progress
from dojo.teaching import hints

JUDGE = "dojo test "
LATEST = 20  # attempts that `dojo journal` shows

app = App(name="dojo", help="Katas for deep learning: judge, get a hint, see where you are.")
app.register_install_completion_command()
console = Console(highlight=False)


@app.default
def status() -> None:
    """Show the progress by chapter, and what is next."""
    curriculum = _curriculum()
    progress = Progress(curriculum, Journal(curriculum.root))
    for text, look in progress_bars(progress, (), JUDGE):
        console.print(text, style=" ".join(look) or None, markup=False, soft_wrap=True)


@app.command
def test(
    *arguments: Annotated[str, Parameter(allow_leading_hyphen=True)],
) -> None:
    """Judge katas once: names, chapters or paths; without any, the next unsolved kata.

    Args:
        *arguments: Names, and options of pytest's, such as --device=cpu.
    """
    root = _curriculum().root
    options = [word for word in arguments if word.startswith("-")]
    names = [word for word in arguments if not word.startswith("-")] or ["next"]
    katas = [f"--kata={name}" for name in names]
    command = [sys.executable, "-m", "pytest", *katas, *options]
    sys.exit(subprocess.call(command, cwd=root, env=os.environ | {CAME_BY: JUDGE}))


@app.command
def hint(name: str, /, *, again: bool = False) -> None:
    """Give the next hint of a kata; how many were read is remembered.

    Args:
        name: The kata.
        again: Read once more those that you have had.
    """
    kata = _kata(name)
    journal, texts = Journal(kata.root), hints(kata)
    used = journal.hints_used().get(kata.id, 0)
    if again:
        shown = range(used)
    else:
        used = journal.use_hint(kata, len(texts))
        shown = range(used - 1, used)
    if not shown:
        console.print(f"no hint of {kata.id} has been read: dojo hint {kata.name}", markup=False)
    for number in shown:
        console.print(f"hint {number + 1} of {len(texts)}", style="bold")
        console.print(Padding(escape(texts[number]), (0, 0, 0, 2)))
    if used == len(texts):
        console.print(f"that was the last: solutions/{kata.id}.py has the answer", markup=False)


@app.command
def reset(name: str, /, *, yes: bool = False) -> None:
    """Hand out a fresh stub; the old file is kept, and `dojo restore` brings it back.

    Args:
        name: The kata.
        yes: Do not ask first.
    """
    kata = _kata(name)
    if stubs.is_untouched(kata):
        console.print(f"{kata.where} is untouched: there is nothing to reset", markup=False)
        return
    _ask(f"put a fresh stub in the place of {kata.where}? Your file is kept.", yes)
    for line in stubs.write([kata], overwrite=True):
        console.print(line, markup=False, soft_wrap=True)


@app.command
def restore(name: str, /, *, yes: bool = False) -> None:
    """Bring back the file that was kept last; the present one is kept in turn.

    Args:
        name: The kata.
        yes: Do not ask first.
    """
    kata = _kata(name)
    copy = newest_copy(kata)
    if copy is None:
        raise UserError(f"no file of {kata.id} is kept: nothing was reset")
    text = copy.read_bytes()
    if kata.stub.exists() and not stubs.is_untouched(kata):
        _ask(f"put {copy.name} in the place of {kata.where}? Your file is kept.", yes)
        keep_copy(kata)
    kata.stub.write_bytes(text)
    console.print(f"{kata.where} is as in {copy.name} again", markup=False, soft_wrap=True)


@dataclass(frozen=True)
class _Row:
    """A kata in `dojo list`."""

    kata: str
    state: Literal["untouched", "edited", "solved"]
    attempts: int
    hints: int
    days: int | None  # since the last attempt


@app.command(name="list")
def list_(*, as_json: Annotated[bool, Parameter(name="--json", negative=())] = False) -> None:
    """Show every kata: its state, attempts, hints read, and days since the last attempt.

    Args:
        as_json: As JSON, for programs.
    """
    rows = list(_rows(_curriculum()))
    if as_json:
        print(json.dumps([asdict(row) for row in rows], indent=1))
        return
    table = Table("kata", "state", *_numbers("attempts", "hints", "days"), box=None)
    for row in rows:
        numbers = (row.attempts or "", row.hints or "", "" if row.days is None else row.days)
        style = "green" if row.state == "solved" else "dim" if row.state == "untouched" else ""
        table.add_row(row.kata, row.state, *map(str, numbers), style=style)
    console.print(table)


@app.command
def journal(name: str = "", /, *, export: Literal["jsonl", "csv"] | None = None) -> None:
    """Show the latest attempts, of all katas or of one.

    Args:
        name: The kata; all without it.
        export: Write every attempt, the judged text included, as JSON Lines or CSV.
    """
    root = _curriculum().root
    attempts = Journal(root).attempts(_kata(name) if name else None)
    if export:
        _export(attempts, export)
        return
    if not attempts:
        console.print("no attempts yet: dojo test judges the next kata", markup=False)
        return
    table = Table("time (UTC)", "kata", "verdict", *_numbers("fail", "s", "hints"), box=None)
    for attempt in attempts[-LATEST:]:
        numbers = (len(attempt.failing) or "", f"{attempt.seconds:.1f}", attempt.hints or "")
        time = attempt.time[:16].replace("T", " ")
        table.add_row(time, attempt.kata, attempt.verdict, *map(str, numbers))
    console.print(table)
    if len(attempts) > LATEST:
        console.print(f"the last {LATEST} of {len(attempts)}: --export writes all", markup=False)


def _rows(curriculum: Curriculum) -> list[_Row]:
    book = Journal(curriculum.root)
    progress, used, now = Progress(curriculum, book), book.hints_used(), datetime.now(UTC)
    attempts = book.attempts()
    counts = Counter(attempt.kata for attempt in attempts)
    last = {attempt.kata: datetime.fromisoformat(attempt.time) for attempt in attempts}
    rows = []
    for kata in curriculum:
        state: Literal["untouched", "edited", "solved"] = "edited"
        if progress.is_solved(kata):
            state = "solved"
        elif stubs.is_untouched(kata):
            state = "untouched"
        days = (now - last[kata.id]).days if kata.id in last else None
        rows.append(_Row(kata.id, state, counts[kata.id], used.get(kata.id, 0), days))
    return rows


def _export(attempts: list[Attempt], form: str) -> None:
    rows = [asdict(attempt) for attempt in attempts]
    if form == "jsonl":
        for row in rows:
            print(json.dumps(row))
        return
    names = list(Attempt.__dataclass_fields__)
    writer = csv.DictWriter(sys.stdout, names, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow(row | {"failing": " ".join(row["failing"])})


def _numbers(*names: str) -> list[Column]:
    return [Column(name, justify="right") for name in names]


def _ask(question: str, yes: bool) -> None:
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


def _curriculum() -> Curriculum:
    """The katas of the project that the current folder belongs to."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "katas" / "curriculum.toml").exists():
            return Curriculum(folder)
    raise UserError(f"{here} belongs to no project with katas: go to its folder first")


def _kata(name: str) -> Kata:
    found = _curriculum().find(name)
    if len(found) != 1:
        raise UserError(f"{name} is a chapter of {len(found)} katas: name one of them")
    return found[0]


def main() -> None:
    """Run the command; what is wrong is said in a line."""
    try:
        app()
    except UserError as error:
        sys.exit(f"dojo: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
