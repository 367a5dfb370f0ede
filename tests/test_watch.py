"""`dojo watch`, in a terminal of its own: saves and keys go in, screens come out."""

import select
import shutil
import signal
import subprocess
import sys
import termios
import time
from types import SimpleNamespace

import pytest

from dojo.copies import newest_copy
from dojo.curriculum import Curriculum
from dojo.journal import Journal
from dojo.saves import Saves

pytestmark = pytest.mark.timeout(120)  # each starts a server, which imports torch

PATIENCE = 60  # seconds for what should take one; on a machine that is busy with other things
RIGHT, WRONG = "return 2 * x", "return x * x"


@pytest.fixture
def terminal(tmp_path, make_folder, watch_in):
    folder = make_folder(tmp_path)

    def start(*arguments):
        return watch_in(folder.root, *arguments)

    start.folder = folder
    return start


def test_each_save_is_judged_and_success_stays(terminal):
    watch = terminal("double")
    folder = terminal.folder
    watch.see("warming up")
    watch.see("not started: write double in katas/numbers/double.py", "q quit")
    folder.answer(WRONG)
    seen = watch.see("2 of 3 claims fail", "judged in", "q quit")
    assert "How do you double a number?" in seen
    # An editor that writes another file, and renames it.
    other = folder.root / "katas/numbers/.double.py.swp"
    folder.answer(RIGHT)
    text = folder.stub.read_text()
    folder.stub.write_text("")
    watch.see("no test can run", "q quit")
    other.write_text(text)
    other.replace(folder.stub)
    watch.see("numbers/double: solved", "1 of 2 in numbers; n goes on to numbers/halve", "q quit")
    folder.answer("return 1")
    watch.see("3 of 3 claims fail", "q quit")
    verdicts = [attempt.verdict for attempt in Journal(folder.root).attempts()]
    assert verdicts == ["failed", "failed", "solved", "failed"]
    watch.press("q")
    assert watch.ends() == 0
    assert termios.tcgetattr(watch.slave) == watch.before


def test_keys(terminal):
    folder = terminal.folder
    folder.answer(WRONG)
    watch = terminal("double")
    watch.see("2 of 3 claims fail", "q quit")
    watch.press("h")
    watch.see("hint 1 of 3", "Two.", "q quit")
    watch.press("hh")
    watch.see("hint 2 of 3", "hint 3 of 3", "2 * x", "q quit")
    watch.press("w")
    watch.see("the test that claims it", "def test_three_becomes_six", "what to look at", "q quit")
    watch.press("d")
    watch.see("numbers/double is not solved yet", "q quit")
    watch.press("x")  # any other key shows the verdict again
    watch.see("2 of 3 claims fail", "q quit")
    watch.press("\x1b[A")  # an arrow is none
    watch.press("l")
    watch.see("numbers/halve", "untouched", "0 of 2", "q quit")
    watch.press("r")
    watch.see("any other key no")
    watch.press("n")
    watch.see("2 of 3 claims fail", "q quit")
    watch.press("r")
    watch.see("any other key no")
    watch.press("y")
    watch.see("the old one is kept as", "not started", "q quit")
    kata, _ = Curriculum(folder.root)
    assert WRONG in newest_copy(kata).read_text()
    watch.press("r")
    watch.see("nothing to reset")
    folder.answer(RIGHT)
    watch.see("solved", "q quit")
    watch.press("d")
    watch.see("return 2 * x", "solutions/numbers/double.py", "operations of torch's", "q quit")
    watch.press("n")
    watch.see("katas/numbers/halve.py", "not started", "q quit")
    watch.press("q")
    assert watch.ends() == 0
    assert Journal(folder.root).hints_used() == {"numbers/double": 3}


def test_a_save_during_a_run_cancels_it(terminal):
    folder = terminal.folder
    folder.answer("while True: pass")
    watch = terminal("double")
    watch.see("judging", "0 of 3")
    folder.answer(RIGHT)
    watch.see("numbers/double: solved", "q quit")
    [attempt] = Journal(folder.root).attempts()
    assert attempt.verdict == "solved"


def test_an_endless_loop_is_a_verdict(terminal):
    terminal.folder.answer("while True: pass")
    watch = terminal("double", "--seconds=1")
    watch.see("the 1 s for all tests were over", "still running at `while True: pass`", "q quit")


def test_the_first_time_out_ends_the_run(terminal):
    ini = terminal.folder.root / "pytest.ini"
    ini.write_text(ini.read_text().replace("timeout = 10", "timeout = 1"))
    terminal.folder.answer("while True: pass")
    watch = terminal("double")
    watch.see("time-out: stopped after 1.0 s", "2 tests were not run after the time-out", "q quit")


def test_ctrl_c_ends_it_and_the_server(terminal):
    watch = terminal("double")
    watch.see("not started", "q quit")
    assert (terminal.folder.root / ".dojo/runner.json").exists()
    watch.press("\x03")
    assert watch.ends() == 0
    assert not (terminal.folder.root / ".dojo/runner.json").exists()
    assert termios.tcgetattr(watch.slave) == watch.before


