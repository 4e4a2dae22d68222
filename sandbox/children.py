"""The stack's own processes: each with a log, all ended together, politely and then firmly."""

from __future__ import annotations

import subprocess
import threading
import time
from typing import TYPE_CHECKING, Self

from sandbox.guard import inherited
from sandbox.servers import ServerFailedError

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

STOP_TIMEOUT_S = 2.0


class Children:
    """Starts processes in `folder`, in the group of this process; leaving the block ends them."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._folder = folder
        self._environment = environment
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._lock, self._is_over = threading.Lock(), False

    def start(self, name: str, command: list[str], *, again: bool = False) -> None:
        """Start one; what it says goes to `name`.log. With `again` it is started anew whenever it ends well (a supervisor)."""
        self._start(name, command)
        if again:
            threading.Thread(target=self._supervise, args=(name, command), daemon=True).start()

    def _supervise(self, name: str, command: list[str]) -> None:
        while self._processes[name].wait() == 0:
            with self._lock:
                if self._is_over:
                    return
                self._start(name, command)

    def _start(self, name: str, command: list[str]) -> None:
        with (self._folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env=self._environment,
                cwd=self._folder,
                pass_fds=inherited(self._environment),
            )

    def check(self) -> None:
        """Raise `ServerFailedError` with the end of its log if one has ended by itself."""
        for name, process in self._processes.items():
            if process.poll() is not None:
                log = (self._folder / f"{name}.log").read_text(errors="replace")
                raise ServerFailedError(f"{name} did not come up:\n{log[-2000:]}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._is_over = True
        for process in self._processes.values():
            process.terminate()
        deadline = time.monotonic() + STOP_TIMEOUT_S
        for process in self._processes.values():
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()  # children of its own, if any, are the guard's
                process.wait()
