"""A run by pytest in a new process: where no warm runner is up, or can be."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from dojo.errors import UserError
from dojo.judged import VERDICTS_FILE, Judged, judged_from
from dojo.warm.client import Request


class ColdRun:
    """One run of one kata by plain pytest, with the same methods as a warm one.

    Args:
        request: What is to be judged.
    """

    def __init__(self, request: Request) -> None:
        self.request = request
        self.ended, self.tests = 0, 0  # unknown
        self._folder = tempfile.TemporaryDirectory(prefix="dojo-")
        self._file = Path(self._folder.name) / "verdicts.json"
        self._pytest: subprocess.Popen[bytes] | None = None

    def go(self) -> None:
        """Judge the file as it is now."""
        devices = [f"--device={name}" for name in self.request.devices]
        kata = self.request.kata
        command = [sys.executable, "-m", "pytest", f"--kata={kata.name}", "-q", *devices]
        columns = {VERDICTS_FILE: str(self._file), "COLUMNS": str(self.request.width)}
        with (Path(self._folder.name) / "output").open("wb") as output:
            self._pytest = subprocess.Popen(
                command,
                cwd=kata.root,
                env=os.environ | columns,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    def take(self) -> Judged | None:
        """Return the verdict once it is there.

        Raises:
            UserError: there is none; the text is what pytest said.
        """
        if self._pytest is None or self._pytest.poll() is None:
            return None
        try:
            [data] = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            output = (Path(self._folder.name) / "output").read_text(errors="replace").strip()
            code = self._pytest.returncode
            raise UserError(output or f"pytest ended with {code} and said nothing") from None
        self._folder.cleanup()
        return judged_from(data)

    def wait(self, seconds: float = 0.05) -> None:
        """Wait for a while."""
        time.sleep(seconds)

    def cancel(self) -> None:
        """End it."""
        if self._pytest and self._pytest.poll() is None:
            self._pytest.kill()
            self._pytest.wait()
        self._folder.cleanup()
