"""Starts a runner, which from its birth on has a session of its own, no terminal, and a parent that is not us.

Nearly all of its start is imports, which need no request: a `Spare` is a runner that has them behind it and waits. Whoever
shows a plan starts one, so that the confirmed plan runs at once. It knows no configuration until it is given the request, and
ends when nobody holds it any more.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING

from actions.errors import ActionFailed
from actions.runner.folder import RunFolder
from core.message import say
from core.own_python import module_command, own_environment

if TYPE_CHECKING:
    from typing import IO

    from actions.runner.request import RunRequest

START_TIMEOUT_S = 30.0
"""For reading the request, on a machine that swaps."""


class Spare:
    """A runner that waits for its request. When this object goes, or this process, it ends."""

    def __init__(self, log: IO[bytes] | None = None) -> None:
        """Raises `OSError` where no process can be started; `log` takes what it says before it has a request."""
        self._accepted, accepted = os.pipe()
        try:
            self._process = _start(accepted, log)
        except OSError:
            os.close(self._accepted)
            raise
        finally:
            os.close(accepted)
        self.group = self._process.pid
        """The process group that it lives in."""
        self.close = weakref.finalize(self, _close, self._process, self._accepted)

    def hand_over(self, request: bytes) -> bool:
        """Whether it has the whole request, and will do it; if not, nothing was done. Raises `TimeoutError`, likewise."""
        stdin = self._process.stdin
        assert stdin is not None  # noqa: S101  # it was asked for
        deadline = time.monotonic() + START_TIMEOUT_S
        os.set_blocking(stdin.fileno(), False)
        rest = memoryview(request)
        try:
            while rest:
                _wait([], [stdin.fileno()], deadline)
                rest = rest[os.write(stdin.fileno(), rest) :]
            stdin.close()
            _wait([self._accepted], [], deadline)
            return os.read(self._accepted, 1) == b"1"
        except BrokenPipeError:
            return False
        except TimeoutError:
            with suppress(ProcessLookupError):
                os.killpg(self.group, signal.SIGKILL)  # its group: it itself has ended
            raise
        finally:
            self.close()


def _start(accepted: int, log: IO[bytes] | None) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        module_command("actions.runner", str(accepted)),
        cwd="/",
        env=own_environment(),
        stdin=subprocess.PIPE,
        stdout=log or subprocess.DEVNULL,
        stderr=log or subprocess.DEVNULL,
        start_new_session=True,
        pass_fds=(accepted,),
    )


def _wait(read: list[int], write: list[int], deadline: float) -> None:
    if not any(select.select(read, write, [], max(0.0, deadline - time.monotonic()))):
        raise TimeoutError


def _close(process: subprocess.Popen[bytes], accepted: int) -> None:
    """Its pipe ends, and so does a runner that has no request. Its first process ended long ago."""
    if process.stdin is not None:
        with suppress(OSError):
            process.stdin.close()
    os.close(accepted)
    process.wait()


def launch(request: RunRequest, spare: Spare | None = None) -> None:
    """Hand the run over; when this returns, the runner has all it needs. Raises `ActionFailed`.

    What becomes of the run is in the journal, and nowhere else. A `spare` that has ended meanwhile is replaced; should both
    have got the request, the claim lets one of them run.
    """
    folder = RunFolder.of(request.settings.actions, request.run)
    raw = request.for_pipe()
    try:
        folder.create()
        with suppress(TimeoutError):
            if spare is not None and spare.hand_over(raw):
                return
        with folder.log.open("ab") as log:
            folder.log.chmod(0o600)
            fresh = Spare(log)
        if not fresh.hand_over(raw):
            raise ActionFailed(say("runs.not_started", detail=str(folder.log)))
    except TimeoutError:
        raise ActionFailed(say("runs.late", seconds=START_TIMEOUT_S)) from None
    except OSError as error:
        detail = error.strerror or type(error).__name__
        raise ActionFailed(say("runs.not_started", detail=detail)) from None
