"""What `dojo list` and `dojo journal --export` show."""

import csv
import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Literal

from dojo import stubs
from dojo.curriculum import Curriculum
from dojo.journal import Attempt, Journal
from dojo.progress import Progress
from dojo.schedule import due_dates


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
    dates = due_dates(book)
    for kata in curriculum:
        state: Literal["untouched", "edited", "solved"] = "edited"
        if progress.is_solved(kata):
            state = "solved"
        elif stubs.is_untouched(kata):
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