def test_the_server_ends_when_its_watch_is_killed(terminal):
    watch = terminal("double")
    watch.see("not started", "q quit")
    watch.process.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE
    while (terminal.folder.root / ".dojo/runner.json").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_second_command_uses_the_runner_that_is_up(terminal):
    folder = terminal.folder
    watch = terminal("double")
    watch.see("not started", "q quit")
    folder.answer(WRONG)
    watch.see("2 of 3 claims fail", "q quit")
    command = [sys.executable, "-X", "importtime", "-m", "dojo", "test", "double"]
    done = subprocess.run(command, cwd=folder.root, capture_output=True, text=True)
    assert done.returncode == 1
    assert "numbers/double: 2 of 3 claims fail" in done.stdout
    assert "2 failed, 1 passed in" in done.stdout
    assert "torch" not in done.stderr
    why = subprocess.run([*command[:4], "dojo", "why", "double"], **_in(folder))
    assert "the test that claims it" in why.stdout
    assert len(Journal(folder.root).attempts()) == 3


def _in(folder):
    return {"cwd": folder.root, "capture_output": True, "text": True}


def test_without_a_runner_why_asks_pytest(terminal):
    folder = terminal.folder
    folder.answer(WRONG)
    done = subprocess.run([sys.executable, "-m", "dojo", "why", "double"], **_in(folder))
    assert "numbers/double fails first at" in done.stdout
    assert "def test_three_becomes_six" in done.stdout
    assert done.returncode == 0


def test_a_device_that_is_not_there_is_said_once(terminal):
    watch = terminal("double", "--device=abacus")
    seen = watch.see("--device=abacus: there is cpu", "q quit")
    time.sleep(1)
    watch.press("q")
    assert watch.ends() == 0
    assert seen.count("abacus") == 1


def test_where_no_terminal_is_it_tells_each_verdict(tmp_path, make_folder):
    folder = make_folder(tmp_path)
    folder.answer(WRONG)
    command = [sys.executable, "-m", "dojo", "watch", "double"]
    with subprocess.Popen(
        command, cwd=folder.root, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
    ) as process:
        lines = []
        for line in process.stdout:
            lines.append(line.rstrip())
            if "judged in" in line:
                break
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
    assert "numbers/double: 2 of 3 claims fail" in lines
    assert "\x1b" not in "".join(lines)
    assert "q quit" not in rest


def test_where_the_system_cannot_fork_it_runs_cold(terminal, monkeypatch):
    # As on Windows, where there is no os.fork.
    site = terminal.folder.root / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text("import os; del os.fork")
    monkeypatch.setenv("PYTHONPATH", str(site))
    terminal.folder.answer(WRONG)
    watch = terminal("double")
    watch.see("can't fork", "2 of 3 claims fail", "q quit")
    terminal.folder.answer(RIGHT)
    watch.see("solved", "q quit")
    watch.press("q")
    assert watch.ends() == 0


@pytest.fixture
def saves(tmp_path):
    file = tmp_path / "answer.py"
    file.write_text("1")
    with Saves(file) as saves:
        yield SimpleNamespace(file=file, saves=saves)


def wait_for(saves, seconds=10):
    return bool(select.select([saves], [], [], seconds)[0])


def test_events_arrive(saves):
    assert not saves.saves.come_in()
    saves.file.write_text("22")
    assert wait_for(saves.saves)
    assert saves.saves.come_in()
    assert not saves.saves.come_in()


def test_other_files_are_none_of_its_business(saves):
    (saves.file.parent / "other.py").write_text("1")
    assert not wait_for(saves.saves, 0.3)
    assert not saves.saves.come_in()


def test_where_no_events_arrive_a_look_finds_the_save(tmp_path):
    file = tmp_path / "answer.py"
    file.write_text("1")
    saves = Saves(file)  # and nobody watches
    assert not saves.come_in()
    file.write_text("22")
    assert saves.come_in()


SLOW_EDITOR = """
import sys, time
file = open(sys.argv[1], "w", buffering=1)
print("begun", flush=True)
for n in range(10):
    print(n, file=file)
    time.sleep(0.002)
"""


def test_it_waits_until_the_editor_is_done(tmp_path):
    file = tmp_path / "answer.py"
    file.write_text("1")
    saves = Saves(file)
    writer = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time\nf = open(sys.argv[1], 'w', buffering=1)\n"
            "print('begun', flush=True)\nfor n in range(10): print(n, file=f); time.sleep(0.002)",
            file,
        ],
        stdout=subprocess.PIPE,
    )
    writer.stdout.readline()
    assert saves.come_in()
    writer.wait()
    writer.stdout.close()
    assert file.read_text().startswith("0\n")


def test_a_file_that_is_replaced_counts_though_it_is_the_same(saves):
    other = saves.file.with_name("other")
    shutil.copy2(saves.file, other)
    other.replace(saves.file)
    assert wait_for(saves.saves)
    assert saves.saves.come_in()


def test_a_file_that_is_gone_for_good_is_a_change(tmp_path):
    file = tmp_path / "answer.py"
    file.write_text("1")
    saves = Saves(file)
    file.unlink()
    assert saves.come_in()
    assert not saves.come_in()
