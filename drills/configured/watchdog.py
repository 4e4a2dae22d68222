"""`python -m drills.configured.watchdog`: lifts a drill's runs of `chaos.inject` at their deadlines, and all when its owner dies.

A process with a session of its own. Its standard input is a pipe that the owner alone holds: the first line are the settings
(with their secrets: they stand nowhere else), each further one names a run, the end says that the owner is no more or is done.
It lifts by the same `chaos.lift` as a person would, in a run of its own, and ends when nothing is in force any more.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import select
import signal
import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING
from uuid import UUID

from actions.runner.request import read_settings
from core.errors import WarroomError
from incidents.journal import open_journal
from response.decision import Refused
from response.identity import read_identity
from response.in_force import in_force, take_back
from response.runs import cancel

if TYPE_CHECKING:
    from actions.runner.request import RunSettings
    from incidents.journal import Journal

LOOK_S = 0.5
RETRY_S = 5.0
"""After a lift that failed."""
GIVE_UP_S = 600.0
"""So long it goes on trying once its owner is dead; `warroom keep` and open boards go on."""
CHUNK = 65_536


class Watch:
    """The runs that it minds; `is_alone` once the owner has ended."""

    def __init__(self, settings: RunSettings) -> None:
        self._settings = settings
        self._runs: list[UUID] = []
        self._tried_at: dict[UUID, float] = {}
        self.is_alone = False

    def mind(self, run: UUID) -> None:
        """From now on."""
        self._runs.append(run)

    def look(self) -> bool:
        """Lift what is due; True when nothing is left to be done. Raises a `WarroomError`."""
        with closing(open_journal(self._settings.journal)) as journal:
            if self.is_alone:
                self._cancel_unstarted(journal)
            now = dt.datetime.now(dt.UTC)
            effects = [each for each in in_force(journal, self._settings, now) if each.run.id in self._runs]
            for effect in effects:
                has_time = time.monotonic() - self._tried_at.get(effect.run.id, -RETRY_S) >= RETRY_S
                is_due = effect.run.has_ended and (self.is_alone or effect.is_over(now))
                if is_due and has_time and not _is_lifting(journal, effect.run.id):
                    self._tried_at[effect.run.id] = time.monotonic()
                    begun = take_back(journal, self._settings, effect, read_identity(journal))
                    if isinstance(begun, Refused):
                        _log(f"{effect.label} is not lifted: {begun.message}")
            return not effects and all(journal.load_run(run).has_ended for run in self._runs)

    def _cancel_unstarted(self, journal: Journal) -> None:
        for run in self._runs:
            if journal.load_run(run).state in ("planned", "approved"):
                cancel(journal, self._settings, run, read_identity(journal))


def _is_lifting(journal: Journal, run: UUID) -> bool:
    return any(each.planned.undoes == run and not each.has_ended for _, each in journal.runs())


def watch(minded: Watch, pipe: int) -> None:
    """Returns when the owner has ended and nothing is in force any more."""
    rest, alone_since = b"", 0.0
    while True:
        if not minded.is_alone and select.select([pipe], [], [], LOOK_S)[0]:
            chunk = os.read(pipe, CHUNK)
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                minded.mind(UUID(json.loads(line)))
            if not chunk:
                minded.is_alone, alone_since = True, time.monotonic()
        elif minded.is_alone:
            time.sleep(LOOK_S)
        try:
            is_done = minded.look()
        except (WarroomError, OSError) as error:
            _log(str(error))
            is_done = False
        if minded.is_alone and (is_done or time.monotonic() - alone_since > GIVE_UP_S):
            return


def _log(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _first_line(pipe: int) -> bytes:
    """Byte by byte would be slow, by chunks could take what belongs to the next line: the owner waits for our word after it."""
    text = b""
    while not text.endswith(b"\n"):
        chunk = os.read(pipe, CHUNK)
        if not chunk:
            raise SystemExit(0)
        text += chunk
    return text


def main() -> None:
    """See the module. Signals are no reason to leave anything broken."""
    os.umask(0o077)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    pipe = sys.stdin.fileno()
    minded = Watch(read_settings(_first_line(pipe)))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    watch(minded, pipe)


if __name__ == "__main__":
    main()
