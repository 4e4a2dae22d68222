"""Starts a runner, which from its birth on has a session of its own, no terminal, and a parent that is not us."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from actions.errors import ActionFailed
from actions.runner.folder import RunFolder
from core.message import say
from core.own_python import module_command, own_environment

if TYPE_CHECKING:
    from actions.runner.request import RunRequest

START_TIMEOUT_S = 30.0
"""For reading the request and detaching, on a machine that swaps."""


def launch(request: RunRequest) -> None:
    """Hand the run over; when this returns, the runner has all it needs. Raises `ActionFailed`.

    What becomes of the run is in the journal, and nowhere else.
    """
    folder = RunFolder.of(request.settings.actions, request.run)
    try:
        folder.create()
        with folder.log.open("ab") as log:
            folder.log.chmod(0o600)
            process = subprocess.Popen(
                module_command("actions.runner"),
                cwd="/",
                env=own_environment(),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        process.communicate(request.for_pipe(), timeout=START_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise ActionFailed(say("runs.late", seconds=START_TIMEOUT_S)) from None
    except OSError as error:
        detail = error.strerror or type(error).__name__
        raise ActionFailed(say("runs.not_started", detail=detail)) from None
    if process.returncode != 0:
        raise ActionFailed(say("runs.not_started", detail=f"exit code {process.returncode}, {folder.log}"))
