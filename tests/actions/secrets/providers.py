"""The sandbox's stand-ins of Riot, Discord and the model, in this process: their portal ends a key and gives another."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING

from sandbox.outside import Outside, handler

if TYPE_CHECKING:
    from collections.abc import Iterator

FORMS = {
    "riot": ("/riot/lol/status", {"X-Riot-Token": "{value}"}),
    "discord": ("/discord/users/@me", {"Authorization": "Bot {value}"}),
    "llm": ("/llm/models", {"Authorization": "Bearer {value}"}),
}


@dataclass(frozen=True)
class Providers:
    """Where they are, and their state."""

    url: str
    outside: Outside

    def proof(self, name: str, **more: object) -> dict[str, object]:
        """The request that proves a key, as the configuration has it."""
        path, headers = FORMS[name]
        return {"url": self.url + path, "headers": headers, **more}


@contextmanager
def providers(**keys: str) -> Iterator[Providers]:
    """Until the end of the block."""
    outside = Outside(1, keys)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(outside))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield Providers(f"http://127.0.0.1:{server.server_address[1]}", outside)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
