"""What is expected of wrong answers, on which device."""

from pathlib import Path

import pytest

from dojo.curriculum import Curriculum
from dojo.expectations import Expectations

[KATA] = Curriculum(Path(__file__).parent.parent).find("scale_rows_and_columns")


@pytest.mark.parametrize(
    ("test", "races", "on", "strict"),
    [
        ("test_scaling_rows_beats_the_loop", True, "cpu", True),
        ("test_scaling_rows_beats_the_loop", True, "cuda", False),  # more work may win there
        ("test_scaling_makes_one_new_tensor", False, "cuda", True),
    ],
)
def test_a_wrong_answer_must_be_rejected(test, races, on, strict):
    expectations = Expectations("misconceptions", measuring=False)
    for _, program, marks in expectations.cases(KATA, test, (on,), races=races):
        if test in program.caught_by:
            assert [mark.kwargs["strict"] for mark in marks] == [strict]
            return
    pytest.fail(f"no misconception is caught by {test}")
