"""pytest on a small project: every way in which a learner's file can go wrong is a verdict."""

import sys
from pathlib import Path

import pytest
import torch

from dojo import standin
from dojo.curriculum import Kata
from dojo.diagnosis import Diagnosis
from dojo.report import verdicts
from dojo.results import Outcome, Result
from dojo.verdicts import Verdict

pytest_plugins = ["pytester"]

WHY = standin.why_unavailable()
measures_patterns = pytest.mark.skipif(WHY is not None, reason=f"it takes the stand-in; {WHY}")


@pytest.fixture(autouse=True)
def _by_plain_pytest(monkeypatch):
    monkeypatch.delenv("NOX_CURRENT_SESSION", raising=False)


def text_of(result: pytest.RunResult) -> str:
    return result.stdout.str()


def test_an_untouched_kata_is_one_line_and_counts_as_failed(project):
    result = project.pytest("-k", "double")
    result.assert_outcomes(failed=3)
    line = "numbers/double: not started: write double in katas/numbers/double.py"
    assert [each for each in result.outlines if "not started" in each] == [line]
    assert "Traceback" not in text_of(result)
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_right_answer_is_solved_and_the_next_kata_named(project):
    project.answer("return x + x")
    result = project.pytest("-k", "double")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(
        [
            "numbers/double: solved",
            "*solutions/numbers/double.py*",
            "numbers *1 of 2",
            "next: katas/numbers/halve.py, then pytest --kata=halve",
        ]
    )


def test_a_solved_kata_counts_until_its_file_changes(project):
    project.answer("return x + x")
    project.pytest("-k", "double")
    project.pytest("-k", "halve").stdout.fnmatch_lines(["numbers *1 of 2"])
    project.stub.write_text(project.stub.read_text() + "\n# a thought\n")
    project.pytest("-k", "halve").stdout.fnmatch_lines(["numbers *0 of 2"])


def test_some_passing_tests_do_not_make_a_kata_solved(project):
    project.answer("return x + x")
    result = project.pytest("-k", "test_three and double")
    result.assert_outcomes(passed=1)
    assert "double: solved" not in text_of(result)
    result.stdout.fnmatch_lines(
        ["numbers/double: what ran has passed", "  solved is what passes every test on cpu*"]
    )
    result.stdout.fnmatch_lines(["numbers *0 of 2"])


@measures_patterns
def test_a_wrong_answer_is_told_its_claim_and_its_belief(project):
    project.answer("return x * x")
    project.pytest("--subject=misconceptions", "--measure-patterns")
    result = project.pytest("-k", "double")
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(
        [
            "numbers/double: 2 of 3 claims fail",
            "  ✗ three becomes six",
            "      expected 6, got 9: 9 would mean a square",
            "      katas/numbers/test_double.py:*",
            "  fails as if: Doubling is squaring.",
            "next: katas/numbers/double.py, then pytest --kata=double",
        ]
    )


