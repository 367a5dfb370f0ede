"""The command `dojo`, as a learner types it."""

import csv
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dojo.curriculum import Curriculum
from dojo.journal import Journal, digest_of

pytest_plugins = ["pytester"]

pytestmark = pytest.mark.timeout(60)  # each starts a Python, one of them imports torch


@pytest.fixture
def dojo(project):
    def run(*arguments, folder=".", typed=""):
        command = [sys.executable, "-m", "dojo", *arguments]
        return subprocess.run(
            command,
            cwd=project.root / folder,
            capture_output=True,
            text=True,
            encoding="utf-8",
            input=typed,
        )

    return run


def lines_of(result):
    return [line.rstrip() for line in result.stdout.splitlines()]


def test_alone_it_says_where_the_learner_is(dojo):
    result = dojo()
    assert result.stdout == (
        "numbers  ░░░░░░░░░░░░░░░░░░░░  0 of 2\n"
        "next: katas/numbers/double.py, then dojo test double\n"
    )


def test_it_finds_the_project_from_a_folder_within(dojo):
    assert dojo(folder="katas/numbers").stdout == dojo().stdout


def test_outside_of_a_project_it_says_so(dojo, tmp_path):
    result = dojo(folder=tmp_path)
    assert result.returncode == 1
    assert "belongs to no project with katas" in result.stderr
    assert "Traceback" not in result.stderr


def test_it_judges_the_next_kata_and_remembers(dojo, project):
    project.answer("return 2 * x")
    result = dojo("test")
    assert "numbers/double: solved" in lines_of(result)
    assert "next: katas/numbers/halve.py, then dojo test halve" in lines_of(result)
    assert result.returncode == 0
    assert dojo("test", "halve", "--device=cpu").returncode == 1
    first, second = json.loads(dojo("list", "--json").stdout)
    expected = {"kata": "numbers/double", "state": "solved", "attempts": 1, "hints": 0, "days": 0}
    due = (datetime.now(UTC) + timedelta(days=8)).date()  # FSRS's first interval for "easy"
    assert first == expected | {"due": due.isoformat()}
    assert second == expected | {
        "kata": "numbers/halve",
        "state": "untouched",
        "attempts": 0,
        "days": None,
        "due": None,
    }
    assert lines_of(dojo("list"))[1].split() == ["numbers/double", "solved", "1", "0", str(due)]


def test_hints_come_one_at_a_time(dojo):
    texts = ["Two.", "Times.", "2 * x"]
    for number, text in enumerate(texts, 1):
        assert lines_of(dojo("hint", "double"))[:2] == [f"hint {number} of 3", f"  {text}"]
    end = "that was the last: solutions/numbers/double.py has the answer"
    assert lines_of(dojo("hint", "double")) == ["hint 3 of 3", "  2 * x", end]
    again = lines_of(dojo("hint", "double", "--again"))
    assert [line.strip() for line in again[1:6:2]] == texts
    assert json.loads(dojo("list", "--json").stdout)[0]["hints"] == 3


def test_no_hint_is_read_again_before_the_first(dojo):
    assert "no hint of numbers/double has been read" in dojo("hint", "double", "--again").stdout


def test_a_reset_keeps_the_file_and_restore_brings_it_back(dojo, project):
    fresh = project.stub.read_text()
    project.answer("return 2 * x")
    mine = project.stub.read_text()
    asked = dojo("reset", "double")
    assert asked.returncode == 1
    assert "add --yes" in asked.stderr
    assert project.stub.read_text() == mine
    assert "the old one is kept as" in dojo("reset", "double", "--yes").stdout
    assert project.stub.read_text() == fresh
    assert "nothing to reset" in dojo("reset", "double", "--yes").stdout
    assert dojo("restore", "double").returncode == 0
    assert project.stub.read_text() == mine


def test_restore_keeps_what_it_replaces(dojo, project):
    project.answer("return 1")
    first = project.stub.read_text()
    dojo("reset", "double", "--yes")
    project.answer("return 2")
    second = project.stub.read_text()
    assert dojo("restore", "double").returncode == 1
    assert project.stub.read_text() == second
    dojo("restore", "double", "--yes")
    assert project.stub.read_text() == first
    dojo("restore", "double", "--yes")
    assert project.stub.read_text() == second


