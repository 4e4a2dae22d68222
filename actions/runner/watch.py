"""What stands beside the work: signs of life, whoever wants it to end, and its time limit.

The one who asks for the end only says so. Work that looks (`is_cancelled`) ends by itself; what waits inside a library is
interrupted as by Ctrl-C, which psycopg turns into a cancelled statement.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.errors import WarroomError

if TYPE_CHECKING:
    from types import FrameType
    from uuid import UUID

    from actions.runner.folder import RunFolder
    from incidents.journal import Journal

LOOK_S = 0.2
"""How often the folder is looked at."""
BEAT_S = 3.0
"""How often a sign of life is written, and the journal is asked whether somebody wants the end."""
BROKEN_PAUSE_S = 1.0
"""Rest after something that nobody expected."""
ORPHANED_S = 15.0
"""After so long without a sign of life a run is put to a person as orphaned."""
INTERRUPT_S = 1.0
"""How long work has to look by itself before it is interrupted."""
LOG = logging.getLogger("warroom.runner")
OTHERS = "?"
"""Who ended a run when the journal does not say it."""


@dataclass(slots=True)
class Cancellation:
    """Whether the run shall end, who wants it, and whether the work has noticed."""

    by: str | None = None
    is_late: bool = False
    """Its time was over; nobody asked."""
    noticed: bool = False
    asked_at: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, by: str, *, is_late: bool = False) -> None:
        """The first one counts."""
        with self.lock:
            if self.by is None:
                self.by, self.is_late, self.asked_at = by, is_late, time.monotonic()

    def is_asked(self) -> bool:
        """For the work: from now on it is known to look."""
        if self.by is None:
            return False
        self.noticed = True
        return True


class Watch:
    """A thread beside the work; used as a context around it, in the main thread."""

    def __init__(
        self, journal: Journal, run: UUID, folder: RunFolder, cancellation: Cancellation, timeout_s: float
    ) -> None:
        self._journal = journal
        self._run = run
        self._folder = folder
        self._cancellation = cancellation
        self._deadline = time.monotonic() + timeout_s
        self._main = threading.main_thread()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watch", daemon=True)
        self._interrupted = False
        self._beat_at = 0.0

    def __enter__(self) -> None:
        """From now on the run lives, and can be ended."""
        signal.signal(signal.SIGUSR1, _interrupt)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._by_signal)
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        """The work is over, whatever became of it."""
        self._over.set()
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        self._thread.join(2 * BEAT_S)

    def _by_signal(self, number: int, _: FrameType | None) -> None:
        self._cancellation.ask(signal.Signals(number).name)

    def _watch(self) -> None:
        while not self._over.wait(LOOK_S):
            try:
                self._look(time.monotonic())
            except Exception:  # without its watch nobody could end the run, and it would look dead
                LOG.exception("the watch of the run failed, and goes on")
                self._over.wait(BROKEN_PAUSE_S)

    def _look(self, now: float) -> None:
        if now > self._deadline:
            self._cancellation.ask("", is_late=True)
        self._interrupt_late(now)
        if (by := self._folder.cancelled_by()) is not None:
            self._cancellation.ask(by)
        if now - self._beat_at >= BEAT_S:
            self._beat_at = now
            self._beat()

    def _beat(self) -> None:
        try:
            lives = self._journal.beat(self._run)
            run = self._journal.load_run(self._run)
        except WarroomError as error:  # it goes on: whoever looks sees how old the last sign is
            LOG.warning("no sign of life was written: %s", error)
            return
        if run.cancel_asked_by:
            self._cancellation.ask(run.cancel_asked_by)
        elif not lives:
            self._cancellation.ask(OTHERS)

    def _interrupt_late(self, now: float) -> None:
        asked = self._cancellation
        waits = asked.by is not None and not asked.noticed and now - asked.asked_at > INTERRUPT_S
        if waits and not self._interrupted and self._main.ident is not None:
            self._interrupted = True
            signal.pthread_kill(self._main.ident, signal.SIGUSR1)


def _interrupt(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt
