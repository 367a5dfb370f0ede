"""A cap on what a learner's program prints: endless output is a verdict, not a full disk."""

import contextlib
import sys
from collections.abc import Iterator
from typing import Any, TextIO

from dojo.verdicts import TooMuchOutput

LIMIT = 1_000_000  # characters in one test; the same limit as Exercism's test runners


class _Capped:
    """A stream that counts what is written through it, and for the rest is the one behind it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._left = LIMIT

    def write(self, text: str) -> int:
        self._left -= len(text)
        if self._left < 0:
            raise TooMuchOutput(
                f"more than {LIMIT:,} characters were printed in one test: is there a print in an "
                "endless loop?"
            )
        return self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextlib.contextmanager
def capped() -> Iterator[None]:
    """Stop, with TooMuchOutput, whoever prints more than LIMIT characters inside."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = _Capped(before[0]), _Capped(before[1])
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
