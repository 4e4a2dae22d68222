"""How the supervisor is asked: a socket in the sandbox's private folder, one line of JSON there and one back.

{"token": …, "do": "look", "name": …, "params": {…}}                      {"ok": true, "before": {…}}
{"token": …, "do": "begin", "name", "params", "id", "before", "for_s"}    {"ok": true}
{"token": …, "do": "end", "id": …}                                        {"ok": true}
{"token": …, "do": "list"}                                                {"ok": true, "broken": […]}

What can't be done is `{"ok": false, "error": …}`. The socket is the starter's alone, and asks for the sandbox's token, too.
"""

from __future__ import annotations

import json
import secrets
import socket
import socketserver
import threading
import time
from typing import TYPE_CHECKING, Any

from core.errors import WarroomError
from core.message import say
from core.text import clean
from sandbox.access import Access
from sandbox.breakages.model import Order, Refused

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.breakages.ledger import Ledger

SOCKET = "faults.sock"
MAX_LINE = 1_000_000
TIMEOUT_S, RETRY_S = 30.0, 0.02
MAX_WAITING = 64
"""So many may ask at once: a drill's watchdog lifts all its faults in the same moment."""
GONE = (FileNotFoundError, ConnectionError)
"""What a sandbox that has ended answers; anything else says nothing of it."""


class SandboxGone(WarroomError):
    """Nobody answers in the folder: the sandbox has ended, and all that was broken in it with it."""


class SandboxRefused(WarroomError):
    """The sandbox can't do it; the message says why."""


def ask(folder: Path, do: str, **request: object) -> dict[str, Any]:
    """Ask the supervisor of the sandbox in `folder`. Raises `SandboxGone`, `SandboxRefused`."""
    try:
        line = json.dumps({"token": Access(folder).token, "do": do, **request}).encode() + b"\n"
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(TIMEOUT_S)
            _connect(connection, str(folder / SOCKET))
            connection.sendall(line)
            answer = connection.makefile("rb").readline(MAX_LINE)
        if not answer:
            raise ConnectionResetError
    except TimeoutError:
        raise SandboxRefused(say("sandbox.control_late", seconds=TIMEOUT_S)) from None
    except GONE:
        raise SandboxGone(say("sandbox.control_gone", folder=clean(str(folder), 200))) from None
    except OSError as error:
        detail = clean(error.strerror or type(error).__name__, 300)
        raise SandboxRefused(say("sandbox.control_refused", detail=detail)) from None
    document: dict[str, Any] = json.loads(answer)
    if not document.pop("ok"):
        raise SandboxRefused(say("sandbox.control_refused", detail=clean(str(document.get("error")), 300)))
    return document


def _connect(connection: socket.socket, path: str) -> None:
    """Wait where others are before us: with a timeout, a full queue is `EAGAIN` at once (unix(7), "connect")."""
    end = time.monotonic() + TIMEOUT_S
    while True:
        try:
            return connection.connect(path)
        except BlockingIOError:
            if time.monotonic() > end:
                raise TimeoutError from None
            time.sleep(RETRY_S)


def serve(folder: Path, ledger: Ledger) -> None:
    """Answer from now on, in a thread. Raises `OSError`."""
    token = Access(folder).token

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            try:
                answer = _answer(self.rfile.readline(MAX_LINE), token, ledger)
            except Exception as error:  # noqa: BLE001  # who asked hears it, whatever broke
                answer = {"ok": False, "error": str(error) or type(error).__name__}
            self.wfile.write(json.dumps(answer).encode() + b"\n")

    class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
        daemon_threads, request_queue_size = True, MAX_WAITING

        def handle_error(self, request: object, client_address: object) -> None:
            """Who asked has gone."""

    threading.Thread(target=Server(str(folder / SOCKET), Handler).serve_forever, daemon=True).start()


def _answer(line: bytes, token: str, ledger: Ledger) -> dict[str, object]:
    match json.loads(line):
        case {"token": str(shown), **request} if secrets.compare_digest(shown.encode(), token.encode()):
            pass
        case _:
            raise Refused("no valid token")
    match request:
        case {"do": "look", "name": str(name), "params": dict(params)}:
            return {"ok": True, "before": ledger.look(name, params)}
        case {"do": "begin", "name": str(name), "params": dict(params), "id": str(order), **rest}:
            match rest:
                case {"before": dict(before), "for_s": float() | int() as for_s}:
                    ledger.begin(name, Order(id=order, params=params), before, for_s)
                case _:
                    raise Refused("before and for_s")
            return {"ok": True}
        case {"do": "end", "id": str(order)}:
            ledger.end(order)
            return {"ok": True}
        case {"do": "list"}:
            return {"ok": True, "broken": ledger.broken()}
    raise Refused("do: look, begin, end or list")
