"""What an answer costs beside the reference."""

import json
import subprocess
import sys

import pytest

pytest_plugins = ["pytester"]

TESTS = """
import torch
from katas.numbers.double import double


def test_a_thousand_become_their_doubles():
    for _ in range(3):
        x = torch.ones(1000)
        assert torch.equal(double(x), x + x)


def test_beats_the_loop(race):
    drawn = lambda: (torch.rand(10_000),)
    race(lambda x: torch.stack([2 * one for one in x]), double, drawn, at_least=2)
"""


@pytest.fixture
def costs(project):
    """Measure an answer; the reference is one operation, 2 * x."""
    project.write("katas/numbers/test_double.py", TESTS)

    def measured(body):
        project.answer(body, before="import torch\n")
        command = [sys.executable, "-m", "dojo.measure", str(project.root), "double"]
        done = subprocess.run(
            command, cwd=project.root, capture_output=True, text=True, check=True, timeout=60
        )
        return json.loads(done.stdout.splitlines()[-1])

    return measured


@pytest.mark.timeout(120)
def test_the_tests_calls_are_metered_on_both_sides(costs):
    found = costs("return ((2 * x + 1) - 1).clone()")
    mine, reference = (found["costs"]["double"][side] for side in ("mine", "reference"))
    assert mine["calls"] == reference["calls"] == 3, "the race's calls are not among them"
    assert mine["operations"] == 3 * 4
    assert reference["operations"] == 3 * 1
    assert 3.5 < mine["memory"] / 4000 < 6, "four tensors of 4,000 bytes, and some objects"
    assert 0.9 < reference["memory"] / 4000 < 3
    assert mine["seconds"] > reference["seconds"] > 0


@pytest.mark.timeout(120)
def test_the_two_are_raced(costs):
    [(ratio, low, high)] = costs("return (2 * x).sort().values * 0 + 2 * x")["races"].values()
    assert low <= ratio <= high < 0.5, "sorting takes many times as long"


@pytest.mark.timeout(120)
def test_what_calls_itself_counts_once(costs):
    found = costs("return 2 * x if len(x) < 2 else torch.cat([double(x[:1]), 2 * x[1:]])")
    assert found["costs"]["double"]["mine"]["calls"] == 3
