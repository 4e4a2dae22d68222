"""Holds a run at a state for as long as a test wants: its checks ask a page that answers when it is let."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Any

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Gate:
    """A page of 127.0.0.1 that takes connections and answers none before it is opened."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self._open, self.reached = threading.Event(), threading.Event()
        """`reached`: somebody asks."""
        threading.Thread(target=self._serve, daemon=True).start()

    def check(self, within: str = "60s") -> dict[str, Any]:
        """As `[[actions.add]]` has it."""
        url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        return {"probe": "http", "url": url, "expect": "status 200", "within": within}

    def open(self) -> None:
        """From now on everybody is answered."""
        self._open.set()

    def close(self) -> None:
        """Nobody is answered any more."""
        self._open.set()
        self._server.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._server.accept()
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.recv(65_536)
            self.reached.set()
            self._open.wait(480)
            connection.sendall(ANSWER)
            connection.shutdown(socket.SHUT_WR)
            connection.recv(1)
