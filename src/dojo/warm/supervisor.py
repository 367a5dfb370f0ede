"""The supervisor: answers one client, by way of one worker whose deadline it holds."""

import contextlib
import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from dojo import devices
from dojo.curriculum import Curriculum, Kata
from dojo.errors import UserError
from dojo.gathered import Gathered
from dojo.journal import Journal
from dojo.results import Outcome, outcome_from
from dojo.standin import NAME as STANDIN
from dojo.subjects import reference
from dojo.verdicts import TIMED_OUT, Verdict
from dojo.warm import endings, worker
from dojo.warm.channel import Channel, Message, pair, wait
from dojo.warm.limits import Limits
from dojo.warm.stamps import Stamps, engine_files, kata_files, stamps_of

TICK = 0.02  # seconds between two looks whether the worker is still alive
TELLING = 0.2  # seconds between two messages on how far it is
COLLECTING = 60  # seconds that a worker may take until it has collected
_PR_SET_CHILD_SUBREAPER = 36


def supervise(client: Channel, curriculum: Curriculum, engine: Stamps, folder: Path) -> None:
    """Judge one kata for a client.

    The client sends a request (see `request_of`), is told "ready" when a worker stands by, and
    sends "go"; it is told "running" with the number of tests that ended, and "judged" or "refused"
    or "stale" at the end. A client that hangs up has the run cancelled.

    Args:
        client: The connection to it.
        curriculum: The katas.
        engine: The stamps of the engine's files, from before they were loaded.
        folder: Where a folder for the run is made, and removed afterwards.
    """
    request = client.receive()
    if request is None:
        return
    _adopt_orphans()
    scratch = Path(tempfile.mkdtemp(prefix="run-", dir=folder))
    try:
        [kata] = curriculum.find(request["kata"])
        read = stamps_of(kata_files(kata, curriculum))
        run = _Run(kata, request, scratch, client)
        try:
            if not run.is_ready(client):
                return
            client.send({"ready": len(run.tests)})
            if not run.is_to_go and client.receive() is None:
                return
            now = stamps_of(kata_files(kata, curriculum)), stamps_of(engine_files(curriculum))
            if now != (read, engine):
                client.send({"stale": True})
                return
            run.judge(client)
            if not client.closed:
                client.send(run.told(Journal(curriculum.root)))
        finally:
            run.end()  # after the answer: it takes a while to take such a process down
    except UserError as error:
        client.send({"refused": str(error)})
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


