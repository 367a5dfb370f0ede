"""Which katas are solved, by the journal.

A kata counts as solved for as long as its file is, letter by letter, the one that passed.
"""

from collections.abc import Sequence

from dojo.curriculum import Chapter, Curriculum, Kata
from dojo.errors import UserError
from dojo.journal import Journal, digest_of


class Progress:
    """The solved katas of one project folder, as the journal has them now.

    Args:
        curriculum: The katas in learning order.
        journal: Of the same folder.
    """

    def __init__(self, curriculum: Curriculum, journal: Journal) -> None:
        self.curriculum = curriculum
        self._digests = journal.solved()

    def is_solved(self, kata: Kata) -> bool:
        """Whether the file, as it is now, passed all of its tests."""
        return kata.id in self._digests and self._digests[kata.id] == _digest(kata)

    def solved_in(self, chapter: Chapter) -> int:
        """How many of a chapter's katas are solved."""
        return sum(self.is_solved(kata) for kata in chapter.katas)

    def next(self, judged: Sequence[Kata] = ()) -> Kata | None:
        """The kata to go on with: an unsolved one of those just judged, else what follows them.

        Args:
            judged: The katas of a run, in learning order; without any, the search begins at the
                first kata of all.

        Returns:
            The first unsolved kata from there on, round the end; None when all are solved.
        """
        katas = list(self.curriculum)
        start = katas.index(judged[0]) if judged else 0
        rounds = [*katas[start:], *katas[:start]]
        return next((kata for kata in rounds if not self.is_solved(kata)), None)

    def after(self, kata: Kata) -> Kata | None:
        """The first unsolved kata behind this one, round the end; None if all others are solved."""
        katas = list(self.curriculum)
        start = katas.index(kata) + 1
        rounds = [*katas[start:], *katas[: start - 1]]
        return next((other for other in rounds if not self.is_solved(other)), None)


def named(words: list[str], curriculum: Curriculum, progress: Progress) -> list[Kata]:
    """The katas that --kata asks for, each once; "next" is the first unsolved one.

    Raises:
        UserError: there is no such kata, or none left unsolved.
    """
    katas: dict[Kata, None] = {}
    for word in words:
        if word != "next":
            katas |= dict.fromkeys(curriculum.find(word))
        elif kata := progress.next():
            katas[kata] = None
        else:
            raise UserError("all katas are solved: name one to judge it again")
    return list(katas)


def _digest(kata: Kata) -> str:
    try:
        return digest_of(kata.stub.read_bytes())
    except OSError:
        return "missing"
