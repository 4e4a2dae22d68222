"""What all screens know of incidents and runbooks: fed by the journal's thread, read by every page.

A key that writes starts a coroutine with `do`: whatever comes of it, a sentence or an error, is the notice line.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, TypeVar

from response.checklist import Missing
from tui.feeds.journal import JournalState
from tui.incident.alerts import LOOK_S, AlertWatch

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any
    from uuid import UUID

    from textual.screen import Screen

    from core.message import Message
    from incidents.events.body import Body
    from incidents.settings import UpdateSettings
    from runbooks.library import Library
    from runbooks.model import Runbook
    from runbooks.settings import RunbooksSettings
    from tui.config.load import Config
    from tui.face import Face
    from tui.feeds.journal import IncidentSnapshot, JournalThread

R = TypeVar("R")
NEWS_S = 60.0
"""An incident that others opened longer ago is no news."""
SLOW_S = 0.4
"""A write that takes longer is said to be under way."""


class IncidentContext:
    """The incidents that are known, the journal's state, the library, and the desk where events are written."""

    def __init__(self, face: Face) -> None:
        self.face = face
        self.seen: dict[UUID, IncidentSnapshot] = {}
        self.journal = JournalState()
        self.follower: JournalThread | None = None
        self.updates: UpdateSettings | None = None
        self.library: Library | None = None
        self.chosen: UUID | None = None
        self._waited, self._most_spooled = False, 0
        self._deferred: tuple[Screen[Any], Callable[[], None]] | None = None
        self._alerts = AlertWatch()
        self._runbooks: RunbooksSettings | None = None

    @property
    def actor(self) -> str:
        """Who writes here."""
        return self.follower.actor if self.follower else ""

    def open(self, config: Config) -> None:
        """Start the thread that follows the journal of `config`, and read the runbooks."""
        from core.text import clean
        from incidents.settings import actor_name
        from tui.feeds.journal import JournalThread

        self.updates = config.incidents.updates
        actor = clean(actor_name(config.journal), 80)
        self.follower = JournalThread(config.journal, actor, self.face.post_message)
        self.follower.start()
        self._runbooks = config.runbooks
        self.read_library()
        self.face.set_interval(LOOK_S, self._look_at_alerts)

    def close(self) -> None:
        """Let the thread end; what waits is written first."""
        if self.follower:
            self.follower.stop()

    def wait_closed(self, timeout_s: float) -> bool:
        """After `close`: whether the journal has written in time what waited."""
        return self.follower is None or self.follower.wait_stopped(timeout_s)

    def exit_message(self) -> Message | None:
        """What the person should know who leaves: an open incident goes on."""
        from core.message import say

        unresolved, leading = self.worst_first(), self.leading()
        if leading is None:
            return None
        if len(unresolved) == 1:
            return say("screen.goes_on", label=leading.label, title=leading.incident.title)
        return say("screen.goes_on_many", label=leading.label, count=len(unresolved) - 1)

    def read_library(self) -> None:
        """Read the runbooks in the language of the screen, in a thread."""
        if self._runbooks is not None:
            settings, code = self._runbooks, self.face.words.code
            self.face.run_worker(
                lambda: self._load(settings, code), thread=True, group="library", exclusive=True
            )

    def update_incident(self, seen: IncidentSnapshot) -> None:
        """Keep the newest fold; what others opened or offer to this person is told."""
        before = self.seen.get(seen.incident.id)
        self.seen[seen.incident.id] = seen
        if (news := self._news(before, seen)) is not None:
            self.face.notice = news
        self.face.repaint()

    def update_journal(self, state: JournalState) -> None:
        """Say what has changed about the journal."""
        from core.message import say

        before, self.journal = self.journal, state
        if state.problem is not None:
            self.face.notice = state.problem
        elif state.away is not None and before.away is None:
            self.face.notice = state.away
        elif self._waited and state.away is None and state.spooled == 0:
            # The database is back some time before the last event is merged: only then all of them are counted.
            self.face.notice = say("screen.merged", count=self._most_spooled)
        elif state.read_only and not before.read_only:
            self.face.notice = say("journal.read_only", place=state.place)
        self._waited = state.away is not None or state.spooled > 0
        self._most_spooled = max(self._most_spooled, state.spooled) if self._waited else 0
        self._run_deferred()
        self.face.repaint()

    def update_library(self, library: Library) -> None:
        """The runbooks in the language of the screen."""
        self.library = library
        self._run_deferred()
        self.face.repaint()

    def enter(self) -> None:
        """`i`: see `tui.incident.enter`."""
        from tui.incident.enter import enter

        enter(self)

    def open_runbook(self, alert: str, panel: str) -> None:
        """`r`: see `tui.incident.enter`."""
        from tui.incident.enter import Asked, open_runbook

        open_runbook(self, Asked(alert, panel))

    def worst_first(self) -> list[IncidentSnapshot]:
        """The incidents that are not resolved."""
        unresolved = [each for each in self.seen.values() if each.incident.status != "resolved"]
        return sorted(
            unresolved,
            key=lambda each: (
                each.incident.severity,
                each.incident.status == "mitigated",
                each.incident.opened_at,
            ),
        )

    def leading(self) -> IncidentSnapshot | None:
        """The incident that every page shows: the one that was opened last here, else the worst."""
        unresolved = self.worst_first()
        chosen = next((each for each in unresolved if each.incident.id == self.chosen), None)
        return chosen or (unresolved[0] if unresolved else None)

    def runbooks_of(self, names: tuple[str, ...]) -> list[Runbook | Missing]:
        """The runbooks that an incident follows; one that is not here is said to be missing."""
        library = self.library
        return [(library.get(name) if library else None) or Missing(name) for name in names]

    def ask(self, screen: Screen[R]) -> asyncio.Future[R | None]:
        """Put a question on top at once, so that what is typed next goes there; its answer comes later."""
        future: asyncio.Future[R | None] = asyncio.get_running_loop().create_future()

        def answered(result: R | None) -> None:
            if not future.done():
                future.set_result(result)

        self.face.push_screen(screen, answered)
        return future

    def run(self, work: Coroutine[Any, Any, Message | None]) -> None:
        """Run `work`; its sentence or its error becomes the notice."""
        self.face.run_worker(self._done(work), group="incident")

    def defer(self, work: Callable[[], None], why: Message) -> None:
        """Do what a key asked for once journal and runbooks are there, if the person still looks at the same screen."""
        self._deferred = (self.face.screen, work)
        self.notify(why)

    def _run_deferred(self) -> None:
        if self._deferred is None:
            return
        (screen, work), self._deferred = self._deferred, None
        if self.face.screen is screen:
            self.notify(None)
            work()  # wishes again what still can't be done

    def notify(self, notice: Message | None) -> None:
        """Show a sentence until the next one."""
        self.face.notice = notice
        self.face.repaint()

    async def write(self, incident: UUID, body: Body) -> Message | None:
        """Write one event: returns what speaks against it, or None once it is on a disk. Raises a `JournalError`."""
        from core.message import say

        if self.follower is None:
            return say("screen.no_journal")
        writing = asyncio.ensure_future(self.follower.write(incident, body))
        await asyncio.wait((writing,), timeout=SLOW_S)
        if not writing.done():
            self.notify(say("screen.writing"))
        written = await writing
        return written.against

    async def _done(self, work: Coroutine[Any, Any, Message | None]) -> None:
        from pydantic import ValidationError

        from core.errors import WarroomError
        from core.message import say
        from tui.runtime.log import log_crash

        told: Message | None
        try:
            told = await work
        except WarroomError as error:
            told = error.message
        except ValidationError:
            told = say("screen.refused")
        except Exception as error:  # noqa: BLE001  # one key must not take the program down
            log = log_crash(error)
            told = say("cli.crashed", error=type(error).__name__, log=str(log))
        self.notify(told)

    def _news(self, before: IncidentSnapshot | None, seen: IncidentSnapshot) -> Message | None:
        from core.message import say

        incident = seen.incident
        for role, offer in incident.offers.items():
            known = before.incident.offers.get(role) if before else None
            if offer.to == self.actor and offer != known:
                return say("screen.offered_you", role=say(f"event.role_{role}"), by=offer.by)
        young = time.time() - incident.opened_at.timestamp() < NEWS_S
        if before is None and young and incident.opened_by != self.actor:
            by, title = incident.opened_by, incident.title
            return say("screen.opened_by", label=seen.label, severity=incident.severity, by=by, title=title)
        return None

    def _look_at_alerts(self) -> None:
        if not self.face.paused:
            self.face.run_worker(guarded(self._alerts.look(self)), group="alerts", exclusive=True)

    def _load(self, settings: RunbooksSettings, code: str) -> None:
        from runbooks.library import load_library
        from tui.feeds.journal import LibraryLoaded
        from tui.runtime.log import log_crash

        try:
            self.face.post_message(LibraryLoaded(load_library(settings, code)))
        except Exception as error:  # noqa: BLE001  # an incident can be led without a runbook
            log_crash(error)


async def guarded(work: Coroutine[Any, Any, None]) -> None:
    """Work that nobody asked for by a key: what goes wrong there is for the log, not the program's end."""
    from tui.runtime.log import log_crash

    try:
        await work
    except Exception as error:  # noqa: BLE001  # see above
        log_crash(error)
