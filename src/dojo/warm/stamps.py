"""Whether files that a warm process has read are still as they were."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import dojo
from dojo.curriculum import Curriculum, Kata

Stamps = dict[Path, tuple[int, int]]


def stamps_of(files: Iterable[Path]) -> Stamps:
    """Time and size of each file that is there."""
    found = {}
    for file in files:
        try:
            status = file.stat()
        except FileNotFoundError:
            continue
        found[file] = status.st_mtime_ns, status.st_size
    return found


def engine_files(curriculum: Curriculum) -> Iterator[Path]:
    """What the engine and pytest's set-up are made of."""
    yield from Path(dojo.__file__).parent.rglob("*.py")
    yield from (curriculum.root / name for name in ("conftest.py", "pyproject.toml", "pytest.ini"))
    yield curriculum.file


def kata_files(kata: Kata, curriculum: Curriculum) -> Iterator[Path]:
    """What a kata is judged by: tests, solutions, patterns; not the learners' files."""
    [katas] = (chapter.katas for chapter in curriculum.chapters if chapter.name == kata.chapter)
    learners = {other.stub for other in katas}
    for folder in (kata.tests.parent, kata.solution.parent):
        for file in folder.iterdir():
            if file.suffix in (".py", ".json") and file not in learners:
                yield file
