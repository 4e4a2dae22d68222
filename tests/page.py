"""A service whose page the test writes: each GET is answered with what stands there at that moment."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Page(NamedTuple):
    """What the server answers; as metrics where nothing else is said."""

    body: bytes
    status: int = 200
    content_type: str = "text/plain; version=0.0.4"


@contextmanager
def page_server(page: Callable[[str], Page], port: int = 0) -> Iterator[str]:
    """Answers with the page of the path that is asked for; yields the address without a path."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = page(self.path)
            self.send_response(found.status)
            self.send_header("Content-Type", found.content_type)
            self.send_header("Content-Length", str(len(found.body)))
            self.end_headers()
            self.wfile.write(found.body)

        def log_message(self, *_: object) -> None:
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
