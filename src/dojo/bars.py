"""Progress by chapter as bars, and where to go on."""

import os
from collections.abc import Iterator, Sequence

from dojo.curriculum import Kata
from dojo.progress import Progress

# A line of output, and how a terminal that can do so shows it (keyword arguments of pytest's
# TerminalWriter.markup).
Line = tuple[str, dict[str, bool]]

WIDTH = 100  # columns of a line, unless the terminal has fewer

CAME_BY = "DOJO_CAME_BY"  # the environment variable that says what judges a kata
_BAR_WIDTH = 20


def progress_bars(progress: Progress, judged: Sequence[Kata], command: str = "") -> Iterator[Line]:
    """One bar for each chapter, and the next kata with the command that judges it.

    Args:
        progress: What is solved.
        judged: The katas of this run.
        command: What judges a kata, less its name; "" for that by which the learner came.
    """
    chapters = progress.curriculum.chapters
    width = max(len(chapter.name) for chapter in chapters)
    for chapter in chapters:
        solved, total = progress.solved_in(chapter), len(chapter.katas)
        filled = _BAR_WIDTH * solved // total
        bar = "█" * filled + "░" * (_BAR_WIDTH - filled)
        yield f"{chapter.name:{width}}  {bar}  {solved} of {total}", {}
    upcoming = progress.next(judged)
    if upcoming:
        judge = command or _command()
        yield f"next: {upcoming.where}, then {judge}{upcoming.name}", {"bold": True}
    else:
        yield "all katas are solved", {"green": True}


def _command() -> str:
    """What judges a kata, its name left out: that by which the learner came here."""
    by_nox = "NOX_CURRENT_SESSION" in os.environ
    return os.environ.get(CAME_BY, "nox -s kata -- " if by_nox else "pytest --kata=")
