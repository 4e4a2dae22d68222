"""Injects the faults of a drill into a configured system, as runs of `chaos.inject` that people have agreed to.

All of them stand in the journal before the first one is started, and a watchdog process knows them. It lifts each at its
deadline, and all of them at once when this process dies; what was not started yet is cancelled. When it dies, this process
starts another one. When both die, `warroom keep` and every open board lift at the deadline.
"""

from __future__ import annotations

import datetime as dt
import json
import threading
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from actions.errors import ActionFailed
from actions.runner.request import settings_for_pipe
from core.files import make_private_folder
from core.message import say
from core.text import clean
from drills.configured.plans import plan_fault
from drills.faults.errors import NotInjected, NotLifted
from drills.faults.model import Injection
from drills.faults.watchdog_process import end_watchdog, start_watchdog, write_to_watchdog
from drills.scenarios.model import Injected
from incidents.journal import open_journal
from response.decision import Refused
from response.identity import read_identity
from response.run_guard import Confirmation, Wish, needs_second
from response.runs import begin, start

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from uuid import UUID

    from actions.runner.request import RunSettings
    from drills.configured.plans import FaultPlan
    from drills.faults.model import State
    from incidents.events.run import Run
    from incidents.journal import Journal

END_S = 120.0
"""For the watchdog to lift everything: a restart of workers takes its time."""


@dataclass(slots=True)
class Agreed:
    """A run of `chaos.inject` that waits for its time, or has begun."""

    injected: Injected
    run: UUID
    label: str
    is_started: bool = False


def open_agreed(
    scenario: str, plans: Sequence[FaultPlan], settings: RunSettings, folder: Path
) -> AgreedInjector:
    """Write down that this person agrees to all of it, and start the watchdog. Raises `NotInjected`, a `JournalError`."""
    try:
        make_private_folder(folder)
        injector = AgreedInjector(scenario, settings, folder)
    except OSError as error:
        detail = error.strerror or type(error).__name__
        raise NotInjected(say("faults.folder", folder=clean(str(folder), 200), detail=detail)) from None
    try:
        for plan in plans:
            injector.agree(plan)
    except BaseException:
        injector.close()
        raise
    return injector


