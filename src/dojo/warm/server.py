"""The server: warm, and forks a supervisor for each client.

It lives as long as the process that started it, whose end of a pipe is its standard input. It does
no work of its own, so that there is never a second thread when it forks.
"""

import contextlib
import gc
import importlib
import json
import os
import select
import shutil
import signal
import socket
import sys
import tempfile
from pathlib import Path
from types import FrameType

import torch

from dojo import devices
from dojo.curriculum import Curriculum
from dojo.warm.channel import Channel
from dojo.warm.stamps import Stamps, engine_files, stamps_of
from dojo.warm.supervisor import supervise
from dojo.warm.worker import PLUGINS

WHERE = "runner.json"  # in .dojo: where the server listens
# What the katas' tests and answers import on their way.
_LOADED = (
    "torch.testing",
    "torch.optim",
    "matplotlib.backends.backend_agg",
    "matplotlib.pyplot",
    "jaxtyping",
)


def main(root: Path) -> None:
    """Serve the project until standard input ends, or the engine's files change."""
    # Torch of the katas runs on one thread, and a forked process of one that used more hangs.
    torch.set_num_threads(1)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    os.environ.pop("PYTEST_ADDOPTS", None)
    os.chdir(root)
    curriculum = Curriculum(root)
    engine = stamps_of(engine_files(curriculum))
    _warm_up()
    # For the socket, whose path must be short, and for the runs.
    folder = Path(tempfile.mkdtemp(prefix="dojo-")).resolve()
    where = root / ".dojo" / WHERE
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(folder / "socket"))
            listener.listen()
            _sweep(where)
            _announce(where, folder / "socket")
            signal.signal(signal.SIGCHLD, _reap)
            _serve(listener, curriculum, engine, folder)
    finally:
        _withdraw(where)
        shutil.rmtree(folder, ignore_errors=True)


def _warm_up() -> None:
    for name in (*_LOADED, *PLUGINS):
        importlib.import_module(name)
    weight = torch.ones(2, requires_grad=True)
    optimizer = torch.optim.SGD([weight], lr=0.1)  # its first use takes a second
    weight.sum().backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    devices.present()
    gc.collect()
    gc.freeze()  # shared pages stay shared, and the children's collections short


def _serve(listener: socket.socket, curriculum: Curriculum, engine: Stamps, folder: Path) -> None:
    """Fork a supervisor for each that calls."""
    life = sys.stdin.fileno()
    while True:
        ready, _, _ = select.select([listener, life], [], [])
        if life in ready:
            return
        connection, _ = listener.accept()
        if stamps_of(engine_files(curriculum)) != engine:
            connection.close()
            return
        if os.fork() == 0:
            code = 1
            try:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                listener.close()
                supervise(Channel(connection), curriculum, engine, folder)
                code = 0
            except Exception:
                sys.excepthook(*sys.exc_info())  # into the server's log
            finally:
                os._exit(code)
        connection.close()


def _reap(number: int, frame: FrameType | None) -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _sweep(where: Path) -> None:
    """Remove what the last server has left behind, if it was killed."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        last = json.loads(where.read_text(encoding="utf-8"))
        try:
            os.kill(last["pid"], 0)
        except ProcessLookupError:
            shutil.rmtree(Path(last["socket"]).parent, ignore_errors=True)


def _announce(where: Path, address: Path) -> None:
    """Say where to call, for all that look: in one step, so that nobody reads half of it."""
    where.parent.mkdir(exist_ok=True)
    draft = where.with_name(f"{WHERE}.{os.getpid()}")
    draft.write_text(json.dumps({"pid": os.getpid(), "socket": str(address)}), encoding="utf-8")
    draft.replace(where)


def _withdraw(where: Path) -> None:
    """Take the announcement back, unless another server's stands there."""
    with contextlib.suppress(OSError, ValueError):
        if json.loads(where.read_text(encoding="utf-8"))["pid"] == os.getpid():
            where.unlink()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