class _Run:
    """One worker, from its start to its end, whatever that is."""

    def __init__(self, kata: Kata, request: Message, scratch: Path, client: Channel) -> None:
        self.kata = kata
        self.request = request
        self.scratch = scratch
        self.limits = Limits(**request["limits"])
        self.tests: dict[str, dict[str, Any]] = {}
        self.skipped: list[dict[str, Any]] = []
        self.where: dict[str, str] = {}
        self.running = ""
        self.done: set[str] = set()
        self.is_to_go = False  # the client has said so already
        self.finished = False
        self.gathered: Gathered | None = None
        self.devices = devices.present()
        real = set(self.devices) - {"cpu", STANDIN}
        # A process that is forked can't use an accelerator if its parent has, and some drivers can
        # tell that it was forked at all: where there is one, the worker is made afresh.
        fresh = request.get("fresh", bool(real))
        request |= {"root": str(kata.root), "confined": not real}
        self.status: int | None = None
        self.channel, theirs = pair()
        self.pid = _spawned(theirs, request, scratch) if fresh else self._forked(theirs, client)
        theirs.close()
        reference(kata)  # while the worker collects

    def _forked(self, theirs: Channel, client: Channel) -> int:
        pid = os.fork()
        if pid == 0:
            try:
                client.close()
                self.channel.close()
                worker.work(theirs, self.request, self.scratch)
            finally:
                os._exit(1)
        return pid

    def is_ready(self, client: Channel) -> bool:
        """Wait until the worker stands by; false if the client hangs up before.

        Raises:
            UserError: the worker could not collect.
        """
        deadline = time.monotonic() + COLLECTING
        while not client.closed:
            wait([self.channel, client], TICK)
            for message in self.channel.arrived():
                if "collected" in message:
                    self.tests, self.skipped = message["collected"], message["skipped"]
                    self.where = message["where"]
                    return True
                raise UserError(self._output())  # "refused"
            if self._is_dead():  # killed, before any of the learner's code ran
                print(self._output(), file=sys.stderr, flush=True)  # into the server's log
                client.send({"stale": True})
                return False
            if time.monotonic() > deadline:
                raise UserError(f"collecting {self.kata.id} did not end: {self._output()}")
            self.is_to_go |= bool(client.arrived())
        return False

    def judge(self, client: Channel) -> None:
        """Let the worker run, and gather what it says until it has said all, dies or is late."""
        self.gathered = Gathered(self.kata, self.devices)
        for outcome in self.skipped:
            self.gathered.add(outcome_from(outcome), 0.0)
        told = time.monotonic()
        deadline = told + self.limits.seconds
        self.channel.send({"go": True})
        while not self.finished and not client.closed:
            wait([self.channel, client], TICK)
            client.arrived()
            for message in self.channel.arrived():
                self._take(message)
            if self.finished:
                break
            if time.monotonic() > told + TELLING:
                client.send({"running": len(self.done), "of": len(self.tests)})
                told = time.monotonic()
            if self._is_dead():
                for message in self.channel.arrived():
                    self._take(message)
                if not self.finished:
                    self._blame(endings.died(self.status or 0, self.kata, self._trace()))
                break
            if time.monotonic() > deadline:
                trace = self._asked_where()
                numbers = self.limits.seconds, len(self.done), len(self.tests)
                self._blame(endings.stopped(*numbers, self.kata, trace))
                break

    def _take(self, message: Message) -> None:
        assert self.gathered is not None
        match message:
            case {"running": test}:
                self.running = test
            case {"outcome": outcome, "seconds": seconds}:
                self.done.add(self.running)
                outcome.pop("name")
                told = outcome_from(outcome)
                self.gathered.add(told, seconds)
                if told.verdict and told.verdict.text.startswith(TIMED_OUT):
                    self._stop_here()
            case {"done": _}:
                # A program that made pytest leave out tests has not passed them.
                missing = [test for test in self.tests if test not in self.done]
                if missing:
                    self.running = missing[0]
                    self._blame(Verdict("raised", "pytest ended before this test was run"))
                self.finished = True

    def _stop_here(self) -> None:
        """Run no test after one that timed out: the next ones will, too, 10 s each."""
        assert self.gathered is not None
        left = len(self.tests) - len(self.done)
        self.gathered.troubles.append(f"{left} tests were not run after the time-out")
        self.finished = True

    def _blame(self, verdict: Verdict) -> None:
        """Let the running test have failed, by a verdict from outside."""
        assert self.gathered is not None
        test = self.running or next(iter(self.tests))
        verdict = replace(verdict, where=verdict.where or self.where[test])
        fields = self.tests[test] | {"outcome": "failed", "verdict": verdict}
        self.gathered.add(Outcome(**fields), 0.0)

    def told(self, journal: Journal) -> Message:
        """The verdict for the client, once it is in the journal."""
        assert self.gathered is not None
        if self.request["subject"] == "mine":
            self.gathered.note(journal)
        message: Message = {"judged": self.gathered.judged(self.request["width"]).as_data()}
        if self.request.get("outcomes"):
            message["outcomes"] = [
                [o.test, o.case, o.device, o.program, o.outcome]
                for o in self.gathered.result.outcomes
            ]
        return message

    def end(self) -> None:
        """End the worker and all that it has started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        if self.status is None:  # else its number may be another's by now
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)  # had it no time to lead a group of its own
        self.channel.close()
        _end_children()

    def _is_dead(self) -> bool:
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.status = status if pid else None
        return self.status is not None

    def _asked_where(self) -> str:
        """What the worker was doing; it answers even where it is stuck in C."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGUSR1)
        for _ in range(20):
            time.sleep(TICK)
            if trace := self._trace():
                return trace
        return ""

    def _trace(self) -> str:
        return _text(self.scratch / worker.TRACE)

    def _output(self) -> str:
        return _text(self.scratch / worker.OUTPUT).strip()


def _spawned(theirs: Channel, request: Message, scratch: Path) -> int:
    number = theirs.fileno()
    module = [sys.executable, "-m", "dojo.warm.worker", str(number), json.dumps(request)]
    return subprocess.Popen([*module, str(scratch)], pass_fds=[number]).pid


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _adopt_orphans() -> None:
    """Become the parent of what the worker leaves behind, so as to end it; on Linux."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _end_children() -> None:
    """End this process's children, and the orphans that come to it when these are gone."""
    listed = Path(f"/proc/self/task/{os.getpid()}/children")
    while True:
        for pid in map(int, _text(listed).split()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return
