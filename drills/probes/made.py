"""What actions made of the processes between two moments, by the journal: a restart or a switch that somebody made is no death.

The evidence is what a run has verified: which process of a worker became which, and when a release took the place of another.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.message import Message, say
from incidents.journal import open_journal
from incidents.journal.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from incidents.events.run import Run
    from incidents.events.run_body import Restarted
    from incidents.settings import JournalSettings

MOST_RUNS = 200
"""So many of the newest runs are looked at."""


@dataclass(frozen=True, slots=True)
class Move:
    """A run after which users reached another release; until when (Unix seconds) it was at it."""

    run: str
    ended_at: float


@dataclass(frozen=True, slots=True)
class Made:
    """What actions made since a moment; `running` are runs that are still at it, `problem` says why nobody knows.

    `restarts` are the workers' new processes, each with the run that made it.
    """

    restarts: tuple[tuple[str, Restarted], ...] = ()
    moves: tuple[Move, ...] = ()
    running: tuple[str, ...] = ()
    problem: Message | None = None

    @property
    def doubt(self) -> Message | None:
        """Why what is another now may be an action's; None where the journal has said all of it."""
        if self.running:
            return say("probes.run_at_it", runs=", ".join(self.running))
        return self.problem

    def follow(self, worker: str, pid: int) -> tuple[int, tuple[str, ...]]:
        """Which process that one became, from restart to restart, and by which runs."""
        runs: list[str] = []
        for run, each in self.restarts:
            if each.worker == worker and each.before == pid:
                pid = each.pid
                runs.append(run)
        return pid, tuple(runs)


def made_of(runs: Iterable[tuple[str, Run]], since: float) -> Made:
    """What these runs, oldest first, made since then (Unix seconds)."""
    restarts: list[tuple[str, Restarted]] = []
    moves: list[Move] = []
    running: list[str] = []
    for label, run in runs:
        if not run.was_begun or run.planned.danger == "observe":
            continue
        if run.ended_at is None:
            running.append(label)
        elif run.ended_at.timestamp() >= since:
            restarts += [(label, each) for each in run.restarted]
            if run.serves and run.verified is not False:
                moves.append(Move(label, run.ended_at.timestamp()))
    return Made(tuple(restarts), tuple(moves), tuple(running))


def read_made(settings: JournalSettings, since: float) -> Made:
    """From the journal; where it can't be read, that is the problem."""
    try:
        with closing(open_journal(settings)) as journal:
            return made_of(reversed(journal.runs(limit=MOST_RUNS)), since)
    except JournalError as error:
        return Made(problem=say("probes.no_journal", why=error.message))
