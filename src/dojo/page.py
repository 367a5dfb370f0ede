"""`dojo report`: all that the journal and the benchmarks know, as one HTML file.

It opens without a server or a network: pictures, style and script are in the file.
"""

import base64
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from jinja2 import Environment, PackageLoader, StrictUndefined

from dojo.curriculum import Chapter, Curriculum, Kata
from dojo.errors import UserError
from dojo.journal import Attempt, Journal
from dojo.listing import Row, rows_of
from dojo.teaching import answer_code, question

DAYS = 28  # of attempts in the chart


@dataclass(frozen=True)
class Day:
    """How many attempts a day had."""

    date: date
    solved: int
    others: int


@dataclass(frozen=True)
class Solved:
    """A solved kata: the answer beside the reference."""

    kata: Kata
    question: str
    mine: str
    reference: str


@dataclass(frozen=True)
class Picture:
    """A benchmark's picture, as the address of an image that is its own content."""

    name: str
    address: str


def render(curriculum: Curriculum, *, stamp: str = "") -> str:
    """The report as HTML.

    Args:
        curriculum: The katas of a project.
        stamp: What it is made of, where it comes from `serve`: it asks there now and then, and
            loads itself anew when the answer is another one. Empty for a file.
    """
    rows = {row.kata: row for row in rows_of(curriculum)}
    attempts = Journal(curriculum.root).attempts()
    environment = Environment(
        loader=PackageLoader("dojo", "templates"),
        autoescape=True,  # answers and words of the learner may hold anything
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    days = list(_days(attempts))
    solved = [row for row in rows.values() if row.state == "solved"]
    return environment.get_template("report.html.j2").render(
        made=datetime.now(UTC).astimezone(),
        chapters=[(chapter, _rows(chapter, rows)) for chapter in curriculum.chapters],
        solved=len(solved),
        rows=rows,
        due=sorted((row for row in rows.values() if _is_due(row)), key=lambda row: row.due or ""),
        hinted=[row for row in rows.values() if row.hints],
        attempts=len(attempts),
        days=days,
        most=max(day.solved + day.others for day in days) or 1,
        answers=list(_answers(curriculum, rows)),
        yours=list(_pictures(curriculum, solved)),
        others=list(_pictures(curriculum, [row for row in rows.values() if row not in solved])),
        stamp=stamp,
    )


def _rows(chapter: Chapter, rows: dict[str, Row]) -> list[tuple[Kata, Row]]:
    return [(kata, rows[kata.id]) for kata in chapter.katas]


def _is_due(row: Row) -> bool:
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    return row.state == "solved" and row.due is not None and row.due <= today


def _days(attempts: list[Attempt]) -> Iterator[Day]:
    """The last days, today the last of them."""
    solved, others = Counter[date](), Counter[date]()
    for attempt in attempts:
        day = datetime.fromisoformat(attempt.time).date()
        (solved if attempt.verdict == "solved" else others)[day] += 1
    today = datetime.now(UTC).date()
    for back in range(DAYS - 1, -1, -1):
        day = today - timedelta(days=back)
        yield Day(day, solved[day], others[day])


def _answers(curriculum: Curriculum, rows: dict[str, Row]) -> Iterator[Solved]:
    for kata in curriculum:
        if rows[kata.id].state == "solved":
            try:
                mine, reference = (answer_code(kata, f) for f in (kata.stub, kata.solution))
            except UserError:
                continue  # the file was changed meanwhile
            yield Solved(kata, question(kata), mine, reference)


def _pictures(curriculum: Curriculum, rows: Iterable[Row]) -> Iterator[Picture]:
    """The pictures of these katas; several of one are called kata-which.svg."""
    folder = curriculum.root / ".dojo" / "benchmarks" / "pictures"
    drawn = sorted(folder.glob("*.svg"), key=lambda file: file.stem)
    for row in rows:
        name = row.kata.partition("/")[2]
        for file in drawn:
            if file.stem.partition("-")[0] == name:
                content = base64.b64encode(file.read_bytes()).decode("ascii")
                yield Picture(file.stem, f"data:image/svg+xml;base64,{content}")
