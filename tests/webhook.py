"""Stands for the chat of a team: an HTTP server that keeps what is posted to its webhook."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator


class Post(NamedTuple):
    """One request: when it came on the monotonic clock, at which path, with which body."""

    at: float
    path: str
    body: bytes


class Answer(NamedTuple):
    """What the server says to a request."""

    status: int
    headers: dict[str, str]
    payload: bytes = b""


TAKEN = Answer(204, {})


@contextmanager
def webhook_server(*answers: Answer) -> Iterator[tuple[str, list[Post]]]:
    """Its address, with a secret in the path, and what it got; answers come in order, the last one again and again."""
    answers = answers or (TAKEN,)
    got: list[Post] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append(Post(time.monotonic(), self.path, body))
            answer = answers[min(len(got), len(answers)) - 1]
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.payload)))
            self.end_headers()
            self.wfile.write(answer.payload)

        def log_message(self, *_: object) -> None:
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook/SECRET-TOKEN", got
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
