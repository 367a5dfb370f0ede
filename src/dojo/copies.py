"""Copies of learners' files, kept before anything replaces them."""

import re
import time
from pathlib import Path

from dojo.curriculum import Kata


def keep_copy(kata: Kata) -> str:
    """Keep the learner's file as it is now, under a name of its own in .dojo/copies.

    Returns:
        The copy's path, from the top of the project.
    """
    folder = kata.root / ".dojo" / "copies" / kata.chapter
    folder.mkdir(parents=True, exist_ok=True)
    stamp = time.strftime("%Y-%m-%d_%H%M%S")
    copy = _free(folder / f"{kata.name}_{stamp}.py")
    copy.write_bytes(kata.stub.read_bytes())
    return copy.relative_to(kata.root).as_posix()


def newest_copy(kata: Kata) -> Path | None:
    """The copy that was kept last; None if none was."""
    folder = kata.root / ".dojo" / "copies" / kata.chapter
    ours = re.compile(rf"{re.escape(kata.name)}_\d{{4}}-\d\d-\d\d_\d{{6}}(_\d+)?\.py")
    copies = [path for path in folder.glob(f"{kata.name}_*.py") if ours.fullmatch(path.name)]
    return max(copies, key=lambda path: path.stat().st_mtime_ns, default=None)


def _free(path: Path) -> Path:
    """The path itself, or the first of path_2, path_3, ... that is not taken."""
    candidate, number = path, 1
    while candidate.exists():
        number += 1
        candidate = path.with_stem(f"{path.stem}_{number}")
    return candidate
