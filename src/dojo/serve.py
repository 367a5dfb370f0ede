"""`dojo report --serve`: the report on the loopback address, which loads itself anew."""

from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from dojo.curriculum import Curriculum
from dojo.journal import Journal, digest_of
from dojo.page import render

HOST = "127.0.0.1"


def server(curriculum: Curriculum, port: int) -> ThreadingHTTPServer:
    """A server for the report, not yet running.

    Args:
        curriculum: The katas of a project.
        port: Where to listen; 0 for any that is free.
    """
    pages: dict[str, tuple[str, Callable[[], str]]] = {
        "/": ("text/html", lambda: render(curriculum, stamp=stamp(curriculum))),
        "/stamp": ("text/plain", lambda: stamp(curriculum)),
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            # A page from elsewhere may have its name point here: it gets nothing.
            host = self.headers.get("Host", "").rpartition(":")[0]
            if host not in (HOST, "localhost"):
                self.send_error(403, "this is for the machine that it runs on")
            elif self.path not in pages:
                self.send_error(404)
            else:
                kind, content = pages[self.path]
                body = content().encode()
                self.send_response(200)
                self.send_header("Content-Type", f"{kind}; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Cache-Control", "no-store")
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Keep the terminal quiet."""

    return ThreadingHTTPServer((HOST, port), Handler)


def stamp(curriculum: Curriculum) -> str:
    """What changes whenever the report would."""
    book = Journal(curriculum.root)
    seen = [f"{len(book.attempts())} {book.hints_used()} {len(book.handouts())}"]
    pictures = (curriculum.root / ".dojo" / "benchmarks" / "pictures").glob("*.svg")
    for file in (*(kata.stub for kata in curriculum), *sorted(pictures)):
        with suppress(OSError):
            status = file.stat()
            seen.append(f"{file} {status.st_mtime_ns} {status.st_size}")
    return digest_of("\n".join(seen).encode())
