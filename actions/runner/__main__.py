"""The process of one run: leaves its parent, imports what runs need, waits for its request, and does it.

It is born with a session of its own (`launch`); after a second fork it leads none, so that it can't get a terminal.
"""

from __future__ import annotations

import os
import select
import signal
import sys
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from actions.runner.folder import RunFolder

IDLE_S = 900.0
"""How long it waits for a request: a plan that is looked at longer is run by another one."""

SOME_NEED = (
    "actions.team",
    "actions.blocks",
    "sqlalchemy.dialects.sqlite",
    "sqlalchemy.dialects.postgresql.psycopg",
    "psycopg",
    "httpx",
    "redis.asyncio",
    "celery.app.control",
    "kombu.transport.redis",
)
"""What most or some runs import when they need it: imported while there is no request yet."""


def main() -> None:
    """Never returns. `argv[1]` is the pipe on which it says that the request came whole."""
    os.umask(0o077)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    accepted = int(sys.argv[1])
    if os.fork():
        os._exit(0)
    from actions.registry import own_actions
    from actions.runner.execute import execute
    from actions.runner.folder import RunFolder
    from actions.runner.log import log_crash, log_to_run
    from actions.runner.request import read_request

    own_actions()
    for module in SOME_NEED:
        if not _asked(0.0):
            import_module(module)
    raw = sys.stdin.buffer.read() if _asked(IDLE_S) else b""
    if not raw:
        os._exit(0)  # nobody wants it any more
    try:
        request = read_request(raw)
    except ValueError:
        sys.stderr.write("the request was cut: nothing was done\n")
        sys.stderr.flush()
        os._exit(2)
    _speak_to(RunFolder.of(request.settings.actions, request.run))
    os.write(accepted, b"1")
    os.close(accepted)
    for number in (signal.SIGINT, signal.SIGTERM):  # a machine that goes down: end the work, and record it
        signal.signal(number, signal.SIG_DFL)
    log_to_run(request.settings.secrets)
    try:
        execute(request)
    except Exception as error:  # noqa: BLE001  # the last net
        log_crash(error)
        os._exit(1)
    os._exit(0)


def _asked(wait_s: float) -> bool:
    """Whether a request comes, or its pipe has ended."""
    return bool(select.select([0], [], [], wait_s)[0])


def _speak_to(folder: RunFolder) -> None:
    """From now on it reads nothing, and what it says itself is kept with the run."""
    log = os.open(folder.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)


main()
