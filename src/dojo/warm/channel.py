"""Messages between processes: JSON, a line each, over a socket."""

import json
import select
import socket
from collections import deque
from collections.abc import Sequence
from typing import Any

Message = dict[str, Any]


class Channel:
    """One end of a connection.

    Attributes:
        closed: Whether the other end is gone; what it said before may still be waiting.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._rest = b""
        self._waiting: deque[Message] = deque()
        self.closed = False

    def fileno(self) -> int:
        """What select() asks for."""
        return self._socket.fileno()

    def send(self, message: Message) -> None:
        """Send; a message to an end that is gone is lost, and the channel closed."""
        try:
            self._socket.sendall(json.dumps(message).encode() + b"\n")
        except OSError:
            self.closed = True

    def receive(self) -> Message | None:
        """Wait for the next message; None if the other end is gone."""
        while not self._waiting and not self.closed:
            self._read()
        return self._waiting.popleft() if self._waiting else None

    def arrived(self) -> list[Message]:
        """What has arrived by now, without waiting."""
        while not self.closed and select.select([self], [], [], 0)[0]:
            self._read()
        messages = list(self._waiting)
        self._waiting.clear()
        return messages

    def close(self) -> None:
        """Hang up."""
        self.closed = True
        self._socket.close()

    def _read(self) -> None:
        try:
            data = self._socket.recv(1 << 16)
            *lines, self._rest = (self._rest + data).split(b"\n")
            self._waiting += map(json.loads, lines)
        except (OSError, ValueError):
            data = b""
        self.closed = not data


def pair() -> tuple[Channel, Channel]:
    """Two ends of one connection."""
    left, right = socket.socketpair()
    return Channel(left), Channel(right)


def wait(channels: Sequence[Channel], seconds: float) -> None:
    """Wait until one of the channels has something to say, or the time is over."""
    select.select([channel for channel in channels if not channel.closed], [], [], max(seconds, 0))
