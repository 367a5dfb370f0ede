"""The commands of `dojo` that show tables: all katas, and the attempts."""

import csv
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from cyclopts import Parameter
from rich.table import Column, Table

from dojo import stubs
from dojo.curriculum import Curriculum
from dojo.desk import console, curriculum_here, the_kata
from dojo.journal import Attempt, Journal
from dojo.progress import Progress
from dojo.schedule import due_dates

LATEST = 20  # attempts that `dojo journal` shows
# A table whose longest row fits into 80 columns.
BARE: dict[str, Any] = {"box": None, "pad_edge": False, "collapse_padding": True}


@dataclass(frozen=True)
class Row:
    """A kata in `dojo list`.

    Attributes:
        kata: Its id.
        state: "untouched", "edited", or "solved" by the file as it is now.
        attempts: How many there were.
        hints: How many were read.
        days: Whole days since the last attempt; None without any.
        due: When it is due again, as an ISO date; None where it was never solved.
    """

    kata: str
    state: Literal["untouched", "edited", "solved"]
    attempts: int
    hints: int
    days: int | None
    due: str | None


def rows_of(curriculum: Curriculum) -> Iterator[Row]:
    """A row for each kata, in learning order."""
    book = Journal(curriculum.root)
    progress, used, now = Progress(curriculum, book), book.hints_used(), datetime.now(UTC)
    attempts = book.attempts()
    counts = Counter(attempt.kata for attempt in attempts)
    last = {attempt.kata: datetime.fromisoformat(attempt.time) for attempt in attempts}
    dates, fresh = due_dates(book), stubs.untouched(curriculum)
    for kata in curriculum:
        state: Literal["untouched", "edited", "solved"] = "edited"
        if progress.is_solved(kata):
            state = "solved"
        elif kata in fresh:
            state = "untouched"
        days = (now - last[kata.id]).days if kata.id in last else None
        due = f"{dates[kata.id]:%Y-%m-%d}" if kata.id in dates else None
        yield Row(kata.id, state, counts[kata.id], used.get(kata.id, 0), days, due)


def write(attempts: list[Attempt], form: str) -> None:
    """Write attempts to the standard output, as "jsonl" or "csv"."""
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


def list_(*, as_json: Annotated[bool, Parameter(name="--json", negative=())] = False) -> None:
    """Show every kata: its state, attempts, hints read, days since the last one, when due.

    Args:
        as_json: As JSON, for programs.
    """
    rows = list(rows_of(curriculum_here()))
    if as_json:
        print(json.dumps([asdict(row) for row in rows], indent=1))
    else:
        console.print(table_of(rows))


def table_of(rows: Iterable[Row]) -> Table:
    """The katas with their states, as a table."""
    table = Table("kata", "state", *_numbers("tries", "hints", "days"), "due", **BARE)
    for row in rows:
        numbers = (row.attempts or "", row.hints or "", "" if row.days is None else row.days)
        style = "green" if row.state == "solved" else "dim" if row.state == "untouched" else ""
        table.add_row(row.kata, row.state, *map(str, numbers), row.due or "", style=style)
    return table


def journal(name: str = "", /, *, export: Literal["jsonl", "csv"] | None = None) -> None:
    """Show the latest attempts, of all katas or of one.

    Args:
        name: The kata; all without it.
        export: Write every attempt, the judged text included, as JSON Lines or CSV.
    """
    root = curriculum_here().root
    attempts = Journal(root).attempts(the_kata(name) if name else None)
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
