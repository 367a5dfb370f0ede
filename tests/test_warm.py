"""The warm runner: whatever the code does, there is a verdict, and the next one is right."""

import contextlib
import json
import os
import re
import signal
import sys
import time
from pathlib import Path
from random import Random

import pytest

from dojo.curriculum import Curriculum
from dojo.errors import UserError
from dojo.journal import Journal
from dojo.warm import landlock
from dojo.warm.client import Lost, Request, Runner, can_be_warm

pytestmark = [
    pytest.mark.timeout(60),  # the first starts a server, which imports torch
    pytest.mark.skipif(not can_be_warm(), reason="this system can't fork"),
]
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux alone can do this")
confined = pytest.mark.skipif(landlock.version() < 6, reason="this kernel's Landlock can't do it")

RIGHT = "return 2 * x"
PATTERNS = {
    "squares": ["test_minus_one_becomes_minus_two", "test_three_becomes_six"],
    "drops_the_sign": ["test_minus_one_becomes_minus_two"],
}
KILLS = int(os.environ.get("DOJO_KILLS", "12"))
SOON = {"seconds": 1.0}


@pytest.fixture(scope="module")
def folder(tmp_path_factory, make_folder):
    made = make_folder(tmp_path_factory.mktemp("warm"))
    made.write("solutions/numbers/patterns.json", json.dumps({"double": PATTERNS}))
    return made


@pytest.fixture(scope="module")
def runner(folder):
    runner = Runner(folder.root)
    yield runner
    runner.stop()


@pytest.fixture
def judge(folder, runner):
    """Judge an answer."""

    def run(body, before="", **options):
        folder.answer(body, before)
        kata, _ = Curriculum(folder.root)
        return runner.judge(Request(kata, ["cpu", "standin"], **options))

    yield run
    assert run(RIGHT).verdict == "solved"  # whatever came before
    assert not left_behind()


