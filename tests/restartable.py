"""A Postgres of a test's own that is killed and started again on the same port."""

from __future__ import annotations

import shutil
import signal
import tempfile
from pathlib import Path

from sandbox.servers import Server, free_port, run_postgres


class Restartable:
    """Runs from the beginning, in a folder of its own.

    Not in pytest's, which it closes to others at each of its starts: under root Postgres runs as `nobody`.
    """

    def __init__(self) -> None:
        self.folder, self.port = Path(tempfile.mkdtemp(prefix="warroom-test-")), free_port()
        self.folder.chmod(0o711)
        self.start()

    def kill(self) -> None:
        """Immediate shutdown: no checkpoint, as in a crash."""
        self.server.process.send_signal(signal.SIGQUIT)
        self.server.process.wait(20)
        self.context.__exit__(None, None, None)

    def start(self) -> None:
        """The same data on the same port."""
        self.context = run_postgres(self.folder / "data", self.port)
        self.server: Server = self.context.__enter__()

    def close(self) -> None:
        """Nothing stays behind."""
        self.context.__exit__(None, None, None)
        shutil.rmtree(self.folder, ignore_errors=True)
