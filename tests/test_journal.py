"""The journal of attempts: whole after kills, with two writers, and with files it can't read."""

import multiprocessing
import os
import signal
import sqlite3
import time
from random import Random

import pytest

from dojo.curriculum import Curriculum
from dojo.errors import UserError
from dojo.journal import Journal, digest_of

pytest_plugins = ["pytester"]

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


@pytest.fixture
def double(project):
    return Curriculum(project.root).find("double")[0]


@pytest.fixture
def journal(project):
    return Journal(project.root)


def test_a_run_is_an_attempt(project, journal, double):
    project.answer("return x * x")
    project.pytest("--kata=double")
    [attempt] = journal.attempts()
    assert (attempt.kata, attempt.verdict) == ("numbers/double", "failed")
    assert attempt.failing == ("test_three_becomes_six", "test_minus_one_becomes_minus_two")
    assert attempt.source == project.stub.read_text()
    assert attempt.digest == digest_of(project.stub.read_bytes())
    assert 0 < attempt.seconds < 60
    assert attempt.time.endswith("+00:00")


def test_an_untouched_kata_is_no_attempt(project, journal):
    project.pytest()
    assert journal.attempts() == []


def test_other_subjects_are_no_attempts(project, journal):
    project.answer("return 2 * x")
    project.pytest("--subject=solutions")
    assert journal.attempts() == []


def test_a_part_of_the_tests_is_part_of_an_attempt(project, journal):
    project.answer("return 2 * x")
    project.pytest("-k", "double and three")
    project.pytest("--kata=double")
    project.pytest("-k", "double and three")
    assert [attempt.verdict for attempt in journal.attempts()] == ["partly", "solved", "partly"]
    assert list(journal.solved()) == ["numbers/double"]


def test_a_file_that_is_saved_while_it_is_judged_is_no_attempt(project, journal):
    project.answer("return 2 * x")
    tests = project.root / "katas/numbers/test_double.py"
    more = (
        "\n\ndef test_saves():\n    with open(double.__code__.co_filename, 'a') as f: f.write('#')"
    )
    tests.write_text(tests.read_text() + more)
    project.pytest("--kata=double")
    assert journal.attempts() == []


def test_attempts_are_kept_in_order_and_found_by_kata(journal, double, project):
    halve = Curriculum(project.root).find("halve")[0]
    for number in range(3):
        journal.note(double, "failed", [f"test_{number}"], 0.5, b"d")
        journal.note(halve, "solved", [], 0.5, b"h")
    assert [attempt.failing for attempt in journal.attempts(double)] == [
        ("test_0",),
        ("test_1",),
        ("test_2",),
    ]
    assert len(journal.attempts()) == 6


def test_the_last_attempt_decides(journal, double):
    for verdict, solved in (("solved", True), ("failed", False), ("solved", True)):
        journal.note(double, verdict, [], 0.1, b"text")
        assert journal.solved() == ({double.id: digest_of(b"text")} if solved else {})


def test_hints_are_counted_up_to_those_there_are(journal, double):
    journal.note(double, "failed", [], 0.1, b"")
    assert [journal.use_hint(double, 3) for _ in range(5)] == [1, 2, 3, 3, 3]
    journal.note(double, "failed", [], 0.1, b"")
    assert [attempt.hints for attempt in journal.attempts()] == [0, 3]
    assert journal.hints_used() == {double.id: 3}


def test_reading_makes_no_file(journal):
    assert (journal.attempts(), journal.hints_used(), journal.solved()) == ([], {}, {})
    assert not journal.path.exists()


def test_bytes_that_are_no_text_are_noted(journal, double):
    journal.note(double, "failed", [], 0.1, b"\xff = 1")
    assert journal.attempts()[0].source == "\ufffd = 1"


@pytest.mark.parametrize("content", [b"no database at all, but long enough" * 100, b"short"])
def test_a_corrupt_file_is_set_aside(journal, double, content, capsys):
    journal.path.parent.mkdir(exist_ok=True)
    journal.path.write_bytes(content)
    journal.note(double, "failed", [], 0.1, b"")
    assert len(journal.attempts()) == 1
    [kept] = journal.path.parent.glob("journal_set_aside_*.sqlite3")
    assert kept.read_bytes() == content
    assert f"kept beside as {kept.name}" in capsys.readouterr().err


def test_a_page_that_is_spoilt_later_is_found(journal, double, capsys):
    for _ in range(50):
        journal.note(double, "failed", [], 0.1, b"#" * 4000)
    with open(journal.path, "r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 4096 * 3)
    journal.note(double, "failed", [], 0.1, b"")
    assert len(journal.attempts()) == 1
    assert "can't be read" in capsys.readouterr().err


def test_a_newer_file_is_set_aside(journal, double, capsys):
    journal.note(double, "solved", [], 0.1, b"")
    with sqlite3.connect(journal.path) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    journal.note(double, "failed", [], 0.1, b"")
    assert [attempt.verdict for attempt in journal.attempts()] == ["failed"]
    assert "version 99, newer than 1" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_said_and_the_verdict_stands(project):
    project.write(".dojo", "a file where the folder should be")
    project.answer("return 2 * x")
    result = project.pytest("--kata=double")
    result.stdout.fnmatch_lines(["numbers/double: solved", "*.dojo*nothing was noted"])
    assert result.ret == 0


def test_a_locked_file_is_an_error_and_stays(journal, double, monkeypatch):
    monkeypatch.setattr("dojo.journal.WAIT", 0.05)
    journal.note(double, "failed", [], 0.1, b"")
    other = sqlite3.connect(journal.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(UserError, match="locked: nothing was noted"):
        journal.note(double, "failed", [], 0.1, b"")
    other.close()
    assert len(journal.attempts()) == 1


def _forked(work):
    return multiprocessing.get_context("fork").Process(target=work)


@needs_fork
def test_two_processes_lose_nothing(journal, double):
    def work():
        for _ in range(40):
            journal.note(double, "failed", [], 0.1, str(os.getpid()).encode())

    children = [_forked(work) for _ in range(2)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    sources = [attempt.source for attempt in journal.attempts()]
    assert [sources.count(str(child.pid)) for child in children] == [40, 40]


@needs_fork
@pytest.mark.timeout(60)
def test_a_kill_at_any_moment_loses_nothing_that_was_noted(journal, double):
    random = Random(3)
    receiver, sender = multiprocessing.Pipe(duplex=False)
    noted = 0

    def work():
        number = noted
        while True:
            journal.note(double, "failed", [], 0.1, str(number).encode())
            sender.send(number)
            number += 1

    for _ in range(40):
        child = _forked(work)
        child.start()
        time.sleep(random.uniform(0.001, 0.02))
        os.kill(child.pid, signal.SIGKILL)
        child.join()
        while receiver.poll():
            noted = receiver.recv() + 1
        sources = [int(attempt.source) for attempt in journal.attempts()]
        # A note that was killed before it was reported may be there as well.
        assert set(range(noted)) <= set(sources)
    assert noted > 0, "no child lived long enough to note anything"
