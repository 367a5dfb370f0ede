"""The README is true: its first session, played again, shows what it shows."""

import json
import re
import shutil
import subprocess
import sys
from itertools import groupby
from pathlib import Path

import pytest

from dojo.curriculum import Curriculum
from dojo.stubs import generated

ROOT = Path(__file__).parent.parent

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(sys.platform == "win32", reason="there is no terminal to play it in"),
]


@pytest.fixture
def copy(tmp_path):
    """The katas with the first one untouched, and no journal."""
    for name in ("katas", "solutions"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    for name in ("conftest.py", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    kata = next(iter(Curriculum(tmp_path)))
    kata.stub.write_text(generated(kata), encoding="utf-8")
    return tmp_path


def steps():
    """What the learner does, and the screen that follows, one after the other."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text.partition("### A first session\n")[2].partition("\n### ")[0]
    said = ""
    for is_screen, group in groupby(filter(None, section.split("\n")), is_indented):
        lines = list(group)
        if is_screen:
            yield said, [line.removeprefix("    ") for line in lines]
        said = " ".join(lines)


def is_indented(line):
    return line.startswith("    ")


def timeless(text):
    """Without the time of day and the seconds that a verdict took."""
    return re.sub(r"\d\d:\d\d:\d\d|\d+\.\d\d s", "-", text)


def test_the_first_session_is_as_it_says(copy, watch_in):
    kata = next(iter(Curriculum(copy)))
    terminal, played = None, 0
    for said, screen in steps():
        if terminal is None:
            assert screen.pop(0) == "$ dojo watch"
            terminal = watch_in(copy)
        elif saved := re.search(r"save `(.+?)`", said):
            text = generated(kata).replace("raise NotImplementedError", saved[1])
            kata.stub.write_text(text, encoding="utf-8")
        elif pressed := re.search(r"[Pp]ress `(.)`", said):
            terminal.press(pressed[1])
        seen = timeless(terminal.see(screen[-1]))
        lines = [line.rstrip() for line in seen.replace("\r", "\n").splitlines()]
        for line in screen:
            assert timeless(line) in lines, f"{line!r} is not on the screen:\n{seen}"
        played += 1
    assert played >= 5


def test_the_table_of_races_is_that_of_their_file():
    races = ROOT / "benchmarks" / "races.py"
    file = ROOT / "benchmarks" / "results" / "races_cpu.json"
    command = [sys.executable, str(races), "--table", str(file)]
    table = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert table in (ROOT / "README.md").read_text(encoding="utf-8")


def test_no_reference_is_slower_than_torch_but_where_a_kata_forbids_its_function():
    file = ROOT / "benchmarks" / "results" / "races_cpu.json"
    rows = json.loads(file.read_text(encoding="utf-8"))["rows"]
    largest = {row["benchmark"]: row for row in rows}
    slower = [name for name, row in largest.items() if row.get("times_as_long", 0) > 1.1]
    assert sorted(slower) == ["matrix_product", "reflection_padding", "resize bilinear"]
