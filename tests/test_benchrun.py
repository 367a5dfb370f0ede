"""How benchmarks run: the bar, earlier runs to compare with, and that each kata has a right one."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

BENCHMARK = """
import pytest
from katas.numbers.double import double


def test_it():
    assert double(1) == 2


@pytest.mark.parametrize("numbers", [10, 1_000])
def test_benchmark(bench, numbers):
    drawn = iter(range(100, 10**6))
    bench(lambda xs: xs + xs, double, lambda: ([next(drawn)] * numbers,))
"""
# Runs mine, for each benchmark at its smallest size.
SMALLEST = """
import pytest

class Plugin:
    def pytest_collection_modifyitems(self, items):
        mine = [item for item in items if item.callspec.params["bench"] == "mine"]
        items[:] = {item.nodeid.partition("[")[0]: item for item in reversed(mine)}.values()

options = "--subject=solutions --device=cpu --benchmark-only --benchmark-max-time=0.001"
quick = "--benchmark-min-rounds=1 --benchmark-quiet -q -rs -p no:cacheprovider"
raise SystemExit(pytest.main([*options.split(), *quick.split()], plugins=[Plugin()]))
"""
SOMETIMES_WRONG = """
    global calls
    calls = globals().get("calls", 0) + 1
    return 2 * x if calls < 9 else x"""
ONLY = ("--kata=double", "--benchmark-only", "--benchmark-max-time=0.01")


@pytest.fixture
def timed(project):
    """The small project, where one kata has a benchmark of six rows."""
    project.write("katas/numbers/test_double.py", BENCHMARK)
    project.answer("return 2 * x")
    return project


def test_katas_without_a_benchmark_say_so(project):
    result = project.pytest("--benchmark-only")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: no benchmark here: *"])


def test_a_benchmark_by_name_says_what_it_takes(timed):
    result = timed.pytest("katas/numbers/test_double.py::test_benchmark")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: add --benchmark-only to run a benchmark"])


def test_benchmarks_are_no_part_of_a_kata(timed):
    result = timed.pytest("-k", "double")
    result.assert_outcomes(passed=1, deselected=6)
    result.stdout.fnmatch_lines(["numbers/double: solved"])


def test_the_loop_the_learners_and_the_reference_are_timed(timed):
    result = timed.pytest(*ONLY)
    result.assert_outcomes(passed=6, deselected=1)
    for row in ("loop-10", "mine-10", "reference-10", "loop-1000", "mine-1000", "reference-1000"):
        result.stdout.fnmatch_lines([f"test_benchmark[[]{row}]*"])
    result.stdout.fnmatch_lines(["*benchmark 'double numbers=    1,000 cpu': 3 tests*"])


def test_two_benchmarks_of_a_kata_are_two_tables(project):
    tests = project.root / "katas/numbers/test_double.py"
    more = "".join(
        f"\n\ndef test_benchmark{which}(bench):\n    bench(lambda x: x + x, double, lambda: (3,))\n"
        for which in ("_small", "")
    )
    tests.write_text(tests.read_text() + more)
    result = project.pytest(*ONLY, "--subject=solutions")
    result.assert_outcomes(passed=6)
    result.stdout.fnmatch_lines(["*benchmark 'double cpu'*", "*benchmark 'double small cpu'*"])


def test_a_class_becomes_a_function(timed):
    made = "made=lambda program: lambda xs: program(xs) + [0]"
    changed = BENCHMARK.replace("xs + xs", "xs + xs + [0]").replace(
        "* numbers,))", f"* numbers,), {made})"
    )
    timed.write("katas/numbers/test_double.py", changed)
    timed.pytest(*ONLY).assert_outcomes(passed=6, deselected=1)


@pytest.mark.parametrize(("body", "passed"), [("return 2 * x", 4), ("return x", 2)])
def test_without_a_loop_the_reference_is_the_judge(timed, body, passed):
    changed = BENCHMARK.replace("bench(lambda xs: xs + xs,", "bench(None,")
    timed.write("katas/numbers/test_double.py", changed)
    timed.answer(body)
    result = timed.pytest(*ONLY, "-rs")
    result.assert_outcomes(passed=passed, skipped=6 - passed, deselected=1)
    result.stdout.fnmatch_lines(["SKIPPED*there is no loop to beat"])


def test_without_an_answer_the_others_are_timed(timed):
    timed.stub.write_text(timed.fresh)
    result = timed.pytest(*ONLY, "-rs")
    result.assert_outcomes(passed=4, skipped=2, deselected=1)
    result.stdout.fnmatch_lines(["SKIPPED*not started: write double in katas/numbers/double.py"])


@pytest.mark.parametrize("body", ["return x", "return y", "raise SystemExit", SOMETIMES_WRONG])
def test_a_wrong_answer_is_left_out(timed, body):
    timed.answer(body)
    result = timed.pytest(*ONLY)
    result.assert_outcomes(passed=4, skipped=2, deselected=1)
    result.stdout.fnmatch_lines(["double: yours is not right yet: *"])


def test_a_terminal_shows_a_bar(timed, run_in_terminal):
    seen = run_in_terminal(timed.root, "pytest", "-q", *ONLY).see("6 passed")
    bar, _, _ = seen.partition("6/6")
    assert "double " in bar
    assert "0/6" in bar
    assert "5/6" in bar
    assert "." not in bar  # pytest's letter


def test_a_failure_under_the_bar_is_told(timed, run_in_terminal):
    timed.write("katas/numbers/test_double.py", BENCHMARK.replace("xs + xs", "1 / 0"))
    terminal = run_in_terminal(timed.root, "pytest", *ONLY)
    terminal.see("ZeroDivisionError", "2 failed", "2 passed", "2 skipped")
    assert terminal.ends() == 1


@pytest.mark.parametrize("option", ["-v", "--benchmark-skip"])
def test_no_bar_is_shown_unasked(timed, run_in_terminal, option):
    wanted = [word for word in ONLY if option == "-v" or word != "--benchmark-only"]
    assert "━" not in run_in_terminal(timed.root, "pytest", *wanted, option).see(" passed")


def test_a_file_gets_no_bar(timed):
    result = timed.pytest(*ONLY)
    result.assert_outcomes(passed=6, deselected=1)
    assert "━" not in str(result.stdout)
    result.stdout.fnmatch_lines(["*......*"])


def test_what_can_not_be_loaded_is_left_out(timed):
    timed.answer("return x", before="import nothing_like_that\n")
    result = timed.pytest(*ONLY)
    result.assert_outcomes(passed=4, skipped=2, deselected=1)
    result.stdout.fnmatch_lines(["double: No module named 'nothing_like_that'"])


def test_it_says_once_that_katas_are_not_started(timed, monkeypatch):
    timed.write("katas/numbers/test_halve.py", BENCHMARK.replace("double", "halve"))
    timed.stub.write_text(timed.fresh)
    told = "not started: write {0} in katas/numbers/{0}.py"
    lines = [f"{name}: {told.format(name)}" for name in ("double", "halve")]
    result = timed.pytest(*ONLY[1:], "-q")
    result.stdout.fnmatch_lines(lines, consecutive=True)
    result.stdout.no_fnmatch_line("*more that are*")
    monkeypatch.setattr("dojo.benchrun.LISTED", 1)
    result = timed.pytest(*ONLY[1:], "-q")
    result.stdout.fnmatch_lines([lines[0], "... and 1 more that are not started"], consecutive=True)


def test_a_run_compares_with_the_last_one(timed):
    kept = (*ONLY, "--benchmark-storage=file://.dojo/benchmarks")
    timed.pytest(*kept, "--benchmark-autosave")
    result = timed.pytest(*kept, "--benchmark-compare")
    result.assert_outcomes(passed=6, deselected=1)
    result.stdout.fnmatch_lines_random(["*mine-1000* (NOW) *", "*mine-1000* (0001_*"])


@pytest.mark.filterwarnings("ignore:Benchmark machine_info is different")
def test_a_run_compares_with_the_file_of_another_machine(timed):
    timed.pytest(*ONLY, "--benchmark-json=elsewhere.json")
    file = timed.root / "elsewhere.json"
    found = json.loads(file.read_text(encoding="utf-8"))
    found["machine_info"]["cpu"] = {"brand_raw": "another"}
    file.write_text(json.dumps(found), encoding="utf-8")
    result = timed.pytest(*ONLY, "--benchmark-compare=elsewhere.json")
    result.assert_outcomes(passed=6, deselected=1)
    result.stdout.fnmatch_lines_random(["*reference-10* (NOW) *", "*reference-10* (*elsewhere*"])


@pytest.mark.timeout(300)
def test_no_katas_benchmark_refuses_a_right_answer():
    root = Path(__file__).parent.parent
    command = [sys.executable, "-c", SMALLEST]
    found = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout
    *_, last = found.stdout.splitlines()
    assert " skipped" not in last, found.stdout
    assert int(last.split()[0]) >= 70
