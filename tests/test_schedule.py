"""When katas are due: each test writes a journal of some days and reads the dates."""

from datetime import UTC, datetime, timedelta

import pytest

import dojo.journal
from dojo.curriculum import Curriculum
from dojo.journal import Journal
from dojo.schedule import due_dates, reviews

pytest_plugins = ["pytester"]

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Diary:
    """A journal whose clock the test sets."""

    def __init__(self, root, monkeypatch):
        self.journal = Journal(root)
        self.kata, self.other = Curriculum(root)
        self.now = START
        monkeypatch.setattr(dojo.journal, "_now", self._tick)

    def _tick(self):
        self.now += timedelta(microseconds=1)
        return self.now.isoformat(timespec="microseconds")

    def on_day(self, day):
        self.now = START + timedelta(days=day)

    def attempts(self, failed, *, kata=None, verdict="solved"):
        for _ in range(failed):
            self.journal.note(kata or self.kata, "failed", ["test_it"], 0.1, b"")
        if verdict:
            self.journal.note(kata or self.kata, verdict, [], 0.1, b"")

    def ratings(self):
        return [review.rating for review in reviews(self.journal)]

    def days_until(self, kata):
        return (due_dates(self.journal)[kata.id] - START) / timedelta(days=1)


@pytest.fixture
def diary(project, monkeypatch):
    return Diary(project.root, monkeypatch)


@pytest.mark.parametrize(
    ("failed", "rating"), [(0, "easy"), (1, "good"), (3, "good"), (4, "hard"), (40, "hard")]
)
def test_attempts_tell_how_well_it_was_known(diary, failed, rating):
    diary.attempts(failed)
    assert diary.ratings() == [rating]


def test_a_hint_makes_it_hard(diary):
    diary.journal.use_hint(diary.kata, 3)
    diary.attempts(0)
    assert diary.ratings() == ["hard"]


def test_a_hint_that_was_read_afterwards_does_not_count(diary):
    diary.attempts(0)
    diary.journal.use_hint(diary.kata, 3)
    assert diary.ratings() == ["easy"]


@pytest.mark.parametrize(
    ("said", "rating"), [("again", "again"), ("hard", "hard"), ("easy", "good"), ("", "good")]
)
def test_the_learner_can_only_lower_it(diary, said, rating):
    diary.attempts(1)
    diary.journal.note_answer(diary.kata, "so it is", said)
    assert diary.ratings() == [rating]


def test_the_last_word_counts(diary):
    diary.attempts(1)
    for said in ("again", "hard", ""):
        diary.journal.note_answer(diary.kata, "", said)
    assert diary.ratings() == ["hard"]


def test_what_is_not_solved_is_not_due(diary):
    diary.attempts(3, verdict=None)
    diary.attempts(0, verdict="partly")
    assert due_dates(diary.journal) == {}


def test_tests_that_run_again_are_no_review(diary):
    diary.attempts(0)
    first = due_dates(diary.journal)
    diary.on_day(1)
    diary.attempts(5)
    assert (diary.ratings(), due_dates(diary.journal)) == (["easy"], first)


def test_solved_from_blank_is_a_review_with_hints_unread(diary):
    diary.journal.use_hint(diary.kata, 3)
    diary.attempts(9)
    diary.on_day(5)
    diary.journal.note_handout(diary.kata)
    diary.attempts(0)
    assert diary.ratings() == ["hard", "easy"]


def test_a_handout_that_is_not_solved_is_no_review(diary):
    diary.attempts(0)
    diary.on_day(5)
    diary.journal.note_handout(diary.kata)
    diary.attempts(2, verdict=None)
    diary.on_day(6)
    diary.journal.note_handout(diary.kata)
    diary.attempts(1)
    assert diary.ratings() == ["easy", "good"]


def test_the_better_known_the_later_due(diary):
    diary.attempts(9)
    diary.attempts(0, kata=diary.other)
    assert 0.9 < diary.days_until(diary.kata) < diary.days_until(diary.other)


def test_intervals_grow_with_each_review(diary):
    diary.attempts(1)
    gaps, before = [], 0
    for _ in range(4):
        due = diary.days_until(diary.kata)
        gaps.append(due - before)
        diary.on_day(due)
        before = due
        diary.journal.note_handout(diary.kata)
        diary.attempts(1)
    assert gaps == sorted(gaps)
    assert gaps[-1] > 3 * gaps[0]


def test_the_same_journal_gives_the_same_dates(diary):
    diary.attempts(2)
    assert due_dates(diary.journal) == due_dates(diary.journal)
