"""Load for a sandbox: team analyses, as many a second as asked, put into its broker many at a time.

A task costs this process a line of JSON: at 200 a second that is a few per cent of a core, so that the board beside it still
answers its keys. Every task is an interaction of its own, with a token of its own, whose answer Discord's stand-in keeps.
"""

from __future__ import annotations

import secrets
import sys
import threading
import time
from pathlib import Path

import redis

from sandbox.access import Access
from sandbox.bot import QUEUE, TASKS
from sandbox.breakages.bursts import message

TICK_S = 0.05
TIMEOUT_S = 5.0
BATCH = 500


class Load:
    """Sends to the broker of the sandbox in `folder`, which listens on `port`. Raises `redis.RedisError` where it is away."""

    def __init__(self, folder: Path, port: int) -> None:
        password = Access(folder).valkey_password_file.read_text(encoding="utf-8")
        self._broker = redis.Redis(
            port=port, password=password, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S
        )
        self._run = f"load-{secrets.token_hex(4)}"
        self._match = secrets.randbelow(800_000_000)
        self.sent = 0

    def send(self, count: int) -> None:
        """Put so many tasks into the queue, a batch a round trip."""
        while count > 0:
            batch = [self._next() for _ in range(min(count, BATCH))]
            self._broker.lpush(QUEUE, *batch)
            self.sent += len(batch)
            count -= len(batch)

    def _next(self) -> bytes:
        self._match += 1
        token = f"{self._run}-{self._match}"
        interaction = {"application": "1", "token": token, "match": f"LOAD_{self._match}"}
        return message(TASKS["team-analyze"], (time.time(), 0.5, interaction), QUEUE, token)

    def run(self, per_s: float, for_s: float, stop: threading.Event) -> None:
        """Send at an even pace until the time is over or `stop` is set."""
        began, first = time.monotonic(), self.sent
        while (now := time.monotonic() - began) < for_s and not stop.is_set():
            self.send(int(now * per_s) + 1 - (self.sent - first))
            stop.wait(TICK_S)
        if not stop.is_set():
            self.send(round(per_s * for_s) - (self.sent - first))

    def close(self) -> None:
        """Close the connection."""
        self._broker.close()


def main(arguments: list[str]) -> int:
    """`python -m sandbox.load FOLDER PORT RATE SECONDS`: prints how many were sent, and how long that took (s)."""
    load = Load(Path(arguments[0]), int(arguments[1]))
    began = time.monotonic()
    load.run(float(arguments[2]), float(arguments[3]), threading.Event())
    sys.stdout.write(f"{load.sent} {time.monotonic() - began:.3f}\n")
    load.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
