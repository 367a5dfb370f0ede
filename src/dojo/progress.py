"""Which katas are solved: remembered between runs in pytest's own cache.

A kata counts as solved for as long as its file is, letter by letter, the one that passed.
"""

import hashlib
from collections.abc import Sequence

import pytest

from dojo.curriculum import Chapter, Curriculum, Kata

_KEY = "dojo/solved"


class Progress:
    """The solved katas of one project folder.

    Args:
        curriculum: The katas in learning order.
        cache: pytest's cache; None (under `-p no:cacheprovider`) remembers nothing.
    """

    def __init__(self, curriculum: Curriculum, cache: "pytest.Cache | None") -> None:
        self.curriculum = curriculum
        self.cache = cache
        stored = cache.get(_KEY, {}) if cache else {}
        self._digests: dict[str, str] = stored if isinstance(stored, dict) else {}

    def record(self, kata: Kata, *, solved: bool) -> None:
        """Remember the outcome of a run of all of a kata's tests."""
        if solved:
            self._digests[kata.id] = _digest(kata)
        else:
            self._digests.pop(kata.id, None)
        if self.cache:
            self.cache.set(_KEY, self._digests)

    def is_solved(self, kata: Kata) -> bool:
        """Whether the file, as it is now, passed all of its tests."""
        return self._digests.get(kata.id, "") == _digest(kata)

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


def _digest(kata: Kata) -> str:
    try:
        return hashlib.sha256(kata.stub.read_bytes()).hexdigest()
    except OSError:
        return "missing"
