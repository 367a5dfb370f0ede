"""Single keys from the terminal, without Enter."""

import os
import re
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager

if sys.platform == "win32":
    import msvcrt
else:
    import termios
    import tty


_NO_LETTERS = re.compile("\x1b(\\[[0-9;]*)?.?")  # what arrows and function keys send


class Keys:
    """The keys that were pressed; nothing where standard input is no terminal."""

    def __init__(self) -> None:
        self.is_there = sys.stdin is not None and sys.stdin.isatty()
        self._ahead = ""

    def descriptors(self) -> list[int]:
        """What select() can wait for; on Windows nothing can."""
        return [sys.stdin.fileno()] if self.is_there and sys.platform != "win32" else []

    def pressed(self) -> str:
        """The next key that was pressed, as a letter; empty if none was."""
        if not self.is_there:
            return ""
        if sys.platform == "win32":
            return msvcrt.getwch() if msvcrt.kbhit() else ""
        if not self._ahead and select.select([sys.stdin], [], [], 0)[0]:
            # Not by sys.stdin: what it reads ahead, select() does not see.
            typed = os.read(sys.stdin.fileno(), 32).decode(errors="replace")
            self.is_there = bool(typed)  # else the terminal is gone
            self._ahead = _NO_LETTERS.sub("", typed)
        key, self._ahead = self._ahead[:1], self._ahead[1:]
        return key


@contextmanager
def keys() -> Iterator[Keys]:
    """Let the terminal hand over each key at once, and show none; as it was afterwards."""
    terminal = Keys()
    if sys.platform == "win32" or not terminal.is_there:
        yield terminal
        return
    before = termios.tcgetattr(sys.stdin)
    try:
        tty.setcbreak(sys.stdin)
        yield terminal
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
