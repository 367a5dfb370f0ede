"""When a file is saved, however the editor does it: in place, by rename, or on a network drive."""

import contextlib
import os
import threading
import time
from pathlib import Path
from types import TracebackType

from watchfiles import Change, watch

_STEP = 5  # milliseconds without another event that end a save
_SETTLED = 0.004  # seconds for which a file stays the same when its editor is done
_PATIENCE = 0.1  # seconds for an editor that goes on writing, or has removed the file


class Saves:
    """Looks after one file; usable with select().

    An event only says when to look. Where none arrives, on a network drive or under WSL, whoever
    asks `come_in` now and then finds the save all the same.

    Args:
        file: The file.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._last = _signature(file)
        self._inbox, self._outbox = os.pipe()
        os.set_blocking(self._inbox, False)
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Saves":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end.set()
        self._thread.join()
        os.close(self._inbox)
        os.close(self._outbox)

    def fileno(self) -> int:
        """What select() asks for: readable when something happened to the file."""
        return self._inbox

    def come_in(self) -> bool:
        """Whether the file was saved since this was last asked; waits until the editor is done."""
        with contextlib.suppress(BlockingIOError):
            os.read(self._inbox, 4096)
        if _signature(self.file) == self._last:
            return False
        deadline = time.monotonic() + _PATIENCE
        before = _signature(self.file)
        while time.monotonic() < deadline:
            time.sleep(_SETTLED)
            now = _signature(self.file)
            if now == before and now is not None:
                break
            before = now
        changed = before != self._last
        self._last = before
        return changed

    def _watch(self) -> None:
        try:
            for _ in watch(
                self.file.parent,
                watch_filter=lambda _change, path: self._is_ours(_change, path),
                step=_STEP,
                debounce=4 * _STEP,
                stop_event=self._end,
                rust_timeout=100,
                recursive=False,
                raise_interrupt=False,
            ):
                os.write(self._outbox, b"!")
        except OSError:
            pass  # the system has no events left to give: come_in() finds the saves

    def _is_ours(self, change: Change, path: str) -> bool:
        return os.path.basename(path) == self.file.name


def _signature(file: Path) -> tuple[int, int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
