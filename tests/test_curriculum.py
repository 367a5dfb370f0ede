"""The curriculum as a whole: every kata complete, every question once, nothing left lying about."""

import ast
from collections import Counter
from pathlib import Path

import pytest

from dojo.curriculum import Curriculum
from dojo.diagnosis import patterns
from dojo.errors import UserError
from dojo.programs import programs
from dojo.results import names_of_tests
from dojo.subjects import reference

ROOT = Path(__file__).parent.parent
CURRICULUM = Curriculum(ROOT)
KATAS = [pytest.param(kata, id=kata.name) for kata in CURRICULUM]
NOT_TIMED = ("refactor",)  # it is about how code reads, not how it runs


def test_each_question_is_answered_once():
    counts = Counter(question for kata in CURRICULUM for question in kata.questions)
    assert [question for question, count in counts.items() if count > 1] == []
    assert all(kata.questions for kata in CURRICULUM)


@pytest.mark.parametrize("kata", KATAS)
def test_a_kata_has_all_of_its_parts(kata):
    assert kata.stub.is_file()
    assert kata.tests.is_file()
    solution = reference(kata)
    assert (solution.__doc__ or "").splitlines()[0].endswith("?"), "the question comes first"
    assert len(solution.HINTS) == 3
    assert all(hint.strip() for hint in solution.HINTS)
    assert len(solution.ANSWER.split()) > 20


@pytest.mark.parametrize("kata", KATAS)
def test_a_kata_has_wrong_and_other_right_answers(kata):
    solution = reference(kata)
    wrong = list(programs(solution, "misconception"))
    assert len(wrong) >= 3
    other = list(programs(solution, "alternative"))
    assert other or solution.NO_ALTERNATIVE, "or say why there is no other right answer"
    assert all(program.belief.endswith((".", "?", "!")) for program in wrong), "a sentence each"
    assert len({program.belief for program in wrong}) == len(wrong)


@pytest.mark.parametrize("kata", KATAS)
def test_every_test_rejects_a_misconception(kata):
    named = {
        test for program in programs(reference(kata), "misconception") for test in program.caught_by
    }
    tests = set(names_of_tests(kata))
    assert named <= tests, f"there is no {named - tests}"
    failed = {test for pattern in patterns(kata).values() for test in pattern}
    assert tests == failed, f"these reject nothing: {tests - failed}"


@pytest.mark.parametrize("kata", KATAS)
def test_every_misconception_has_its_pattern_measured(kata):
    wrong = {program.name: program for program in programs(reference(kata), "misconception")}
    measured = patterns(kata)
    assert set(measured) == set(wrong), "run nox -s patterns"
    for name, program in wrong.items():
        assert set(program.caught_by) <= measured[name], f"{name}: run nox -s patterns"


@pytest.mark.parametrize("kata", KATAS)
def test_what_runs_on_a_device_or_races_is_timed(kata):
    tree = ast.parse(kata.tests.read_text(encoding="utf-8"))
    used = {
        argument.arg
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
        for argument in node.args.args
    }
    wanted = kata.name not in NOT_TIMED and bool(used & {"device", "race"})
    assert ("bench" in used) == wanted


def test_each_question_has_one_kata():
    asked = [question for kata in CURRICULUM for question in kata.questions]
    book, cards = range(1, 38), range(1, 80)
    assert sorted(asked) == [f"A{n:02}" for n in cards] + [f"F{n:02}" for n in book]


def test_there_are_no_stray_files():
    wanted = {ROOT / "katas" / "curriculum.toml"}
    for chapter in CURRICULUM.chapters:
        wanted.add(ROOT / "katas" / chapter.name / "README.md")
        wanted.add(ROOT / "solutions" / chapter.name / "patterns.json")
        for kata in chapter.katas:
            wanted |= {kata.stub, kata.tests, kata.solution}
    wanted.add(ROOT / "katas" / "practice" / "refactor_script.py")  # what refactor begins with
    found = {
        path
        for folder in ("katas", "solutions")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert sorted(found - wanted) == []
    assert sorted(wanted - found) == []


@pytest.mark.parametrize("kata", KATAS)
def test_the_chapters_page_names_its_katas(kata):
    page = kata.stub.with_name("README.md").read_text(encoding="utf-8")
    assert f"`{kata.name}`" in page


@pytest.mark.parametrize(
    "word",
    ["safe_squeeze", "tensors/safe_squeeze", "katas/tensors/test_safe_squeeze.py"],
)
def test_a_kata_is_found_by_its_name_and_files(word):
    assert [kata.id for kata in CURRICULUM.find(word)] == ["tensors/safe_squeeze"]


def test_a_chapter_is_found_by_its_name_and_folder():
    assert CURRICULUM.find("tensors") == CURRICULUM.find("katas/tensors")
    assert len(CURRICULUM.find("tensors")) == 16


@pytest.mark.parametrize("word", ["nothing", "python/safe_squeeze", ""])
def test_an_unknown_name_is_explained(word):
    with pytest.raises(UserError, match="there is no kata or chapter"):
        CURRICULUM.find(word)


def test_a_name_used_twice_is_refused(tmp_path):
    (tmp_path / "katas").mkdir()
    (tmp_path / "katas/curriculum.toml").write_text(
        '[a]\ntitle = ""\n[a.katas]\nx = []\n[b]\ntitle = ""\n[b.katas]\nx = []\n'
    )
    with pytest.raises(UserError, match="lists x twice"):
        Curriculum(tmp_path)
