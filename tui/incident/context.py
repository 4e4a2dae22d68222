"""What all screens know of incidents and runbooks: fed by the journal's thread, read by every page.

It knows no screen. A key that writes starts a coroutine with `run`: its message or its error becomes the notice.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from tui.feeds.journal import IncidentSnapshot, JournalState
from tui.incident.alerts import ALERT_WATCH, POLL_S, AlertWatch
from tui.runtime.exit import report_crash

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
    from typing import Any
    from uuid import UUID

    from textual.message import Message as UiMessage

    from actions.model import AnyAction
    from actions.settings import ActionsSettings
    from core.message import Message
    from incidents.events.incident import Incident, StepKey
    from incidents.settings import UpdateSettings
    from response.checklist import Missing, Row
    from response.situation import Proposal, Situation
    from response.step_actions import StepAction
    from response.write import Written
    from runbooks.checks.observation import Observation
    from runbooks.library import Library
    from runbooks.model import Runbook
    from runbooks.settings import RunbooksSettings
    from tui.config.model import Config
    from tui.feeds.journal import JournalThread
    from tui.feeds.signals import SignalsThread
    from tui.i18n import Language
    from tui.runtime.keys import InputQueue

NEW_INCIDENT_S = 60.0
"""An incident that others opened longer ago is no news."""
SLOW_WRITE_S = 0.4
"""A write that takes longer is said to be under way."""


class Host(Protocol):
    """What the context needs of the program around it: the App."""

    words: Language
    ascii_only: bool
    paused: bool
    signals_thread: SignalsThread | None
    input_queue: InputQueue

    @property
    def notice(self) -> Message | None: ...

    @notice.setter
    def notice(self, message: Message | None) -> None: ...

    @property
    def screen(self) -> object: ...

    def repaint(self) -> None: ...

    def post_message(self, message: UiMessage) -> bool: ...

    def set_interval(self, interval: float, callback: Callable[[], None]) -> object: ...

    def run_worker(
        self,
        work: Coroutine[Any, Any, None] | Callable[[], None],
        *,
        group: str,
        exclusive: bool = False,
        thread: bool = False,
    ) -> object: ...


class IncidentContext:
    """The incidents that are known, the journal's state and the library; events are written through it."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.snapshots: dict[UUID, IncidentSnapshot] = {}
        self.journal = JournalState()
        self.journal_thread: JournalThread | None = None
        self.updates: UpdateSettings | None = None
        self.library: Library | None = None
        self.chosen: UUID | None = None
        self._running = 0
        self.drafts: dict[str, tuple[str, ...]] = {}
        """What was typed into forms and is not written, by the name of the form."""
        self._was_away, self._max_spooled = False, 0
        self._deferred: tuple[object, Callable[[], None]] | None = None
        self._alerts = AlertWatch()
        self.runbooks: RunbooksSettings | None = None
        self.actions: Mapping[str, AnyAction] | None = None
        """All that there are, by id; None until a screen needed them."""
        self._action_settings: ActionsSettings | None = None
        self._reads_actions = False
        self.approved: dict[tuple[str, str], bool] = {}
        """By runbook and origin: what this person said when a check wanted to ask a host that nobody configured."""

    @property
    def actor(self) -> str:
        """Who writes here."""
        return self.journal_thread.actor if self.journal_thread else ""

    def open(self, config: Config) -> None:
        """Start the thread that follows the journal of `config`, and read the runbooks."""
        from core.text import clean
        from incidents.settings import actor_name
        from tui.config.runs import run_settings
        from tui.feeds.journal import JournalThread

        self.updates = config.incidents.updates
        actor = clean(actor_name(config.journal), 80)
        self.journal_thread = JournalThread(
            config.journal, actor, self.host.post_message, run_settings(config)
        )
        self.journal_thread.start()
        self.runbooks = config.runbooks
        self._action_settings = config.actions
        self.read_library()
        self.host.set_interval(POLL_S, self._poll_alerts)

    def close(self) -> None:
        """Let the thread end; what waits is written first."""
        if self.journal_thread:
            self.journal_thread.stop()

    def wait_closed(self, timeout_s: float) -> bool:
        """After `close`: whether the journal has written in time what waited."""
        return self.journal_thread is None or self.journal_thread.wait_stopped(timeout_s)

    def exit_message(self) -> Message | None:
        """What the person should know who leaves: an open incident goes on."""
        from core.message import say

        unresolved, current = self.worst_first(), self.current()
        if current is None:
            return None
        if len(unresolved) == 1:
            return say("screen.goes_on", label=current.label, title=current.incident.title)
        return say("screen.goes_on_many", label=current.label, count=len(unresolved) - 1)

    # What the threads post

    def read_library(self) -> None:
        """Read the runbooks in the language of the screen, in a thread."""
        if self.runbooks is not None:
            settings, code = self.runbooks, self.host.words.code
            self.host.run_worker(
                lambda: self._load_library(settings, code), thread=True, group="library", exclusive=True
            )

    def read_actions(self) -> None:
        """Read which actions there are, in a thread: most people only look, and need none of them."""
        if self._action_settings is not None and not self._reads_actions:
            self._reads_actions = True
            self.host.run_worker(self._load_actions(self._action_settings), group="actions")

    def step_actions(self, row: Row, incident: Incident | None) -> tuple[StepAction, ...]:
        """What a step offers; nothing before the actions are read."""
        if self.actions is None or self._action_settings is None:
            return ()
        from response.step_actions import step_actions

        return step_actions(row, incident, self.actions, self._action_settings)

    async def _load_actions(self, settings: ActionsSettings) -> None:
        from actions.registry import all_actions

        await log_errors(self._keep_actions(asyncio.to_thread(all_actions, settings)))

    async def _keep_actions(self, reading: Awaitable[Mapping[str, AnyAction]]) -> None:
        self.actions = await reading
        self._run_deferred()
        self.host.repaint()

    def update_incident(self, snapshot: IncidentSnapshot) -> None:
        """Keep the newest fold; what others opened, or offer to this person, becomes the notice."""
        before = self.snapshots.get(snapshot.incident.id)
        self.snapshots[snapshot.incident.id] = snapshot
        if (news := self._news(before, snapshot)) is not None:
            self.host.notice = news
        self.host.repaint()

    def update_journal(self, state: JournalState) -> None:
        """Say what has changed about the journal."""
        from core.message import say

        before, self.journal = self.journal, state
        if state.problem is not None:
            self.host.notice = state.problem
        elif state.away is not None and before.away is None:
            self.host.notice = state.away
        elif self._was_away and state.away is None and state.spooled == 0:
            # The database is back some time before the last event is merged: only then all of them are counted.
            self.host.notice = say("screen.merged", count=self._max_spooled)
        elif state.read_only and not before.read_only:
            self.host.notice = say("journal.read_only", place=state.place)
        self._was_away = state.away is not None or state.spooled > 0
        self._max_spooled = max(self._max_spooled, state.spooled) if self._was_away else 0
        self._run_deferred()
        self.host.repaint()

    def update_library(self, library: Library) -> None:
        """The runbooks in the language of the screen."""
        self.library = library
        self._run_deferred()
        self.host.repaint()

    # What is known

    def worst_first(self) -> list[IncidentSnapshot]:
        """The incidents that are not resolved."""
        unresolved = [known for known in self.snapshots.values() if known.incident.status != "resolved"]
        return sorted(
            unresolved,
            key=lambda known: (
                known.incident.severity,
                known.incident.status == "mitigated",
                known.incident.opened_at,
            ),
        )

    def current(self) -> IncidentSnapshot | None:
        """The incident that every page shows: the one that was opened last here, else the worst."""
        unresolved = self.worst_first()
        chosen = next((known for known in unresolved if known.incident.id == self.chosen), None)
        return chosen or (unresolved[0] if unresolved else None)

    def followed_runbooks(self, incident: Incident) -> tuple[Runbook | Missing, ...]:
        """The runbooks that an incident follows, with what its audits found; one that is not here is said to be missing."""
        from response.audit_items import with_found_items
        from response.checklist import Missing

        library = self.library
        books = ((library.get(name) if library else None) or Missing(name) for name in incident.runbooks)
        return with_found_items(books, incident)

    def situation(
        self,
        snapshot: IncidentSnapshot,
        observed: Mapping[StepKey, Sequence[Observation | None]] | None = None,
        burning: tuple[Message, ...] = (),
    ) -> Situation:
        """What this person has in front of them now."""
        from response.situation import Situation

        return Situation(
            label=snapshot.label,
            incident=snapshot.incident,
            actor=self.actor,
            now=dt.datetime.now(dt.UTC),
            runbooks=self.followed_runbooks(snapshot.incident),
            observed=observed or {},
            burning=burning,
        )

    # What keys start

    @property
    def is_busy(self) -> bool:
        """Whether what a key asked for is under way, or waits for an answer."""
        return self._running > 0

    def run(self, work: Coroutine[Any, Any, Message | None]) -> None:
        """Run `work`; its message or its error becomes the notice."""
        self._running += 1
        self.host.run_worker(self._notify_result(work), group="incident")

    def defer(self, work: Callable[[], None], reason: Message) -> None:
        """Do what a key asked for once journal and runbooks are there, if the same screen is still on top."""
        self._deferred = (self.host.screen, work)
        self.notify(reason)

    def notify(self, notice: Message | None) -> None:
        """Show a message until the next one."""
        self.host.notice = notice
        self.host.repaint()

    async def write(self, proposal: Proposal) -> Written:
        """Write what is proposed, if the guard still allows it. Raises a `WarroomError`."""
        from core.message import say

        writing = asyncio.ensure_future(self.opened_journal().write(proposal))
        await asyncio.wait((writing,), timeout=SLOW_WRITE_S)
        if not writing.done():
            self.notify(say("screen.writing"))
        return await writing

    def opened_journal(self) -> JournalThread:
        """The thread that writes; raises a `JournalError` where there is none."""
        if self.journal_thread is None:
            from core.message import say
            from incidents.journal.errors import JournalError

            raise JournalError(say("screen.no_journal"))
        return self.journal_thread

    async def _notify_result(self, work: Coroutine[Any, Any, Message | None]) -> None:
        from pydantic import ValidationError

        from core.errors import WarroomError
        from core.message import say

        message: Message | None
        try:
            message = await work
        except WarroomError as error:
            message = error.message
        except ValidationError:
            message = say("screen.refused")
        except Exception as error:  # noqa: BLE001  # one key must not take the program down
            key, values = report_crash(error)
            message = say(key, **values)
        finally:
            self._running -= 1
            if not self._running:
                self.host.input_queue.release()
        if message is not None or self.host.notice == say("screen.writing"):
            self.notify(message)

    def _run_deferred(self) -> None:
        if self._deferred is None:
            return
        (screen, work), self._deferred = self._deferred, None
        if self.host.screen is screen:
            self.notify(None)
            work()  # defers again what still can't be done

    def _news(self, before: IncidentSnapshot | None, snapshot: IncidentSnapshot) -> Message | None:
        from core.message import say

        incident = snapshot.incident
        for role, offer in incident.offers.items():
            known = before.incident.offers.get(role) if before else None
            if offer.to == self.actor and offer != known:
                return say("screen.offered_you", role=say(f"event.role_{role}"), by=offer.by)
        if before is not None and before.incident.status != incident.status == "resolved":
            by = next(event.actor for event in reversed(incident.events) if event.body.kind == "marked")
            if by != self.actor:
                return say("screen.resolved_by", by=by, label=snapshot.label, title=incident.title)
        is_new = time.time() - incident.opened_at.timestamp() < NEW_INCIDENT_S
        if before is None and is_new and incident.opened_by != self.actor:
            return say(
                "screen.opened_by",
                label=snapshot.label,
                severity=incident.severity,
                by=incident.opened_by,
                title=incident.title,
            )
        return None

    def _poll_alerts(self) -> None:
        journal = self.journal_thread
        if self.host.paused or journal is None or self.journal.read_only:
            return
        situations = [replace(self.situation(known), actor=ALERT_WATCH) for known in self.worst_first()]
        work = self._alerts.poll(situations, journal, self.host.signals_thread)
        self.host.run_worker(log_errors(work), group="alerts", exclusive=True)

    def _load_library(self, settings: RunbooksSettings, code: str) -> None:
        from runbooks.library import load_library
        from tui.feeds.journal import LibraryLoaded
        from tui.runtime.log import log_crash

        try:
            self.host.post_message(LibraryLoaded(load_library(settings, code)))
        except Exception as error:  # noqa: BLE001  # an incident can be led without a runbook
            log_crash(error)


async def log_errors(work: Coroutine[Any, Any, None]) -> None:
    """Work that nobody asked for by a key: what goes wrong there is for the log, not the program's end."""
    from tui.runtime.log import log_crash

    try:
        await work
    except Exception as error:  # noqa: BLE001  # see above
        log_crash(error)
