"""The command `dojo`: where am I, judge, hints, fresh starts, and the journal.

Nothing here imports torch, so that an answer comes at once; judging is left to pytest.
"""

import json
import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

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
from dojo.journal import RATINGS, Journal
from dojo.listing import rows_of, write
from dojo.progress import Progress
from dojo.schedule import due_dates
from dojo.teaching import answer as model_answer
from dojo.teaching import hints, question

JUDGE = "dojo test "
LATEST = 20  # attempts that `dojo journal` shows
# A table whose longest row fits into 80 columns.
BARE: dict[str, Any] = {"box": None, "pad_edge": False, "collapse_padding": True}
SIDE_BY_SIDE = 100  # columns that two answers beside each other take

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


@app.command
def answer(name: str, /, *, spoil: bool = False) -> None:
    """Answer the question in your own words, then read the model answer; after it is solved.

    Args:
        name: The kata.
        spoil: Also where it is not solved yet.
    """
    kata = _kata(name)
    book = Journal(kata.root)
    if not (spoil or Progress(_curriculum(), book).is_solved(kata)):
        raise UserError(f"{kata.id} is not solved yet: solve it first, or add --spoil")
    console.print(question(kata), style="bold", markup=False)
    mine = _asked("in your own words (an empty line ends, or skips):", many=True)
    model = model_answer(kata)
    if mine and console.width >= SIDE_BY_SIDE:
        table = Table(Column("yours", ratio=1), Column("the model answer", ratio=2), expand=True)
        table.add_row(escape(mine), escape(model))
        console.print(table)
    else:
        console.print(model, markup=False)
    rating = _asked(f"how well did you know it? {', '.join(RATINGS)} (Enter skips)").lower()
    while rating not in ("", *RATINGS):
        rating = _asked(f"{rating!r} is none of {', '.join(RATINGS)} (Enter skips)").lower()
    if mine or rating:
        book.note_answer(kata, mine, rating)


@app.command
def review(*, yes: bool = False) -> None:
    """Hand out blank the katas that are due again; what you wrote is kept.

    Args:
        yes: Do not ask first.
    """
    curriculum = _curriculum()
    book = Journal(curriculum.root)
    now, dates, progress = datetime.now(UTC), due_dates(book), Progress(curriculum, book)
    due = [kata for kata in curriculum if progress.is_solved(kata) and dates[kata.id] <= now]
    if not due:
        coming = min((dates[kata.id] for kata in curriculum if kata.id in dates), default=None)
        when = f"the next one is due on {coming:%Y-%m-%d}" if coming else "none was solved yet"
        console.print(f"no kata is due: {when}", markup=False)
        return
    _ask(f"hand out blank {', '.join(kata.name for kata in due)}? Your files are kept.", yes)
    for kata in due:
        for line in stubs.write([kata], overwrite=True):
            console.print(line, markup=False, soft_wrap=True)
        book.note_handout(kata)


@app.command(name="list")
def list_(*, as_json: Annotated[bool, Parameter(name="--json", negative=())] = False) -> None:
    """Show every kata: its state, attempts, hints read, days since the last one, when due.

    Args:
        as_json: As JSON, for programs.
    """
    rows = list(rows_of(_curriculum()))
    if as_json:
        print(json.dumps([asdict(row) for row in rows], indent=1))
        return
    table = Table("kata", "state", *_numbers("tries", "hints", "days"), "due", **BARE)
    for row in rows:
        numbers = (row.attempts or "", row.hints or "", "" if row.days is None else row.days)
        style = "green" if row.state == "solved" else "dim" if row.state == "untouched" else ""
        table.add_row(row.kata, row.state, *map(str, numbers), row.due or "", style=style)
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
        write(attempts, export)
        return
    if not attempts:
        console.print("no attempts yet: dojo test judges the next kata", markup=False)
        return
    table = Table("time (UTC)", "kata", "verdict", *_numbers("fail", "s", "hints"), **BARE)
    for attempt in attempts[-LATEST:]:
        numbers = (len(attempt.failing) or "", f"{attempt.seconds:.1f}", attempt.hints or "")
        time = attempt.time[:16].replace("T", " ")
        table.add_row(time, attempt.kata, attempt.verdict, *map(str, numbers))
    console.print(table)
    if len(attempts) > LATEST:
        console.print(f"the last {LATEST} of {len(attempts)}: --export writes all", markup=False)


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


def _asked(question: str, *, many: bool = False) -> str:
    """What the user types, up to an empty line where many are wanted; "" without a user."""
    console.print(question, markup=False)
    lines: list[str] = []
    with suppress(EOFError):
        while line := input("> ").rstrip():
            lines.append(line)
            if not many:
                break
    return "\n".join(lines)


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
