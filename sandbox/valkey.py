"""The stack's broker, which can be stopped and started again with all that it held, on the same port."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Self

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from sandbox.servers import start_valkey, stop_valkey

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path
    from types import TracebackType

DUMP = "dump.rdb"


class Valkey:
    """Leaving the block ends it, and nothing of it stays."""

    def __init__(self, folder: Path, port: int, password: str) -> None:
        self._folder, self._port, self._password = folder, port, password
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    @property
    def is_running(self) -> bool:
        """Whether its process is there."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Once it answers; one that runs is left as it is. Raises `ServerFailedError`."""
        with self._lock:
            if not self.is_running:
                self._process = start_valkey(self._folder, self._port, password=self._password).process
                (self._folder / DUMP).unlink(missing_ok=True)  # it has read it

    def stop(self) -> None:
        """Let it write what it holds, and end: no message that it took is lost."""
        with self._lock:
            if self._process is None or not self.is_running:
                return
            once = Retry(NoBackoff(), 0)  # that the connection breaks is its answer
            client = redis.Redis(port=self._port, password=self._password, socket_timeout=5, retry=once)
            with suppress(redis.ConnectionError):
                client.shutdown(save=True)
            stop_valkey(self._process)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            if self._process is not None:
                stop_valkey(self._process)
