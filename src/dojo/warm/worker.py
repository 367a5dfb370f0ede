"""The worker: one pytest run over one kata, on the learner's code, in a process of its own.

It collects first, and waits for the word to go: a worker that stands by answers faster. It is used
once, so that nothing that the learner's code does to it reaches the next run.
"""

import faulthandler
import json
import linecache
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Generator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from dojo import devices
from dojo.plugin import ELSEWHERE
from dojo.results import KATA, outcome_of
from dojo.stubs import is_untouched
from dojo.subjects import reference
from dojo.warm import landlock, limits
from dojo.warm.channel import Channel, Message

# Loaded by name, for plugins that happen to be installed may cost half a second.
PLUGINS = ("pytest_timeout", "pytest_benchmark.plugin")
OUTPUT, TRACE, TEMPORARY = "output", "trace", "tmp"  # in the scratch folder


def work(channel: Channel, request: Message, scratch: Path) -> None:
    """Run the tests of a kata, and never return.

    Args:
        channel: To the supervisor. Tells "collected" (a failed outcome for each test, in case it
            never ends), "where" (each begins) and "skipped" (the outcomes of those whose device is
            missing), or "refused"; waits for any message; then tells "running", "outcome", "done".
        request: "root", "kata" (its name), "subject", "devices" (names; all for none), "limits"
            (those of `Limits`), "confined" (whether Landlock is to be used).
        scratch: A folder for what is written; somebody else will remove it.
    """
    _settle(scratch)
    arguments = [
        *(word for plugin in PLUGINS for word in ("-p", plugin)),
        *("-p", "no:cacheprovider", "-p", "no:faulthandler", "-q"),
        f"--basetemp={scratch / TEMPORARY / 'pytest'}",
        f"--kata={request['kata']}",
        f"--subject={request['subject']}",
        *(f"--device={name}" for name in request["devices"]),
    ]
    status = pytest.main(arguments, plugins=[_Reporter(channel, request, scratch)])
    sys.stdout.flush()
    sys.stderr.flush()
    channel.send({"refused": int(status)})
    os._exit(0)


def _settle(scratch: Path) -> None:
    """Cut this process off from the terminal, and give it a place to write."""
    os.setsid()
    limits.die_with_parent()
    (scratch / TEMPORARY).mkdir()
    os.environ["TMPDIR"] = str(scratch / TEMPORARY)
    tempfile.tempdir = None
    nothing = os.open(os.devnull, os.O_RDONLY)
    output = os.open(scratch / OUTPUT, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for descriptor, target in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(descriptor, target)
    trace = os.open(scratch / TRACE, os.O_WRONLY | os.O_CREAT)
    faulthandler.enable(trace, all_threads=False)
    faulthandler.register(signal.SIGUSR1, trace, all_threads=False)
    faulthandler.register(signal.SIGTERM, trace, all_threads=False, chain=True)


class _Reporter:
    """The plugin that tells the supervisor what happens, test by test."""

    __name__ = ELSEWHERE  # under which pytest registers it

    def __init__(self, channel: Channel, request: Message, scratch: Path) -> None:
        self.channel = channel
        self.request = request
        self.scratch = scratch
        self.going = False

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, Any, Any]:
        """Say what there is to run, and wait for the word to do so."""
        if not session.testsfailed:  # a file that can't be collected is "refused"
            skipped = [item for item in session.items if _lacks_its_device(item)]
            session.items[:] = [item for item in session.items if item not in skipped]
            katas = {item.stash[KATA] for item in session.items}
            for kata in katas:  # what lies in solutions/ can't be read when the tests run
                reference(kata)
                is_untouched(kata)
                if self.request["subject"] != "mine":
                    linecache.getlines(str(kata.solution))  # some tests read the program's source
            self._confine(session.config.rootpath)
            self.channel.send(
                {
                    "collected": {item.nodeid: _blank(item, "failed") for item in session.items},
                    "where": {item.nodeid: _where(item) for item in session.items},
                    "skipped": [_blank(item, "skipped") for item in skipped],
                }
            )
            if self.channel.receive() is None:
                os._exit(0)
            self.going = True
        return (yield)

    def _confine(self, root: Path) -> None:
        limits.restrict(limits.Limits(**self.request["limits"]))
        if self.request["confined"]:
            writable = (self.scratch, root / ".dojo" / "pictures", Path("/dev"), Path("/proc"))
            landlock.restrict(root / "solutions", writable)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Say which test begins: if it never ends, it is to blame."""
        self.channel.send({"running": nodeid})

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Hand on a test's outcome."""
        if hasattr(report, "dojo"):
            self.channel.send({"outcome": report.dojo, "seconds": report.duration})

    def pytest_sessionfinish(self) -> None:
        """Say that all is said."""
        if self.going:
            self.channel.send({"done": True})


def _lacks_its_device(item: pytest.Item) -> bool:
    """Whether a test is marked to be skipped for that: it takes as long as one that runs."""
    params = item.callspec.params if hasattr(item, "callspec") else {}
    return "device" in params and devices.why_missing(params["device"]) is not None


def _where(item: pytest.Item) -> str:
    """The line on which a test begins."""
    file, line, _ = item.location
    return f"{Path(file).as_posix()}:{(line or 0) + 1}"


def _blank(item: pytest.Item, outcome: str) -> dict[str, Any]:
    return asdict(outcome_of(item, outcome, None))


if __name__ == "__main__":
    request = json.loads(sys.argv[2])
    os.chdir(request["root"])
    work(Channel(socket.socket(fileno=int(sys.argv[1]))), request, Path(sys.argv[3]))