def left_behind():
    """The processes that still know of this project's scratch folders, but for the server."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"dojo-left-behind" in words:
            found.append(entry)
    return found


def told(judged):
    return "\n".join(text for text, _ in judged.report)


def test_a_right_answer_is_solved(judge, folder):
    judged = judge(RIGHT)
    assert (judged.verdict, judged.passed, judged.failed) == ("solved", 3, 0)
    assert "numbers/double: solved" in told(judged)
    assert Journal(folder.root).attempts()[-1].source == folder.stub.read_text()


def test_a_wrong_answer_has_its_reasons(judge, folder):
    judged = judge("return x * x")
    assert judged.verdict == "failed"
    assert "fails as if: Doubling is squaring." in told(judged)
    why = "\n".join(text for text, _ in judged.why)
    assert "   5  def test_three_becomes_six():" in why
    assert "Doubling is squaring." in why
    attempt = Journal(folder.root).attempts()[-1]
    assert attempt.failing == ("test_three_becomes_six", "test_minus_one_becomes_minus_two")


def test_an_untouched_stub_is_no_attempt(folder, runner):
    folder.stub.write_text(folder.fresh)
    before = len(Journal(folder.root).attempts())
    kata, _ = Curriculum(folder.root)
    judged = runner.judge(Request(kata))
    assert judged.verdict == "not started"
    assert "not started: write double in katas/numbers/double.py" in told(judged)
    assert len(Journal(folder.root).attempts()) == before


# What the code does, and what the verdict says.
ENDINGS = {
    "an endless loop": ("while True: pass", "still running at `while True: pass`"),
    "a loop in C": ("return sum(iter(int, 1))", "still running at `return sum(iter(int, 1))`"),
    "a loop at import": ("return 1", "no test can run", "while True: pass\n"),
    "sys.exit": ("import sys; sys.exit(3)", "sys.exit(3) was called"),
    "os._exit": ("import os; os._exit(0)", "os._exit(0) was called"),
    "os._exit at import": ("return 1", "os._exit(0) was called", "import os; os._exit(0)\n"),
    "a segmentation fault": ("import ctypes; ctypes.string_at(0)", "segmentation fault"),
    "abort": ("import os; os.abort()", "aborted"),
    "a kill": ("import os; os.kill(os.getpid(), 9)", "killed: by hand"),
    "another signal": ("import os; os.kill(os.getpid(), 15)", "ended by signal 15"),
    "an exit in C": ("import ctypes; ctypes.CDLL(None).exit(7)", "exit code 7"),
    "an interrupt": ("raise KeyboardInterrupt", "ended before this test was run"),
    "pytest's exit": ("import pytest; pytest.exit('x')", "ended before this test was run"),
    "input": ("return int(input())", "reading from stdin"),
    "output": ("while True: print('x' * 1000)", "more than 1,000,000 characters"),
    "a file without end": (
        "import os\n    while True: os.write(1, bytes(10**5))",
        "File too large",
    ),
    "memory": (
        "rows = []\n    while True: rows.append(bytearray(10**7))",
        "MemoryError",
    ),
    "memory by torch": ("import torch; return torch.ones(10**9)", "can't allocate memory"),
    "closed files": ("import os; os.closerange(3, 256); return 0", "exit code"),
    "a patched torch": (
        "import torch; torch.equal = max; return 0",
        "the code replaces torch.equal, by which tests judge",
    ),
    "a patched torch at import": (
        RIGHT,
        "the code replaces torch.testing.assert_close, by which tests judge",
        "import torch.testing; torch.testing.assert_close = print\n",
    ),
    "a patched pytest": (
        "import pytest; pytest.raises = max; return 2 * x",
        "the code replaces pytest.raises, by which tests judge",
    ),
    "a patched abs": (
        "import builtins; builtins.abs = int; return 2 * x",
        "the code replaces builtins.abs, by which tests judge",
    ),
}


@pytest.mark.parametrize("name", ENDINGS)
def test_it_ends_with_its_cause(judge, name):
    if name == "memory" and sys.platform != "linux":
        pytest.skip("Linux alone limits what malloc gives")
    body, cause, *before = ENDINGS[name]
    limits = {"seconds": 3.0, "memory": 500_000_000, "file": 1_000_000}
    judged = judge(body, *before, limits=limits | SOON if "loop" in name else limits)
    assert judged.verdict == "failed"
    assert cause in told(judged).replace("\n      ", " ")
    assert re.search(r"katas/numbers/(test_)?double.py:\d", told(judged)) or "replaces" in cause


def test_a_loop_is_stopped_in_time(judge):
    start = time.monotonic()
    judged = judge("while True: pass", limits={"seconds": 0.5})
    assert "the 0.5 s for all tests were over after 0 of 3" in told(judged)
    # No absolute time is asserted, but this one is the promise; it leaves plenty of room.
    assert time.monotonic() - start < 30


@on_linux
@pytest.mark.parametrize(
    "leave",
    [
        "subprocess.Popen(command)",
        "subprocess.Popen(command, start_new_session=True)",
        "os.fork() or os.fork() or os.setsid() or os.execvp(command[0], command)",
        "[os.fork() or os.execvp(command[0], command) for _ in range(5)]",
        "os.fork() or os.execvp(command[0], command); os.abort()",
    ],
)
def test_no_process_is_left_behind(judge, leave):
    lines = (
        "import os, subprocess, sys",
        "command = [sys.executable, '-c', 'import time; time.sleep(100)', 'dojo-left-behind']",
        leave,
        RIGHT,
    )
    judged = judge("\n    ".join(lines))
    assert judged.verdict == ("failed" if "abort" in leave else "solved")
    deadline = time.monotonic() + 10  # they are ended after the answer
    while left_behind() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not left_behind()


def test_a_thread_that_never_ends_is_no_obstacle(judge):
    judged = judge(
        f"import threading, time; threading.Thread(target=time.sleep, args=(99,)).start(); {RIGHT}"
    )
    assert judged.verdict == "solved"


@confined
@pytest.mark.parametrize(
    "deed",
    [
        "open('solutions/numbers/double.py').read()",
        "open('made_here.txt', 'w')",
        "open(__file__, 'a')",
        "os.remove('pytest.ini')",
        "os.rename('pytest.ini', 'pytest.old')",
        "os.kill(os.getppid(), 9)",
        "socket.create_connection(('127.0.0.1', 9))",
        "socket.create_server(('127.0.0.1', 0))",
        "subprocess.run(['cat', 'solutions/numbers/double.py'], check=True)",
    ],
)
def test_what_is_none_of_its_business_is_denied(judge, folder, deed):
    assert judge(f"import os, socket, subprocess; {deed}; {RIGHT}").verdict == "failed"
    judged = judge(
        f"import os, socket, subprocess\n    try:\n        {deed}\n"
        f"    except (PermissionError, subprocess.CalledProcessError):\n        {RIGHT}"
    )
    assert judged.verdict == "solved"
    assert (folder.root / "pytest.ini").exists()


@confined
def test_what_a_program_needs_is_allowed(judge):
    lines = (
        "import os, subprocess, sys, tempfile, torch",
        "open('/dev/null', 'w').write('x')",
        "tempfile.TemporaryFile().write(b'x')",
        "assert os.listdir('.') and open('pytest.ini').read()",
        "subprocess.run([sys.executable, '-c', 'import torch'], check=True)",
        "data = torch.utils.data.DataLoader([1, 2], num_workers=1)",
        "assert len(list(data)) == 2",
        RIGHT,
    )
    assert judge("\n    ".join(lines)).verdict == "solved"


def test_a_test_that_changed_is_read_again(judge, folder):
    tests = folder.root / "katas/numbers/test_double.py"
    try:
        tests.write_text(folder.TESTS + "\n\ndef test_nothing():\n    assert double(0) == 1\n")
        assert judge(RIGHT).failed == 1
    finally:
        tests.write_text(folder.TESTS)


def test_a_solution_that_changed_is_read_again(judge, folder):
    solution = folder.root / "solutions/numbers/double.py"
    before = solution.read_text()
    try:
        solution.write_text(before.replace("Doubling is squaring.", "Squares are doubles."))
        assert "fails as if: Squares are doubles." in told(judge("return x * x"))
    finally:
        solution.write_text(before)


def test_what_changed_while_a_run_stood_by_is_noticed(folder, runner):
    folder.answer(RIGHT)
    kata, _ = Curriculum(folder.root)
    runner.judge(Request(kata))
    run = runner.ask(Request(kata))
    run.wait(10)
    assert run.take() is None  # it stands by
    tests = folder.root / "katas/numbers/test_double.py"
    os.utime(tests, ns=(1, 1))
    run.go()
    run.wait(10)
    with pytest.raises(Lost):
        run.take()


def test_the_server_is_started_anew_when_the_engine_changed(judge, folder):
    def pid():
        return json.loads((folder.root / ".dojo/runner.json").read_text())["pid"]

    judge(RIGHT)
    before = pid()
    judge(RIGHT)
    assert pid() == before
    os.utime(folder.root / "pytest.ini", ns=(1, 1))
    assert judge(RIGHT).verdict == "solved"
    assert pid() != before


def test_a_test_file_that_cannot_be_collected_is_said(judge, folder):
    tests = folder.root / "katas/numbers/test_double.py"
    try:
        tests.write_text("def test_(:")
        with pytest.raises(UserError, match="SyntaxError"):
            judge(RIGHT)
    finally:
        tests.write_text(folder.TESTS)


def test_a_device_that_is_not_there_is_said(folder, runner):
    kata, _ = Curriculum(folder.root)
    with pytest.raises(UserError, match="--device=abacus: there is cpu"):
        runner.judge(Request(kata, ["abacus"]))


@on_linux
def test_the_clock_of_races_runs_smoothly(judge):
    # Under RLIMIT_CPU it moves every 4 ms only, and a race divides by zero.
    lines = (
        "import time",
        "for _ in range(200):",
        "    start = time.process_time()",
        "    sum(range(10_000))",
        "    assert time.process_time() > start",
        RIGHT,
    )
    assert judge("\n    ".join(lines)).verdict == "solved"


@on_linux
def test_the_worker_ends_with_its_supervisor(folder, runner):
    folder.answer(
        "import os, time; open(os.environ['TMPDIR'] + '/pids', 'w')"
        ".write(f'{os.getpid()} {os.getppid()}'); time.sleep(100)"
    )
    kata, _ = Curriculum(folder.root)
    run = runner.ask(Request(kata))
    run.go()
    deadline = time.monotonic() + 20
    while not (files := [file for run in scratch_of(folder) for file in run.glob("tmp/pids")]):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(0.1)
    worker, supervisor = map(int, files[0].read_text().split())
    os.kill(supervisor, signal.SIGKILL)
    while Path(f"/proc/{worker}/exe").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    with pytest.raises(Lost):
        run.take()


@on_linux
@pytest.mark.timeout(600)
def test_no_kill_loses_an_attempt_that_was_reported(folder, runner):
    # The supervisor, which writes, the worker or the server: whichever it meets.
    kata, _ = Curriculum(folder.root)
    runner.judge(Request(kata))
    random, reported = Random(2), []
    for number in range(KILLS):
        folder.answer(f"return 2 * x + 0 * {number}")
        run = runner.ask(Request(kata))
        if run is None:
            runner.judge(Request(kata))  # starts a new server
            run = runner.ask(Request(kata))
        run.go()
        server = json.loads((folder.root / ".dojo/runner.json").read_text())["pid"]
        time.sleep(random.uniform(0, 0.5))
        below = [pid for child in children_of(server) for pid in (child, *children_of(child))]
        victims = [server] if random.random() < 0.1 else below
        if victims:
            with contextlib.suppress(ProcessLookupError):
                os.kill(random.choice(victims), signal.SIGKILL)
        with contextlib.suppress(Lost, UserError):
            while (judged := run.take()) is None:
                run.wait()
            if not judged.troubles:
                reported.append(folder.stub.read_text())
        noted = {attempt.source for attempt in Journal(folder.root).attempts()}
        assert noted.issuperset(reported)
    assert reported, "all were killed before they were reported"
    assert not list((folder.root / ".dojo").glob("journal_set_aside*"))


def children_of(pid):
    with contextlib.suppress(OSError):
        return [*map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]
    return []


def test_a_run_that_is_cancelled_ends(folder, runner):
    folder.answer(
        "import subprocess, sys; subprocess.run([sys.executable, '-c', "
        "'import time; time.sleep(100)', 'dojo-left-behind'])"
    )
    kata, _ = Curriculum(folder.root)
    before = len(Journal(folder.root).attempts())
    run = runner.ask(Request(kata))
    run.go()
    deadline = time.monotonic() + 20
    while not left_behind() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert left_behind()
    run.cancel()
    while left_behind() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not left_behind()
    assert len(Journal(folder.root).attempts()) == before


def test_two_run_at_once(folder, runner):
    folder.answer(RIGHT)
    katas = list(Curriculum(folder.root))
    runs = [runner.ask(Request(kata)) for kata in katas for _ in range(2)]
    for run in runs:
        run.go()
    verdicts = []
    for run in runs:
        while (judged := run.take()) is None:
            run.wait()
        verdicts.append(judged.verdict)
    assert verdicts == ["solved", "solved", "not started", "not started"]


def test_with_a_real_accelerator_the_worker_is_made_afresh(judge):
    # As it is done where there is one.
    assert judge(RIGHT, more={"fresh": True}).verdict == "solved"
    judged = judge("while True: pass", more={"fresh": True}, limits=SOON)
    assert "still running at `while True: pass`" in told(judged)


def test_scratch_folders_go(judge, folder):
    judge(RIGHT)
    before = set(scratch_of(folder))  # a supervisor that was killed leaves one, until the end
    judge(RIGHT)
    deadline = time.monotonic() + 10
    while set(scratch_of(folder)) - before and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not set(scratch_of(folder)) - before


def scratch_of(folder):
    """The folders of the runs that are going on."""
    where = json.loads((folder.root / ".dojo/runner.json").read_text())["socket"]
    return [*Path(where).parent.glob("run-*")]


def test_a_server_that_was_killed_leaves_nothing_for_long(tmp_path, make_folder):
    folder = make_folder(tmp_path)
    kata, _ = Curriculum(folder.root)
    first, second = Runner(folder.root), Runner(folder.root)
    first.judge(Request(kata))
    told = json.loads((folder.root / ".dojo/runner.json").read_text())
    os.kill(told["pid"], signal.SIGKILL)
    first.stop()
    assert Path(told["socket"]).exists()
    second.judge(Request(kata))
    assert not Path(told["socket"]).parent.exists()
    second.stop()


def test_the_server_ends_with_its_owner(tmp_path, make_folder):
    folder = make_folder(tmp_path)
    runner = Runner(folder.root)
    kata, _ = Curriculum(folder.root)
    runner.judge(Request(kata))
    assert runner.is_up()
    where = Path(json.loads((folder.root / ".dojo/runner.json").read_text())["socket"]).parent
    runner.stop()
    assert not runner.is_up()
    assert not where.exists()
    assert not (folder.root / ".dojo/runner.json").exists()


def test_without_a_place_to_write_it_says_so(tmp_path, make_folder):
    folder = make_folder(tmp_path)
    (folder.root / ".dojo").write_text("no folder")
    kata, _ = Curriculum(folder.root)
    with pytest.raises(UserError, match="the warm runner needs a folder"):
        Runner(folder.root).judge(Request(kata))