class AgreedInjector:
    """Safe for threads. `close` lifts everything."""

    def __init__(self, scenario: str, settings: RunSettings, folder: Path) -> None:
        self._scenario, self._settings, self._folder = scenario, settings, folder
        self._lock = threading.RLock()
        self._agreed: list[Agreed] = []
        self._is_closed = False
        self._watchdog = self._start_watchdog()

    @property
    def watchdog(self) -> int:
        """Its process."""
        return self._watchdog.pid

    def agree(self, plan: FaultPlan) -> Agreed:
        """Planned and approved in the journal by this person, and not begun. Raises `NotInjected`, a `JournalError`."""
        with self._lock, closing(open_journal(self._settings.journal)) as journal:
            shown = plan.prepared.plan
            wish = Wish(plan=shown, identity=read_identity(journal), drill=self._scenario)
            confirmation = Confirmation(yes=True, typed=shown.target)
            begun = begin(journal, self._settings, plan.prepared, wish, confirmation, waits=True)
            if isinstance(begun, Refused):
                fault = plan.injected.fault
                raise NotInjected(say("faults.not_injected", fault=fault, why=begun.message))
            agreed = Agreed(plan.injected, begun.run, journal.run_label(begun.run))
            self._agreed.append(agreed)
            self._tell_watchdog(agreed)
            return agreed

    def waiting(self) -> tuple[str, ...]:
        """Labels of runs that a second person has to approve yet. Raises `NotInjected` where one was ended meanwhile."""
        with self._lock, closing(open_journal(self._settings.journal, read_only=True)) as journal:
            runs = [(each, journal.load_run(each.run)) for each in self._agreed if not each.is_started]
        for each, run in runs:
            if run.has_ended:
                raise NotInjected(say("faults.run_ended", run=each.label, fault=each.injected.fault))
        return tuple(each.label for each, run in runs if not _is_agreed(run, self._settings))

    def inject(self, fault_id: str, params: Mapping[str, str], for_s: float) -> Injection:
        """Start what was agreed to; what was not is planned now. Raises `NotInjected`, `NoSuchFault`, a `JournalError`.

        Whether it was injected is known when its run has ended: `injections` says so.
        """
        wanted = Injected(fault=fault_id, params=dict(params), for_s=for_s)
        with self._lock, closing(open_journal(self._settings.journal)) as journal:
            agreed = self._next(wanted)
            if agreed is None:
                agreed = self.agree(plan_fault(self._scenario, wanted, self._settings, journal))
            if journal.load_run(agreed.run).state in ("planned", "approved"):  # else somebody has started it
                self._start(agreed, journal)
            agreed.is_started = True
            return _injection(agreed, journal.load_run(agreed.run))

    def lasts_s(self, fault_id: str) -> float:
        """As long as the action lasts where nobody says how long."""
        from actions.catalogue.chaos_inject import LASTS_S

        del fault_id
        return LASTS_S

    def injections(self) -> tuple[Injection, ...]:
        """All that were started, with how far they are now. Raises a `JournalError`."""
        with self._lock:
            self._mind_watchdog()
            with closing(open_journal(self._settings.journal, read_only=True)) as journal:
                return tuple(
                    _injection(each, journal.load_run(each.run)) for each in self._agreed if each.is_started
                )

    def close(self) -> None:
        """Cancel what was not started, lift the rest. Raises `NotLifted`; the watchdog then goes on trying."""
        with self._lock:
            if self._is_closed:
                return
            self._mind_watchdog()
            self._is_closed = True
            end_watchdog(self._watchdog, END_S)
            late = [each for each in self.injections() if each.state not in ("lifted", "failed")]
        if late:
            why = say("faults.lift_goes_on", run=late[0].id)
            raise NotLifted(say("faults.not_lifted", fault=late[0].fault, why=why))

    def _next(self, wanted: Injected) -> Agreed | None:
        """The earliest on the time line; when it was due is no part of it."""
        fits = (each for each in self._agreed if not each.is_started)
        return next((each for each in fits if each.injected.model_copy(update={"at_s": 0.0}) == wanted), None)

    def _start(self, agreed: Agreed, journal: Journal) -> None:
        try:
            begun = start(journal, self._settings, agreed.run, read_identity(journal), {})
        except ActionFailed as error:
            fault = agreed.injected.fault
            raise NotInjected(say("faults.not_injected", fault=fault, why=error.message)) from error
        if isinstance(begun, Refused):
            raise NotInjected(say("faults.not_injected", fault=agreed.injected.fault, why=begun.message))

    def _start_watchdog(self) -> subprocess.Popen[bytes]:
        settings = settings_for_pipe(self._settings) + b"\n"
        return start_watchdog(self._folder, "drills.configured.watchdog", first_line=settings)

    def _mind_watchdog(self) -> None:
        """One that has died is started anew, and knows all."""
        if self._is_closed or self._watchdog.poll() is None:
            return
        end_watchdog(self._watchdog, END_S)
        with suppress(OSError, NotInjected):
            self._watchdog = self._start_watchdog()
            for each in self._agreed:
                self._tell_watchdog(each)

    def _tell_watchdog(self, agreed: Agreed) -> None:
        write_to_watchdog(self._watchdog, json.dumps(str(agreed.run)).encode() + b"\n")


def _is_agreed(run: Run, settings: RunSettings) -> bool:
    if not needs_second(run.action, run.planned.danger, settings.actions):
        return True
    people = {approval.identity for approval in run.approvals}
    return len(run.approvals) > 1 if settings.actions.alone else len(people) > 1


def _injection(agreed: Agreed, run: Run) -> Injection:
    since = run.started_at or run.planned_at
    until = run.until or since + dt.timedelta(seconds=agreed.injected.for_s)
    state = _state(run, until)
    return Injection(
        id=agreed.label,
        fault=agreed.injected.fault,
        params=agreed.injected.params,
        state=state,
        since=since,
        until=until,
        lifted_at=run.events[-1].at if state in ("lifted", "failed") else None,
        detail=run.said.message if run.said is not None and state == "failed" else None,
    )


def _state(run: Run, until: dt.datetime) -> State:
    """A run that failed once it had begun may have broken something: it is lifted like any other."""
    if run.state == "undone":
        return "lifted"
    if run.has_ended and not run.was_begun:
        return "failed"
    if not run.has_ended:
        return "injecting"
    is_injected = run.state == "finished" and dt.datetime.now(dt.UTC) < until
    return "injected" if is_injected else "lifting"
