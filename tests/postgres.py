"""Servers of a test's own: a folder that Postgres may enter, and a Postgres that is killed and started again."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.children import descendants
from sandbox.servers import Server, free_port, run_postgres

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that other users may pass through, gone afterwards: under root Postgres runs as `nobody`.

    Not one of pytest's: each start of another pytest on this machine closes the folder that holds them all.
    """
    folder = Path(tempfile.mkdtemp(prefix="warroom-test-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Restartable:
    """A Postgres that is killed and started again on the same port."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.start()

    def kill(self) -> None:
        """Immediate shutdown: no checkpoint, as in a crash."""
        self.server.process.send_signal(signal.SIGQUIT)
        self.server.process.wait(80)
        self.close()

    def start(self) -> None:
        """The same data on the same port."""
        self.context = run_postgres(self.folder / "data", self.port)
        self.server: Server = self.context.__enter__()

    def close(self) -> None:
        """Stop it, if it runs."""
        self.context.__exit__(None, None, None)


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """Every process of a server is stopped, and goes on afterwards."""
    pids = [pid, *descendants(pid)]
    for each in pids:
        os.kill(each, signal.SIGSTOP)
    try:
        yield
    finally:
        for each in pids:
            os.kill(each, signal.SIGCONT)
