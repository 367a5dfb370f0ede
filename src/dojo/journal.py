"""The journal: every attempt at a kata, and how many hints were read, in .dojo/journal.sqlite3.

SQLite's write-ahead log keeps it whole whatever happens to the process that writes, and lets two
processes write. A file that it can't read is set aside under another name, and never overwritten.
"""

import hashlib
import json
import sqlite3
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dojo.curriculum import Kata
from dojo.errors import UserError

VERSION = 1
WAIT = 5  # seconds that a writer waits for another one
_TABLES = (
    """CREATE TABLE attempts (
    id INTEGER PRIMARY KEY,
    time TEXT NOT NULL,     -- ISO 8601, UTC
    kata TEXT NOT NULL,     -- "tensors/safe_squeeze"
    verdict TEXT NOT NULL,  -- solved, failed or partly
    failing TEXT NOT NULL,  -- JSON: the names of the tests that failed
    seconds REAL NOT NULL,  -- what the tests took
    hints INTEGER NOT NULL, -- how many hints had been read by then
    digest TEXT NOT NULL,   -- SHA-256 of the source
    source TEXT NOT NULL    -- the learner's file as it was judged
)""",
    "CREATE INDEX attempts_by_kata ON attempts (kata, id)",
    "CREATE TABLE hints (kata TEXT PRIMARY KEY, used INTEGER NOT NULL)",
    """CREATE TABLE answers (
    id INTEGER PRIMARY KEY,
    time TEXT NOT NULL,
    kata TEXT NOT NULL,
    text TEXT NOT NULL,     -- in the learner's own words; empty where skipped
    rating TEXT NOT NULL    -- one of RATINGS, or empty
)""",
    "CREATE TABLE handouts (id INTEGER PRIMARY KEY, time TEXT NOT NULL, kata TEXT NOT NULL)",
)

# How well a kata was known, from not at all to at once.
RATINGS = ("again", "hard", "good", "easy")


@dataclass(frozen=True)
class Attempt:
    """One run of a kata's tests on the learner's file.

    Attributes:
        time: When it ended, ISO 8601 in UTC.
        kata: The kata's id, such as "tensors/safe_squeeze".
        verdict: "solved", "failed" or "partly": what ran has passed, and not all of the tests ran.
        failing: The names of the tests that failed, in the order in which they ran.
        seconds: What the tests took.
        hints: How many of the kata's hints had been read by then.
        digest: SHA-256 of the file as it was judged.
        source: Its text.
    """

    time: str
    kata: str
    verdict: str
    failing: tuple[str, ...]
    seconds: float
    hints: int
    digest: str
    source: str


@dataclass(frozen=True)
class Answer:
    """A question answered in the learner's own words.

    Attributes:
        time: ISO 8601 in UTC.
        kata: The kata's id.
        text: The words; empty where they were skipped.
        rating: "again", "hard", "good" or "easy", by the learner; empty where it was skipped.
    """

    time: str
    kata: str
    text: str
    rating: str


def digest_of(source: bytes) -> str:
    """What tells one text of a file from another."""
    return hashlib.sha256(source).hexdigest()