def test_without_a_copy_there_is_nothing_to_restore(dojo, project):
    project.write(".dojo/copies/numbers/double_trouble_2026-01-01_000000.py", "another kata's")
    result = dojo("restore", "double")
    assert result.returncode == 1
    assert "no file of numbers/double is kept" in result.stderr


def test_the_question_is_answered_in_own_words_first(dojo, project):
    assert "solve it first, or add --spoil" in dojo("answer", "double").stderr
    result = dojo("answer", "double", "--spoil", typed="by adding\nit to itself\n\nfine\nhard\n")
    said = result.stdout
    assert said.index("How do you double a number?") < said.index("own words")
    assert said.index("own words") < said.index("Twice.") < said.index("'fine' is none of")
    [answer] = Journal(project.root).answers()
    assert (answer.text, answer.rating) == ("by adding\nit to itself", "hard")


def test_an_answer_can_be_skipped(dojo, project):
    for typed in ("\n\n", ""):
        assert "Twice." in dojo("answer", "double", "--spoil", typed=typed).stdout
    assert Journal(project.root).answers() == []


def test_what_is_due_is_handed_out_blank(dojo, project, monkeypatch):
    assert "no kata is due: none was solved yet" in dojo("review").stdout
    fresh = project.stub.read_text()
    project.answer("return 2 * x")
    mine = project.stub.read_text()
    kata, _ = Curriculum(project.root)
    with monkeypatch.context() as patch:
        patch.setattr("dojo.journal._now", lambda: "2026-01-01T12:00:00.000000+00:00")
        Journal(project.root).note(kata, "solved", [], 0.1, mine.encode())
    assert "add --yes" in dojo("review").stderr
    assert project.stub.read_text() == mine
    assert "the old one is kept as" in dojo("review", "--yes").stdout
    assert project.stub.read_text() == fresh
    assert "no kata is due: the next one is due on 2026-01-09" in dojo("review").stdout
    [(_, handed_out)] = Journal(project.root).handouts()
    assert handed_out == kata.id
    dojo("restore", "double")
    assert digest_of(project.stub.read_bytes()) == digest_of(mine.encode())


def test_the_journal_is_shown_and_exported(dojo, project):
    assert "no attempts yet" in dojo("journal").stdout
    project.answer("return 'a, b; c'")
    project.pytest("--kata=double")
    assert lines_of(dojo("journal"))[1].split()[2:5] == ["numbers/double", "failed", "3"]
    [row] = map(json.loads, lines_of(dojo("journal", "double", "--export", "jsonl")))
    assert row["source"] == project.stub.read_text()
    [other] = csv.DictReader(dojo("journal", "--export", "csv").stdout.splitlines(keepends=True))
    assert other["source"] == project.stub.read_text()
    assert other["failing"].split() == row["failing"]
    assert dojo("journal", "halve", "--export", "jsonl").stdout == ""


@pytest.mark.parametrize("command", ["hint", "reset", "restore", "journal"])
def test_a_name_that_is_no_kata_is_explained(dojo, command):
    for name, meaning in (("duoble", "did you mean double"), ("numbers", "a chapter of 2 katas")):
        result = dojo(command, name)
        assert result.returncode == 1
        assert meaning in result.stderr
        assert "Traceback" not in result.stderr


def test_each_kata_has_one_line_of_80_columns():
    root = Path(__file__).parent.parent
    command = [sys.executable, "-m", "dojo", "list"]
    environment = os.environ | {"COLUMNS": "80"}
    result = subprocess.run(command, cwd=root, env=environment, capture_output=True, check=True)
    lines = result.stdout.decode("utf-8").splitlines()
    assert len(lines) == 1 + len(list(Curriculum(root)))
    assert max(map(len, lines)) <= 80


def test_it_does_without_torch(project):
    code = "import sys, dojo.cli; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.skipif(sys.platform == "win32", reason="its pipes break in another way")
@pytest.mark.parametrize(
    "command", ["dojo list --json", "dojo.benchmarks benchmarks/results/h200.json"]
)
def test_a_reader_that_has_seen_enough_gets_no_traceback(command):
    root = Path(__file__).parent.parent
    command = f"{sys.executable} -m {command} | head -1"
    done = subprocess.run(command, shell=True, cwd=root, capture_output=True, text=True)
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 1