@measures_patterns
def test_failures_that_no_single_belief_explains_are_not_explained(project):
    project.pytest("--subject=misconceptions", "--measure-patterns")
    project.answer("return 2 * x if x == 3 else None")
    assert "fails as if" not in text_of(project.pytest("-k", "double"))


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        ("return = x", ["*no test can run", "*SyntaxError: *", "*return = x", "*double.py:6"]),
        ("return y", ["*NameError: name 'y' is not defined", "*raised by `return y`"]),
        ("raise SystemExit(3)", ["*sys.exit(3) was called*"]),
        ("import sys; sys.exit()", ["*sys.exit(None) was called*"]),
        ("assert x > 5", ["*AssertionError*", "*raised by `assert x > 5`"]),
        ("while True: pass", ["*time-out: stopped after 1.0 s*`while True: pass`"]),
        (
            "\n    while True:\n        print('x' * 1000)",
            ["*more than 1,000,000 characters were printed*"],
        ),
        (
            "\n    try:\n        raise NotImplementedError\n    finally:\n        pass",
            ["  not written yet: double (katas/numbers/double.py:*)"],
        ),
    ],
)
def test_what_goes_wrong_in_the_answer_is_a_verdict(project, body, lines):
    project.answer(body)
    result = project.pytest("-o", "timeout=1")
    result.assert_outcomes(failed=6)  # the untouched kata beside it is judged as well
    result.stdout.fnmatch_lines(lines)
    assert "numbers/halve: not started" in text_of(result)
    assert "Traceback" not in text_of(result)
    assert "INTERNALERROR" not in text_of(result)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("def dubble(x):\n    return 2 * x\n", "*defines no double; there is dubble: rename it*"),
        ("double = 3\n", "*double in katas/numbers/double.py is 3, not a function"),
        ("def double():\n    return 2\n", "*double() in * cannot be called as the stub says*"),
        ("def double(x, y):\n    return 2\n", "*double(x, y) in * cannot be called*"),
        ("def double(y):\n    return 2\n", "*double(y) in * cannot be called as the stub says, *"),
        ("raise ValueError('top')\n", "  ValueError: top"),
        ("import sys\nsys.exit(0)\n", "*sys.exit(0) was called*"),
        ("import nowhere_to_be_found\n", "  ModuleNotFoundError: No module named*"),
        ("", "*defines no double*"),
        ("while True:\n    pass\n", "*time-out: stopped after 1.0 s*"),
        ("print('x' * 2_000_000)\n", "*more than 1,000,000 characters were printed*"),
    ],
)
def test_a_file_that_no_test_can_use_is_one_verdict(project, text, line):
    project.stub.write_text(text)
    result = project.pytest("-o", "timeout=1")
    result.assert_outcomes(failed=6)
    result.stdout.fnmatch_lines([line])
    assert "numbers/halve: not started" in text_of(result)
    assert "Traceback" not in text_of(result)
    assert "INTERNALERROR" not in text_of(result)


def test_a_deleted_file_is_a_verdict(project):
    project.stub.unlink()
    result = project.pytest("-k", "double")
    result.assert_outcomes(failed=3)
    result.stdout.fnmatch_lines(["*katas/numbers/double.py is missing: `nox -s stubs -- double`*"])


def test_a_file_in_another_encoding_is_a_verdict(project):
    project.stub.write_bytes("# Gewürz\n".encode("latin-1"))
    result = project.pytest("-k", "double")
    result.assert_outcomes(failed=3)
    result.stdout.fnmatch_lines(["*is not UTF-8 (byte 5)*"])


def test_more_parameters_with_defaults_are_welcome(project):
    project.stub.write_text("def double(x, times=2, *, log=None):\n    return times * x\n")
    project.pytest("-k", "double").assert_outcomes(passed=3)


def test_one_error_in_many_tests_is_told_once(project):
    project.answer("return y")
    assert text_of(project.pytest("-k", "double")).count("NameError") == 1


def test_each_test_meets_a_fresh_program(project):
    project.answer("return calls.append(x) or (2 * x if len(calls) == 1 else 'old')")
    project.stub.write_text(project.stub.read_text() + "\n\ncalls = []\n")
    project.write(
        "katas/numbers/test_double.py",
        "from katas.numbers.double import double\n\n\n"
        "def test_one():\n    assert double(1) == 2\n\n\n"
        "def test_two():\n    assert double(2) == 4\n",
    )
    project.pytest("-k", "double").assert_outcomes(passed=2)


def test_what_a_program_leaves_switched_does_not_reach_the_next_test(project):
    project.answer(
        "import torch\n"
        "    torch.set_grad_enabled(False)\n"
        "    torch.set_default_dtype(torch.float64)\n"
        "    return 2 * x"
    )
    project.write(
        "katas/numbers/test_double.py",
        "import torch\n\nfrom katas.numbers.double import double\n\n\n"
        + "".join(
            f"def test_{name}():\n"
            "    assert torch.is_grad_enabled() and torch.ones(1).dtype == torch.float32\n"
            "    assert double(1) == 2\n\n\n"
            for name in ("one", "two")
        ),
    )
    project.pytest("-k", "double").assert_outcomes(passed=2)
    torch.set_grad_enabled(True)
    torch.set_default_dtype(torch.float32)


def test_classes_of_the_program_can_be_pickled(project):
    project.stub.write_text(
        "import pickle\n\n\nclass Box:\n    pass\n\n\n"
        "def double(x):\n    pickle.loads(pickle.dumps(Box()))\n    return 2 * x\n"
    )
    project.pytest("-k", "double").assert_outcomes(passed=3)


