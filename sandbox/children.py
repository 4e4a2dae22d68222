"""The stack's own processes: each with a log, all ended together, politely and then firmly; drills take some away for a time."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from sandbox.guard import inherited
from sandbox.servers import ServerFailedError

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

STOP_TIMEOUT_S = 2.0
SUPERVISOR = "supervisor.log"
"""Names each process that ended badly by itself, and was started again."""
PAUSE_S = 0.2
"""Before what ended badly is started anew."""


class Children:
    """Starts processes in `folder`, in the group of this process; leaving the block ends them."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._folder = folder
        self._environment = environment
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._commands: dict[str, list[str]] = {}
        self._supervised: set[str] = set()
        self._taken: set[str] = set()
        self._lock, self._is_over = threading.RLock(), False
        self.is_up = False
        """Whether everything has come up once: what ends badly before that is told, afterwards it is started anew."""

    def start(self, name: str, command: list[str], *, again: bool = False) -> None:
        """Start one; what it says goes to `name`.log. With `again` it is started anew whenever it ends (a supervisor)."""
        self._commands[name] = command
        self._start(name)
        if again:
            self._supervised.add(name)
            threading.Thread(target=self._supervise, args=(name,), daemon=True).start()

    def knows(self, name: str) -> bool:
        """Whether it was ever started."""
        return name in self._commands

    def is_running(self, name: str) -> bool:
        """Whether it is there, or will be in a moment."""
        with self._lock:
            return name not in self._taken and (
                name in self._supervised or self._processes[name].poll() is None
            )

    def take(self, name: str) -> None:
        """Kill it and what it has started; it stays away until it is given back."""
        with self._lock:
            self._taken.add(name)
            process = self._processes[name]
            for pid in (process.pid, *descendants(process.pid)):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            process.wait()

    def give_back(self, name: str) -> None:
        """Start what was taken; what runs is left as it is."""
        with self._lock:
            if name in self._taken and not self._is_over:
                self._taken.discard(name)
                self._start(name)
                if name in self._supervised:
                    threading.Thread(target=self._supervise, args=(name,), daemon=True).start()

    def freeze(self, name: str) -> None:
        """It and what it has started stand still (SIGSTOP)."""
        self._signal(name, signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        """They go on."""
        self._signal(name, signal.SIGCONT)

    def _signal(self, name: str, number: signal.Signals) -> None:
        with self._lock:
            process = self._processes[name]
            for pid in (process.pid, *descendants(process.pid)):
                with suppress(ProcessLookupError):
                    os.kill(pid, number)

    def _supervise(self, name: str) -> None:
        while True:
            process = self._processes[name]
            code = process.wait()
            if code and not self.is_up:
                return
            if code:
                time.sleep(PAUSE_S)
            with self._lock:
                if self._is_over or name in self._taken or self._processes[name] is not process:
                    return
                if code:  # a Celery worker may end when its broker goes while it connects anew
                    self._note(f"{name} (pid {process.pid}) ended with {code}, is started again")
                try:
                    self._start(name)
                except OSError as error:  # no memory, no descriptors: the next round may have them
                    self._note(f"{name} could not be started: {error.strerror or type(error).__name__}")
                    time.sleep(PAUSE_S)

    def _note(self, text: str) -> None:
        """Who ended by itself stands in `SUPERVISOR`, whatever became of it."""
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        with suppress(OSError), (self._folder / SUPERVISOR).open("a", encoding="utf-8") as log:
            log.write(f"{at} {text}\n")

    def _start(self, name: str) -> None:
        with (self._folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                self._commands[name],
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
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGCONT)  # who stands still hears nothing
        deadline = time.monotonic() + STOP_TIMEOUT_S
        for process in self._processes.values():
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()  # children of its own, if any, are the guard's
                process.wait()


def descendants(pid: int) -> list[int]:
    """Every process that it, or one of these, has started, as `ps` knows them; empty where there is none."""
    try:
        listed = subprocess.run(
            ["ps", "-A", "-o", "pid=,ppid="],  # noqa: S607  # where POSIX has it
            capture_output=True,
            text=True,
            check=True,
            timeout=5,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    pairs = [tuple(map(int, line.split())) for line in listed.splitlines()]
    family = [pid]
    for parent in family:
        family += [child for child, of in pairs if of == parent]
    return family[1:]
