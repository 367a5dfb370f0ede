"""When a solved kata is due again: spaced repetition by FSRS, from the journal alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from fsrs import Card, Rating, Scheduler

from dojo.journal import RATINGS, Attempt, Journal

FEW = 3  # failed attempts after which solving a kata is still "good"

_NEVER = "9999"  # after every time in ISO 8601

# A kata is no flash card to be drilled at steps of a minute: its first interval is in days. And the
# same journal gives the same dates: no random shifts.
_SCHEDULER = Scheduler(learning_steps=(), relearning_steps=(), enable_fuzzing=False)


@dataclass(frozen=True)
class Review:
    """A kata solved for the first time, or once more after it was handed out blank.

    Attributes:
        kata: Its id.
        time: When.
        rating: How well it was known: one of RATINGS.
    """

    kata: str
    time: datetime
    rating: str


def due_dates(journal: Journal) -> dict[str, datetime]:
    """When each kata that was ever solved is due again, by its id."""
    cards: dict[str, Card] = {}
    for review in reviews(journal):
        card = cards.get(review.kata, Card(card_id=0))
        rating = Rating(RATINGS.index(review.rating) + 1)
        cards[review.kata], _ = _SCHEDULER.review_card(card, rating, review.time)
    return {kata: card.due for kata, card in cards.items()}


def reviews(journal: Journal) -> Iterator[Review]:
    """The reviews of each kata, in order.

    Running the tests of a solved kata again is no review, and neither is changing it: only what is
    solved from a blank stub.
    """
    handouts, answers = journal.handouts(), journal.answers()
    for kata, attempts in _by_kata(journal.attempts()).items():
        blank = [time for time, name in handouts if name == kata]
        for start, end in pairwise(["", *blank, _NEVER]):
            episode = [attempt for attempt in attempts if start <= attempt.time < end]
            solved = next((n for n, a in enumerate(episode) if a.verdict == "solved"), None)
            if solved is not None:
                said = [a.rating for a in answers if a.kata == kata and start <= a.time < end]
                rating = _rating(episode[: solved + 1], [each for each in said if each])
                yield Review(kata, _time(episode[solved]), rating)


def _rating(episode: list[Attempt], said: list[str]) -> str:
    """How well a kata was known: by attempts and hints, and no better than the learner says."""
    failed = sum(attempt.verdict == "failed" for attempt in episode)
    found = "good" if failed else "easy"
    if failed > FEW or episode[-1].hints:
        found = "hard"
    return min([found, *said[-1:]], key=RATINGS.index)


def _by_kata(attempts: list[Attempt]) -> dict[str, list[Attempt]]:
    found: dict[str, list[Attempt]] = {}
    for attempt in attempts:
        found.setdefault(attempt.kata, []).append(attempt)
    return found


def _time(attempt: Attempt) -> datetime:
    return datetime.fromisoformat(attempt.time).astimezone(UTC)