def test_no_learners_code_runs_while_pytest_collects(project):
    project.stub.write_text("print('I ran')\nraise SystemExit\n")
    result = project.pytest("--collect-only", "-q")
    assert "I ran" not in text_of(result)
    assert result.ret == 0


def test_a_name_used_while_pytest_collects_is_explained(project):
    project.write(
        "katas/numbers/test_double.py", "from katas.numbers.double import double\n\ndouble(1)\n"
    )
    result = project.pytest("-k", "double")
    result.stdout.fnmatch_lines(["*double is known inside tests only*"])


def test_solutions_pass_and_stubs_fail(project):
    project.pytest("--subject=solutions").assert_outcomes(passed=6)
    project.pytest("--subject=stubs").assert_outcomes(xfailed=6)


def test_alternatives_are_judged_by_every_test(project):
    project.pytest("--subject=alternatives", "-k", "double").assert_outcomes(passed=3)


@measures_patterns
def test_misconceptions_follow_their_patterns(project):
    project.pytest("--subject=misconceptions", "--measure-patterns")
    result = project.pytest("--subject=misconceptions", "-k", "double")
    # squares fails on 3 and -1, drops_the_sign on -1, forgets on all three.
    result.assert_outcomes(xfailed=6, passed=3)
    assert result.ret == 0


@measures_patterns
def test_misconceptions_run_those_races_only_that_they_lose(project):
    tests = project.root / "katas/numbers/test_double.py"
    tests.write_text(tests.read_text() + "\n\ndef test_race(race):\n    assert double(3) == 6\n")
    project.pytest("--subject=misconceptions", "--measure-patterns")
    result = project.pytest("--subject=misconceptions", "-k", "double and race")
    result.assert_outcomes(xfailed=2)  # drops_the_sign is right about 3, and is not run
    project.pytest("--subject=alternatives", "-k", "double and race").assert_outcomes(passed=1)


@measures_patterns
def test_patterns_are_measured_on_every_device_or_not_at_all(project):
    options = ("--subject=misconceptions", "--measure-patterns")
    for device, missing in (("cpu", "standin"), ("standin", "cpu")):
        result = project.pytest(*options, f"--device={device}")
        assert result.ret == 4
        result.stderr.fnmatch_lines([f"*--measure-patterns without {missing} would forget*"])
    result = project.pytest(*options, "-k", "three")
    result.stderr.fnmatch_lines(["*--measure-patterns with -k would forget*"])
    assert not (project.root / "solutions/numbers/patterns.json").exists()


def test_a_misconception_that_survives_its_test_turns_the_run_red(project):
    solution = project.root / "solutions/numbers/double.py"
    solution.write_text(solution.read_text().replace("return x * x", "return 2 * x"))
    result = project.pytest("--subject=misconceptions", "-k", "three and double")
    result.assert_outcomes(xfailed=1, passed=1, failed=1)
    result.stdout.fnmatch_lines(["*XPASS(strict)*Doubling is squaring*"])


@pytest.mark.parametrize("crash", ["raise TypeError", "while True: pass"])
def test_a_misconception_that_crashes_is_not_rejected(project, crash):
    solution = project.root / "solutions/numbers/double.py"
    solution.write_text(solution.read_text().replace("return x * x", crash))
    result = project.pytest(
        "--subject=misconceptions", "-k", "three and double", "-o", "timeout=0.5"
    )
    result.assert_outcomes(xfailed=1, passed=1, failed=1)


def test_a_program_carries_the_name_that_it_stands_in_for(project):
    project.write(
        "solutions/numbers/double.py",
        '"""What is a double?"""\n\nfrom dojo import alternative\n\n__all__ = ["double"]\n\n\n'
        'class double:\n    """A number."""\n\n\n@alternative\nclass Other:\n    pass\n',
    )
    project.write(
        "katas/numbers/test_double.py",
        "import pickle\n\nfrom katas.numbers.double import double\n\n\n"
        "def test_name():\n    assert double.__name__ == double.__qualname__ == 'double'\n"
        "    assert type(pickle.loads(pickle.dumps(double()))) is double\n",
    )
    project.pytest("--subject=alternatives", "-k", "double").assert_outcomes(passed=1)


