"""Events of a run that the journal did not take: they wait in a file at the run's side until somebody's journal does.

A team's journal that is away has its spool for this; here is what neither takes: a full disk, a damaged file.
"""

from __future__ import annotations

import json
import logging
import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import UUID

from pydantic import ValidationError

from actions.runner.folder import RunFolder, runs_folder
from core.files import read_text
from incidents.events.body import BODY
from incidents.events.run_body import RunVerified
from incidents.journal.errors import JournalError

if TYPE_CHECKING:
    from pathlib import Path

    from actions.settings import ActionsSettings
    from incidents.events.run_body import RunBody
    from incidents.journal import Journal

RETRIES_S = (0.2, 1.0, 3.0)
"""How long is waited before the journal, or the disk, is tried again."""
LOG = logging.getLogger("warroom.runner")


def record(journal: Journal, folder: RunFolder, run: UUID, actor: str, body: RunBody) -> None:
    """Write an event of the run; when this returns it is in the journal, in its spool or in the run's file."""
    for pause_s in (*RETRIES_S, 0.0):
        try:
            if folder.unwritten.exists():  # what came before it stands before it
                _write(journal, run, folder.unwritten)
            journal.append(run, actor, body)
        except (JournalError, OSError, ValueError) as error:
            LOG.warning("the journal did not take %s: %s", body.kind, error)
            time.sleep(pause_s)
        else:
            return
    keep(folder, actor, body)


def keep(folder: RunFolder, actor: str, body: RunBody) -> None:
    """Let an event of the run wait in its file, where there is no journal to give it to."""
    for pause_s in (*RETRIES_S, 0.0):
        try:
            _append(folder.unwritten, actor, body)
        except OSError as error:
            LOG.warning("%s could not be kept either: %s", body.kind, error)
            time.sleep(pause_s)
        else:
            return


def write_unwritten(journal: Journal, settings: ActionsSettings) -> tuple[UUID, ...]:
    """Give the journal what waits on this host; the runs that it then has whole. What it still does not take goes on waiting."""
    runs = []
    for file in sorted(runs_folder(settings).glob(f"*/{RunFolder.UNWRITTEN}")):
        with suppress(JournalError, OSError, ValueError):
            run = UUID(file.parent.name)
            _write(journal, run, file)
            runs.append(run)
    return tuple(runs)


def _append(file: Path, actor: str, body: RunBody) -> None:
    line = json.dumps([actor, body.model_dump(mode="json")]) + "\n"
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as kept:
        kept.write(line)
        kept.flush()
        os.fsync(kept.fileno())


def _write(journal: Journal, run: UUID, file: Path) -> None:
    """Everything in the file, in order; twice changes nothing, for an end that is known stands."""
    for line in read_text(file).splitlines():
        try:
            actor, raw = json.loads(line)
            body = BODY.validate_python(raw)
        except (ValueError, ValidationError):  # cut off by the same full disk
            continue
        known = journal.load_run(run)
        is_known = known.has_ended
        if isinstance(body, RunVerified):
            is_known = any(isinstance(event.body, RunVerified) for event in known.events)
        if not is_known or known.state == "orphaned":
            journal.append(run, actor, body)
    file.unlink()
