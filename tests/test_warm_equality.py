"""The warm runner says what plain pytest says, test by test.

On one kata of each chapter, the wrong answers of three of these; with DOJO_WARM=all, as `nox -s
warm` sets it, on all of them.
"""

import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from dojo.curriculum import Curriculum
from dojo.warm.client import Request, Runner, can_be_warm

ROOT = Path(__file__).parent.parent
CURRICULUM = Curriculum(ROOT)
EVERY = os.environ.get("DOJO_WARM") == "all"

# Plain pytest, with a plugin that writes each outcome down.
PLAIN = """
import json, sys
import pytest

class Plugin:
    outcomes = []

    def pytest_runtest_logreport(self, report):
        if hasattr(report, "dojo"):
            told = report.dojo
            fields = ("test", "case", "device", "program", "outcome")
            self.outcomes.append([told["name"], *(told[field] for field in fields)])

pytest.main(["-q", "--tb=no", "-p", "no:cacheprovider", *sys.argv[2:]], plugins=[Plugin()])
open(sys.argv[1], "w").write(json.dumps(Plugin.outcomes))
"""

pytestmark = [
    pytest.mark.timeout(3600 if EVERY else 300),
    pytest.mark.skipif(not can_be_warm(), reason="this system can't fork"),
]


@pytest.fixture(scope="module")
def runner():
    runner = Runner(ROOT)
    runner.judge(Request(next(iter(CURRICULUM))))
    yield runner
    runner.stop()


@pytest.mark.parametrize("subject", ["stubs", "solutions", "misconceptions"])
def test_the_warm_runner_agrees_with_plain_pytest(runner, subject, tmp_path):
    how_many = None if EVERY else 1
    katas = [kata for chapter in CURRICULUM.chapters for kata in chapter.katas[:how_many]]
    if subject == "misconceptions" and not EVERY:
        katas = katas[1::3]
    file = tmp_path / "outcomes.json"
    command = [sys.executable, "-c", PLAIN, str(file), f"--subject={subject}"]
    chosen = [f"--kata={kata.name}" for kata in katas]
    with (tmp_path / "output").open("w") as output:
        subprocess.run([*command, *chosen], cwd=ROOT, stdout=output, check=True)
    plain = defaultdict(list)
    for name, *outcome in json.loads(file.read_text()):
        plain[name].append(outcome)

    assert set(plain) == {kata.name for kata in katas}
    for kata in katas:
        request = Request(kata, subject=subject, limits={"seconds": 300}, more={"outcomes": True})
        run = runner.ask(request)
        run.go()
        while (judged := run.take()) is None:
            run.wait()
        warm = run.answer["outcomes"]
        assert sorted(warm) == sorted(plain[kata.name]), kata.id
        assert judged.passed + judged.failed + judged.skipped == len(warm)
