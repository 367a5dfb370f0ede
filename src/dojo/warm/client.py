"""The client's side of the warm runner; it knows nothing of torch."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dojo.bars import WIDTH
from dojo.curriculum import Kata
from dojo.errors import UserError
from dojo.judged import Judged, judged_from
from dojo.warm.channel import Channel, Message, wait

STARTING = 120  # seconds that a server may take until it is warm, on an old laptop
_WHERE = "runner.json"
_LOG = "runner.log"
TRIES = 3  # of a run that is lost: it may have met files that were just being changed


def can_be_warm() -> bool:
    """Whether this system can fork, which Windows can't."""
    return hasattr(os, "fork")


@dataclass(frozen=True)
class Request:
    """What is to be judged.

    Attributes:
        kata: Which kata.
        devices: The names of the devices to run on; all for none.
        width: The columns of the report.
        limits: What differs from the usual `Limits`, by name.
        subject: The programs to judge, as pytest's --subject.
        more: What tests of the runner ask for besides.
    """

    kata: Kata
    devices: Sequence[str] = ()
    width: int = WIDTH
    limits: dict[str, float] = field(default_factory=dict)
    subject: str = "mine"
    more: dict[str, Any] = field(default_factory=dict)

    def as_message(self) -> Message:
        """What the supervisor reads."""
        return {
            "kata": self.kata.name,
            "devices": list(self.devices),
            "width": self.width,
            "limits": self.limits,
            "subject": self.subject,
            **self.more,
        }


class Lost(Exception):
    """The other end is gone, or has read files that have changed since: ask once more."""


class Run:
    """One run of one kata: asked for early, told to go when the file is saved.

    Args:
        channel: To a supervisor.
        request: What is to be judged.
    """

    def __init__(self, channel: Channel, request: Request) -> None:
        self.channel = channel
        self.request = request
        self.answer: Message = {}
        self.ended, self.tests = 0, 0  # so far, and in all
        channel.send(request.as_message())

    def go(self) -> None:
        """Judge the file as it is now; if the worker is still getting ready, as soon as it is."""
        self.channel.send({"go": True})

    def take(self) -> Judged | None:
        """Take in what has arrived; return the verdict once it is there.

        Raises:
            Lost: there will be none; a new run may have one.
            UserError: there can be none; the text says why.
        """
        for message in self.channel.arrived():
            match message:
                case {"running": ended, "of": tests}:
                    self.ended, self.tests = ended, tests
                case {"judged": data}:
                    self.answer = message
                    return judged_from(data)
                case {"refused": why}:
                    raise UserError(why)
                case {"stale": _}:
                    raise Lost
        if self.channel.closed:
            raise Lost
        return None

    def wait(self, seconds: float = 1.0) -> None:
        """Wait until something arrives, or the time is over."""
        wait([self.channel], seconds)

    def cancel(self) -> None:
        """End it, whatever it is doing."""
        self.channel.close()


class Runner:
    """The warm runner of a project: one that is up, or one of its own.

    Args:
        root: The top of the project.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._server: subprocess.Popen[bytes] | None = None

    def ask(self, request: Request) -> Run | None:
        """Begin a run with the server that is up; None if none is."""
        connection = self._connected()
        return Run(Channel(connection), request) if connection else None

    def _connected(self) -> socket.socket | None:
        if not can_be_warm():
            return None
        try:
            where = json.loads(self._where.read_text(encoding="utf-8"))
            connection = socket.socket(socket.AF_UNIX)
            connection.connect(where["socket"])
        except (OSError, ValueError, KeyError):
            return None
        return connection

    def start(self) -> None:
        """Start a server, unless one was started that still gets ready; do not wait for it.

        Raises:
            UserError: there is no place for its log.
        """
        if self._server and self._server.poll() is None:
            return
        try:
            self._where.parent.mkdir(exist_ok=True)
            opened = (self.root / ".dojo" / _LOG).open("wb")
        except OSError as error:
            raise UserError(
                f"{error}: the warm runner needs a folder {self._where.parent}"
            ) from None
        with opened as log:
            self._server = subprocess.Popen(
                [sys.executable, "-m", "dojo.warm.server", str(self.root)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the client
            )

    def is_up(self) -> bool:
        """Whether a server answers."""
        connection = self._connected()
        if connection:
            connection.close()
        return connection is not None

    def has_failed(self) -> bool:
        """Whether a server was started that is gone."""
        return self._server is not None and self._server.poll() is not None

    def trouble(self) -> str:
        """What to say when no server answers."""
        log = self.root / ".dojo" / _LOG
        return f"the warm runner failed: {log} may say why; plain pytest works without it"

    def judge(self, request: Request) -> Judged:
        """Judge now, by a server that is started if none is up, and wait for the verdict.

        Raises:
            UserError: there can be no verdict; the text says why.
        """
        deadline = time.monotonic() + STARTING
        lost = 0
        while time.monotonic() < deadline and lost < TRIES:
            run = self.ask(request)
            if run is None:
                self.start()
                time.sleep(0.02)
                continue
            run.go()
            try:
                while (judged := run.take()) is None:
                    run.wait()
                return judged
            except Lost:
                lost += 1
        raise UserError(self.trouble())

    def stop(self) -> None:
        """End the server, if it is one of this runner's."""
        if self._server and self._server.stdin:
            self._server.stdin.close()
            self._server.wait()

    @property
    def _where(self) -> Path:
        return self.root / ".dojo" / _WHERE
