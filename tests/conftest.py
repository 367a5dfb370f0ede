"""A small project of one chapter and two katas, for tests of the engine."""

import os
import re
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dojo import stubs
from dojo.curriculum import Curriculum

CURRICULUM = """
[numbers]
title = "Numbers"

[numbers.katas]
double = ["X01"]
halve = ["X02"]
"""

SOLUTION = '''"""How do you double a number?"""

from dojo import alternative, misconception

__all__ = ["double"]


def double(x: int) -> int:
    """Return twice x."""
    return 2 * x


HINTS = ("Two.", "Times.", "2 * x")
ANSWER = "Twice."


@alternative
def adds(x):
    return x + x


@misconception(caught_by="test_three_becomes_six")
def squares(x):
    "Doubling is squaring."
    return x * x


@misconception(caught_by="test_minus_one_becomes_minus_two")
def drops_the_sign(x):
    "Twice as much is never less than nothing."
    return abs(2 * x)


@misconception(caught_by=("test_minus_one_becomes_minus_two", "test_three_becomes_six"))
def forgets(x):
    "A number is its own double."
    return x
'''

TESTS = """
from katas.numbers.double import double


def test_three_becomes_six():
    assert double(3) == 6, f"expected 6, got {double(3)}: 9 would mean a square"


def test_minus_one_becomes_minus_two():
    assert double(-1) == -2, f"expected -2, got {double(-1)}"


def test_two_becomes_four():
    assert double(2) == 4, f"expected 4, got {double(2)}"
"""

CONFIG = """
[pytest]
testpaths = katas
addopts = --import-mode=importlib --no-header -p dojo.plugin
timeout = 10
"""


class Folder:
    """The small project's files."""

    TESTS = TESTS

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("pytest.ini", CONFIG)
        self.write("katas/curriculum.toml", CURRICULUM)
        for name in ("double", "halve"):
            self.write(f"solutions/numbers/{name}.py", SOLUTION.replace("double", name))
            self.write(f"katas/numbers/test_{name}.py", TESTS.replace("double", name))
        self.stub = self.root / "katas/numbers/double.py"
        for _ in stubs.write(Curriculum(self.root), overwrite=False):
            pass
        self.fresh = self.stub.read_text(encoding="utf-8")

    def write(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def answer(self, body: str, before: str = "") -> None:
        """Write the body of the stub, and what is to stand before all of it."""
        text = before + self.fresh.replace("raise NotImplementedError", body)
        self.stub.write_text(text, encoding="utf-8")


@pytest.fixture(scope="session")
def make_folder() -> type[Folder]:
    """The class, for test files to make projects of their own."""
    return Folder


class Project(Folder):
    """The small project, and pytest run in it."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        super().__init__(Path(pytester.path))
        self.pytester = pytester

    def pytest(self, *args: str) -> pytest.RunResult:
        return self.pytester.runpytest_inprocess("-p", "no:randomly", *args)


@pytest.fixture
def project(pytester: pytest.Pytester) -> Project:
    return Project(pytester)


class Terminal:
    """A pseudo-terminal of 80 columns with a Python module in it, run as a program."""

    PATIENCE = 60  # seconds for what should take one; on a machine that is busy with other things

    def __init__(self, root: Path, module: str, *arguments: str) -> None:
        import fcntl
        import pty
        import struct
        import termios

        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 80, 0, 0))
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        environment = os.environ | {"TERM": "xterm", "PYTHONIOENCODING": "utf-8"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=root,
            env=environment,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        self.text = ""

    def see(self, *wanted):
        """Wait until all of these came since the last look; return what came."""
        deadline = time.monotonic() + self.PATIENCE
        while not all(word in self.text for word in wanted):
            assert time.monotonic() < deadline, f"no {wanted} in {self.text[-1500:]}"
            if select.select([self.master], [], [], 0.1)[0]:
                data = os.read(self.master, 65536).decode(errors="replace")
                self.text += re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", data)
        seen, self.text = self.text, ""
        return seen

    def press(self, keys):
        os.write(self.master, keys.encode())

    def ends(self):
        return self.process.wait(self.PATIENCE)


@pytest.fixture
def run_in_terminal():
    """Call it with a folder, a module and arguments to run that in a pseudo-terminal."""
    opened = []

    def start(root: Path, module: str, *arguments: str) -> Terminal:
        opened.append(Terminal(root, module, *arguments))
        return opened[-1]

    yield start
    for one in opened:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()
        os.close(one.master)
        os.close(one.slave)


@pytest.fixture
def watch_in(run_in_terminal):
    """Call it with a folder and arguments to start `dojo watch` there."""
    return lambda root, *arguments: run_in_terminal(root, "dojo", "watch", *arguments)