def test_a_misconception_may_say_that_it_raises(project):
    solution = project.root / "solutions/numbers/double.py"
    text = solution.read_text().replace("return x * x", "raise TypeError")
    solution.write_text(text.replace('six")\ndef sq', 'six", raises=TypeError)\ndef sq'))
    result = project.pytest("--subject=misconceptions", "-k", "three and double")
    result.assert_outcomes(xfailed=2, passed=1)


@measures_patterns
def test_a_test_that_fails_outside_its_pattern_turns_the_run_red(project):
    project.pytest("--subject=misconceptions", "--measure-patterns")
    tests = project.root / "katas/numbers/test_double.py"
    tests.write_text(tests.read_text() + "\n\ndef test_new():\n    assert double(7) == 14\n")
    result = project.pytest("--subject=misconceptions", "-k", "double")
    result.assert_outcomes(xfailed=6, passed=4, failed=2)


def test_a_test_on_each_device_says_which_are_missing(project):
    project.write(
        "katas/numbers/test_double.py",
        "from katas.numbers.double import double\n\n\n"
        "def test_it(device):\n    assert double(1) == 2\n",
    )
    result = project.pytest("--subject=solutions", "-k", "double", "-rs", "-v")
    for name in ("cpu", "standin", "cuda", "mps"):
        result.stdout.fnmatch_lines([f"*test_it[[]{name}]*"])
    result.stdout.fnmatch_lines(["SKIPPED*mps: this machine has no Apple GPU*"])


def test_a_missing_device_asked_for_by_name_is_an_error_with_the_list(project):
    missing = "cuda" if sys.platform == "darwin" else "mps"
    result = project.pytest(f"--device={missing}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: --device={missing}: this machine has no * it has cpu*"])


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--device=gpu"], "ERROR: --device=gpu: there is cpu, standin, cuda, mps and all"),
        (["--kata=dubble"], "ERROR: there is no kata or chapter 'dubble': did you mean double?"),
    ],
)
def test_a_mistyped_option_is_explained(project, arguments, line):
    result = project.pytest(*arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([line])


def test_a_broken_curriculum_is_explained(project):
    project.write("katas/curriculum.toml", "[numbers\n")
    result = project.pytest()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: *curriculum.toml is no valid TOML: *"])


@pytest.mark.parametrize(
    "name", ["double", "numbers/double", "katas/numbers/double.py", "katas/numbers/test_double.py"]
)
def test_a_kata_goes_by_its_name_and_by_its_files(project, name):
    project.pytest(f"--kata={name}", "--subject=solutions").assert_outcomes(passed=3)


def test_a_chapter_names_all_of_its_katas(project):
    project.pytest("--kata=numbers", "--subject=solutions").assert_outcomes(passed=6)


def test_next_is_the_first_unsolved_kata(project):
    assert "numbers/double: not started" in text_of(project.pytest("--kata=next"))
    project.answer("return 2 * x")
    project.pytest("--kata=next").assert_outcomes(passed=3)
    assert "numbers/halve: not started" in text_of(project.pytest("--kata=next"))


def test_when_all_is_solved_next_says_so(project):
    for name in ("double", "halve"):
        file = project.root / f"katas/numbers/{name}.py"
        file.write_text(file.read_text().replace("raise NotImplementedError", "return 2 * x"))
    project.pytest().stdout.fnmatch_lines(["numbers *2 of 2", "all katas are solved"])
    project.pytest("--kata=next").stderr.fnmatch_lines(["ERROR: all katas are solved: *"])


def test_a_chosen_traceback_style_shows_tracebacks_as_well(project):
    project.answer("return x * x")
    result = project.pytest("-k", "double", "--tb=short")
    result.stdout.fnmatch_lines(["*= FAILURES =*"])


def test_failures_of_other_tests_keep_their_tracebacks(project):
    project.write("other/test_other.py", "def test_other():\n    assert 1 == 2\n")
    result = project.pytest("katas/numbers/test_double.py", "other/test_other.py")
    result.assert_outcomes(failed=4)
    result.stdout.fnmatch_lines(["*= FAILURES =*", "*assert 1 == 2*"])


def test_a_pipe_gets_no_colour_codes(project):
    assert "\x1b[" not in text_of(project.pytest())


def test_a_program_that_could_stand_in_for_several_names_must_say_which(project):
    solution = project.root / "solutions/numbers/double.py"
    text = solution.read_text().replace('__all__ = ["double"]', '__all__ = ["double", "forgets"]')
    solution.write_text(text)
    result = project.pytest("--subject=alternatives", "-k", "double")
    result.stdout.fnmatch_lines(
        ["*double.py: adds must say which of double, forgets it stands in*"]
    )


def test_looking_for_one_kata_reads_no_other(project):
    for expression in ("double", "double or elsewhere", "double and minus"):
        result = project.pytest("-k", expression)
        result.stdout.fnmatch_lines(["collected 3 items*"])


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("double", 3),
        ("DOUBLE", 3),
        ("double and minus", 1),
        ("test_two", 2),
        ("numbers", 6),
        ("double or halve", 6),
        ("not double", 3),
        ("(double or halve) and minus", 2),
        ("halve or nothing", 3),
        ("double and nothing or halve and minus", 1),
        ("katas and halve", 3),
        ("nothing", 0),
    ],
)
def test_what_is_left_unread_is_nothing_that_would_be_found(project, expression, found):
    result = project.pytest("-k", expression, "--subject=solutions")
    result.assert_outcomes(passed=found, deselected=result.parseoutcomes().get("deselected", 0))


