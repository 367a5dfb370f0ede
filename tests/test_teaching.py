"""Hints and answers are read from the solution files, all of them."""

from pathlib import Path

import pytest

from dojo.curriculum import Curriculum, Kata
from dojo.errors import UserError
from dojo.teaching import answer, hints, question

KATAS = list(Curriculum(Path(__file__).parent.parent))


@pytest.mark.parametrize("kata", KATAS, ids=lambda kata: kata.name)
def test_each_kata_has_a_question_hints_and_an_answer(kata):
    assert question(kata)[:1].isupper()
    assert "?" in question(kata)
    assert len(hints(kata)) == 3
    assert len(answer(kata)) > 100


def written(tmp_path, text):
    kata = Kata(tmp_path, "numbers", "double", ())
    kata.solution.parent.mkdir(parents=True)
    kata.solution.write_text(text, encoding="utf-8")
    return kata


def test_paragraphs_are_joined_and_code_is_not(tmp_path):
    kata = written(tmp_path, 'ANSWER = """\nOne\ntwo.\n\n    a = 1\n    b = 2\n\nThree.\n"""\n')
    assert answer(kata) == "One two.\n\n    a = 1\n    b = 2\n\nThree."


def test_what_is_missing_is_said(tmp_path):
    with pytest.raises(UserError, match=r"double.py has no HINTS: restore the file"):
        hints(written(tmp_path, '"""Why?"""\n'))