class Journal:
    """The journal of one project folder; the file is made by the first entry.

    Args:
        root: The top of the project.
    """

    def __init__(self, root: Path) -> None:
        self.path = root / ".dojo" / "journal.sqlite3"

    def note(
        self, kata: Kata, verdict: str, failing: Sequence[str], seconds: float, source: bytes
    ) -> None:
        """Add an attempt; when this returns it is safe against a kill.

        Raises:
            UserError: the file can't be written.
        """
        row = (
            _now(),
            kata.id,
            verdict,
            json.dumps(list(failing)),
            seconds,
            kata.id,
            digest_of(source),
            source.decode(errors="replace"),
        )
        used = "coalesce((SELECT used FROM hints WHERE kata = ?), 0)"
        self._do(f"INSERT INTO attempts VALUES (NULL, ?, ?, ?, ?, ?, {used}, ?, ?)", row)

    def attempts(self, kata: Kata | None = None) -> list[Attempt]:
        """All attempts in order, or those at one kata."""
        columns = "time, kata, verdict, failing, seconds, hints, digest, source"
        rows = self._read(
            f"SELECT {columns} FROM attempts WHERE ? IN ('', kata) ORDER BY id",
            (kata.id if kata else "",),
        )
        return [
            Attempt(when, name, verdict, tuple(json.loads(failing)), *rest)
            for when, name, verdict, failing, *rest in rows
        ]

    def solved(self) -> dict[str, str]:
        """The katas whose last full attempt was right: id, and digest of the file."""
        rows = self._read(
            "SELECT kata, digest FROM attempts WHERE verdict = 'solved' AND id IN "
            "(SELECT max(id) FROM attempts WHERE verdict <> 'partly' GROUP BY kata)"
        )
        return dict(rows)

    def hints_used(self) -> dict[str, int]:
        """How many hints were read, by the kata's id; katas without any are left out."""
        return dict(self._read("SELECT kata, used FROM hints"))

    def use_hint(self, kata: Kata, available: int) -> int:
        """Count one more hint as read, up to those that there are; return the new count."""
        self._do(
            "INSERT INTO hints VALUES (?, 1) "
            "ON CONFLICT (kata) DO UPDATE SET used = min(used + 1, ?)",
            (kata.id, available),
        )
        return self.hints_used()[kata.id]

    def note_answer(self, kata: Kata, text: str, rating: str) -> None:
        """Keep what the learner said, and the learner's own rating; either may be empty."""
        self._do("INSERT INTO answers VALUES (NULL, ?, ?, ?, ?)", (_now(), kata.id, text, rating))

    def answers(self) -> list[Answer]:
        """All answers, in order."""
        rows = self._read("SELECT time, kata, text, rating FROM answers ORDER BY id")
        return [Answer(*row) for row in rows]

    def note_handout(self, kata: Kata) -> None:
        """Note that a kata was handed out blank, to be solved once more, its hints unread."""
        self._do("INSERT INTO handouts VALUES (NULL, ?, ?)", (_now(), kata.id))
        self._do("DELETE FROM hints WHERE kata = ?", (kata.id,))

    def handouts(self) -> list[tuple[str, str]]:
        """When which kata was handed out blank, in order: time and id."""
        return self._read("SELECT time, kata FROM handouts ORDER BY id")

    def _read(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        return self._do(query, values) if self.path.exists() else []

    def _do(self, query: str, values: Sequence[Any]) -> list[Any]:
        for first in (True, False):
            try:
                with self._open() as database:
                    return database.execute(query, values).fetchall()
            except (sqlite3.Error, OSError) as error:
                if isinstance(error, sqlite3.OperationalError | OSError) or not first:
                    raise UserError(f"{self.path}: {error}: nothing was noted") from None
                self._set_aside(str(error))
        raise AssertionError("the loop returns or raises")

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """A connection to a file of this version, made where there is none."""
        self.path.parent.mkdir(exist_ok=True)
        with closing(sqlite3.connect(self.path, timeout=WAIT, isolation_level=None)) as database:
            [(version,)] = database.execute("PRAGMA user_version")
            if version > VERSION:
                raise sqlite3.DatabaseError(f"it is of version {version}, newer than {VERSION}")
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")  # a kill loses nothing
            if version < VERSION:
                _make_tables(database)
            yield database

    def _set_aside(self, why: str) -> None:
        """Give an unreadable file another name, its log too, and say so."""
        stamp = time.strftime("%Y-%m-%d_%H%M%S")
        for end in ("", "-wal", "-shm"):
            with suppress(FileNotFoundError):  # another process was faster
                old = self.path.with_name(self.path.name + end)
                old.rename(self.path.with_name(f"journal_set_aside_{stamp}.sqlite3{end}"))
        print(
            f"{self.path} can't be read ({why}): it is kept beside as "
            f"journal_set_aside_{stamp}.sqlite3, and a new one begun",
            file=sys.stderr,
        )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")  # of one length: they sort


def _make_tables(database: sqlite3.Connection) -> None:
    """Make the tables, unless another process has made them meanwhile."""
    database.execute("BEGIN IMMEDIATE")
    [(version,)] = database.execute("PRAGMA user_version")
    if version < VERSION:
        for statement in _TABLES:
            database.execute(statement)
        database.execute(f"PRAGMA user_version = {VERSION}")
    database.execute("COMMIT")