def test_programs_and_devices_are_found_by_name(project):
    result = project.pytest("-k", "squares", "--subject=misconceptions")
    result.assert_outcomes(xfailed=2, failed=2, passed=2, deselected=12)
    project.write(
        "katas/numbers/test_double.py",
        "from katas.numbers.double import double\n\n\n"
        "def test_it(device):\n    assert double(1) == 2\n",
    )
    project.pytest("-k", "cpu", "--subject=solutions").assert_outcomes(passed=1, deselected=6)


def test_whoever_comes_by_nox_is_sent_on_by_nox(project, monkeypatch):
    monkeypatch.setenv("NOX_CURRENT_SESSION", "kata")
    lines = ["next: katas/numbers/double.py, then nox -s kata -- double"]
    project.pytest("-k", "double").stdout.fnmatch_lines(lines)


def test_an_error_behind_a_failed_claim_is_told_with_its_line(project):
    project.write(
        "katas/numbers/test_double.py",
        "from dojo.checks import answer_of\nfrom katas.numbers.double import double\n\n\n"
        "def test_it():\n    assert answer_of(lambda: double(1), '1 becomes 2') == 2\n",
    )
    project.answer("return y")
    project.pytest("-k", "double").stdout.fnmatch_lines(
        [
            "      1 becomes 2, got NameError: name 'y' is not defined",
            "      raised by `return y`",
            "      katas/numbers/double.py:6",
        ]
    )


def test_katas_are_judged_in_learning_order(project):
    curriculum = project.root / "katas/curriculum.toml"
    text = curriculum.read_text().replace('double = ["X01"]\n', "")
    curriculum.write_text(text + 'double = ["X01"]\n')
    result = project.pytest()
    told = [line.split(":")[0] for line in result.outlines if "not started" in line]
    assert told == ["numbers/halve", "numbers/double"]
    result.stdout.fnmatch_lines(["next: katas/numbers/halve.py, then pytest --kata=halve"])


def test_a_narrow_terminal_gets_narrow_lines():
    kata = Kata(Path(), "numbers", "double", ())
    verdict = Verdict("failed", "word " * 60, "here:1")
    result = Result(kata, [Outcome("test_it", "", "cpu", "", "failed", verdict)])
    result.diagnosis = lambda: Diagnosis((), ())
    for width in (40, 80):
        lengths = [len(line) for line, _ in verdicts([result], ("cpu",), width)]
        assert width - 6 < max(lengths) <= width


def test_what_a_failing_answer_prints_is_shown(project):
    project.answer('print("x is", x); print("\\n" * 20); return x * x')
    result = project.pytest("--kata=double")
    result.stdout.fnmatch_lines(
        ["*katas/numbers/test_double.py:6", "      | x is 3", "*more lines"]
    )
    project.answer('print("x is", x); return 2 * x')
    project.pytest("--kata=double").stdout.no_fnmatch_line("*x is*")
