"""The katas in learning order, and where the files of each one lie.

Everything else in the engine stands on this module; it imports nothing of ours.
"""

import difflib
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from dojo.errors import UserError


@dataclass(frozen=True)
class Kata:
    """One kata: its chapter, its name, and the ids of the quiz questions that it answers."""

    root: Path
    chapter: str
    name: str
    questions: tuple[str, ...]

    @property
    def id(self) -> str:
        """The name in full, such as "tensors/safe_squeeze"."""
        return f"{self.chapter}/{self.name}"

    @property
    def module(self) -> str:
        """The module under which tests and learners know the kata."""
        return f"katas.{self.chapter}.{self.name}"

    @property
    def stub(self) -> Path:
        """The file that the learner edits."""
        return self.root / "katas" / self.chapter / f"{self.name}.py"

    @property
    def tests(self) -> Path:
        """The file that judges."""
        return self.stub.with_name(f"test_{self.name}.py")

    @property
    def solution(self) -> Path:
        """The teacher's side: the answer, the hints, other right and wrong programs."""
        return self.root / "solutions" / self.chapter / f"{self.name}.py"

    @property
    def where(self) -> str:
        """The stub's path as a learner types it, from the top of the project."""
        return self.stub.relative_to(self.root).as_posix()


@dataclass(frozen=True)
class Chapter:
    """A chapter: its folder, its title, and its katas in learning order."""

    name: str
    title: str
    katas: tuple[Kata, ...]


class Curriculum:
    """All chapters and katas of a project folder, as katas/curriculum.toml lists them.

    Raises:
        UserError: the file is missing, is no TOML, or lists a kata name twice.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.file = self.root / "katas" / "curriculum.toml"
        self.chapters = tuple(self._read())
        self._by_name: dict[str, Kata] = {}
        self._by_test: dict[Path, Kata] = {}
        for kata in self:
            if kata.name in self._by_name:
                raise UserError(f"{self.file} lists {kata.name} twice: a kata's name is its own")
            self._by_name[kata.name] = kata
            self._by_test[kata.tests] = kata

    def _read(self) -> Iterator[Chapter]:
        try:
            tables = tomllib.loads(self.file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise UserError(f"{self.file} is missing: restore it with git") from None
        except tomllib.TOMLDecodeError as error:
            raise UserError(f"{self.file} is no valid TOML: {error}") from None
        for name, table in tables.items():
            katas = (
                Kata(self.root, name, kata, tuple(ids)) for kata, ids in table["katas"].items()
            )
            yield Chapter(name, table["title"], tuple(katas))

    def __iter__(self) -> Iterator[Kata]:
        return (kata for chapter in self.chapters for kata in chapter.katas)

    def judged_by(self, test_file: Path) -> Kata | None:
        """The kata that a test file judges; None for any other file."""
        return self._by_test.get(test_file)

    def find(self, wanted: str) -> list[Kata]:
        """The katas that a word on the command line names.

        A name, "chapter/name", a chapter, or the path of any of a kata's files.

        Raises:
            UserError: nothing goes by that name; the message lists the closest.
        """
        path = Path(wanted)
        plain = path.stem.removeprefix("test_")
        if plain in self._by_name and (path.parent.name in ("", self._by_name[plain].chapter)):
            return [self._by_name[plain]]
        chapters = {chapter.name: list(chapter.katas) for chapter in self.chapters}
        if path.name in chapters:
            return chapters[path.name]
        close = difflib.get_close_matches(plain, [*self._by_name, *chapters], n=3)
        advice = f"did you mean {' or '.join(close)}?" if close else f"the names are in {self.file}"
        raise UserError(f"there is no kata or chapter {wanted!r}: {advice}")

    def find_all(self, wanted: Iterable[str]) -> list[Kata]:
        """The katas that several words name, each once, in the order given; all for no words."""
        found = [kata for word in wanted for kata in self.find(word)]
        return list(dict.fromkeys(found)) or list(self)
