"""HTTP servers that behave badly, on loopback: what a source must survive."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OK = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n"


def answer(raw: bytes) -> Callable[[socket.socket], None]:
    """Send these bytes and close."""
    return lambda connection: connection.sendall(raw)


def body(payload: bytes, status: bytes = b"200 OK") -> Callable[[socket.socket], None]:
    """A whole answer with this body."""
    return answer(
        b"HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (status, len(payload), payload)
    )


def _slow(connection: socket.socket) -> None:
    for _ in range(40):
        connection.sendall(b"H" if _ == 0 else b"")
        time.sleep(0.1)


def _late(connection: socket.socket) -> None:
    time.sleep(30)
    connection.sendall(OK + b"Content-Length: 0\r\n\r\n")


def _drip(connection: socket.socket) -> None:
    connection.sendall(OK + b"Content-Length: 1000\r\n\r\n")
    for _ in range(40):
        connection.sendall(b" ")
        time.sleep(0.1)


def _huge(connection: socket.socket) -> None:
    connection.sendall(OK + b"Content-Length: 10000000\r\n\r\n")
    for _ in range(10):
        connection.sendall(b" " * 1_000_000)


BEHAVIOURS: dict[str, Callable[[socket.socket], None]] = {
    "slow": _slow,
    "half a minute late": _late,
    "dripping": _drip,
    "half-open": lambda _: time.sleep(4),
    "closing": lambda _: None,
    "garbage": answer(b"\x00\xff\x1b[2J\x07 nonsense\r\n\r\n"),
    "html": body(b"<html><b>502</b> \x1b]52;c;eA==\x07</html>"),
    "cut": answer(OK + b"Content-Length: 900\r\n\r\n{"),
    "huge": _huge,
    "denied": body(b"no", b"401 Unauthorized"),
    "redirecting": answer(
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\x1b[31m\r\nContent-Length: 0\r\n\r\n"
    ),
    "broken": body(b"oops", b"500 Internal Server Error"),
    "wrong-shape": body(b'{"status":"success","data":{"resultType":"vector","result":[{"metric":3}]}}'),
}


@contextmanager
def serve(behave: Callable[[socket.socket], None]) -> Iterator[str]:
    """Serve every connection with `behave`; yields the address."""
    listener = socket.create_server(("127.0.0.1", 0))
    stopped = threading.Event()

    def one(connection: socket.socket) -> None:
        with connection:
            try:
                connection.settimeout(5)
                connection.recv(65536)
                behave(connection)
                # A close with words unread would cut off what was just said.
                connection.shutdown(socket.SHUT_WR)
                connection.settimeout(0.5)
                while connection.recv(65536):
                    pass
            except OSError:
                pass

    def accept() -> None:
        while not stopped.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=one, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        stopped.set()
        listener.shutdown(socket.SHUT_RDWR)  # closing alone would let the waiting accept take one more
        listener.close()
