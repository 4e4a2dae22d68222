"""The thread that follows the journal. All that reads or writes it waits there, never the screen.

Every question goes to an executor of one worker: events keep the order of the keys that made them, and what the screen
is told never runs backwards. What the screen is told are messages of Textual, which arrive in the screen's own thread.
"""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from textual.message import Message as UiMessage

from tui.feeds.runs import RunsFeed
from tui.feeds.signals import restart_notice, until_set

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from uuid import UUID

    from actions.runner.request import RunSettings
    from core.message import Message
    from incidents.events.body import Body
    from incidents.events.event import Event
    from incidents.events.incident import Incident
    from incidents.journal import Journal
    from incidents.settings import JournalSettings, WebhookSettings
    from incidents.updates.deliver import Outcome
    from incidents.updates.update import Sending
    from response.situation import Proposal
    from response.write import Written
    from runbooks.library import Library

T = TypeVar("T")
RETRY_S = 5.0
"""Between two tries to open a journal that can't be opened."""
IDLE_POLL_S = 0.5
"""Between two looks at a journal in which nothing goes on."""
UNRESOLVED = ("open", "mitigated")


@dataclass(frozen=True, slots=True)
class IncidentSnapshot:
    """An incident as it was last folded, under the name that people call it by."""

    label: str
    incident: Incident


@dataclass(frozen=True, slots=True)
class JournalState:
    """How the journal is: `away` says why the team's database is not used, `problem` why nothing can be done at all."""

    place: str = ""
    read_only: bool = False
    away: Message | None = None
    spooled: int = 0
    problem: Message | None = None


class IncidentChanged(UiMessage):
    """An incident has new events, one's own or another's."""

    def __init__(self, snapshot: IncidentSnapshot) -> None:
        super().__init__()
        self.snapshot = snapshot

    def can_replace(self, message: UiMessage) -> bool:
        """An older fold of the same incident is not worth drawing."""
        return (
            isinstance(message, IncidentChanged) and message.snapshot.incident.id == self.snapshot.incident.id
        )


class JournalStateChanged(UiMessage):
    """The journal came, went, filled its spool or emptied it."""

    def __init__(self, state: JournalState) -> None:
        super().__init__()
        self.state = state


class LibraryLoaded(UiMessage):
    """The runbooks are read, in the language of the screen."""

    def __init__(self, library: Library) -> None:
        super().__init__()
        self.library = library


class JournalThread:
    """Opens the journal, posts what is in it and what is new, and writes; `post` must be safe to call from any thread."""

    def __init__(
        self,
        settings: JournalSettings,
        actor: str,
        post: Callable[[UiMessage], object],
        runs: RunSettings | None = None,
    ) -> None:
        self.actor = actor
        self.runs = RunsFeed(runs, post) if runs is not None else None
        self._settings, self._post_message = settings, post
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="journal watch", daemon=True)
        self._journal: Journal | None = None
        self._posted_state: JournalState | None = None

    def start(self) -> None:
        """Start the thread; the database's libraries are imported there, after the first paint."""
        self._thread.start()

    def stop(self) -> None:
        """Let the thread end once everything that waits is written."""
        self._stop.set()

    def wait_stopped(self, timeout_s: float) -> bool:
        """After `stop`: wait for the thread's end; False when it has not come in time."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def warm_up(self) -> None:
        """Open the journal now, if it is not open: a person is about to write."""
        self._executor.submit(self._open)  # what goes wrong is told to the question that follows

    async def ask(self, question: Callable[[Journal], T]) -> T:
        """Put a question to the journal, behind those that wait already. Raises what the question raises."""
        return await asyncio.wrap_future(self._executor.submit(lambda: question(self._open())))

    async def write(self, proposal: Proposal, *, expected_sequence: int | None = None) -> Written:
        """Write what is proposed, if the guard still allows it; it is on a disk when this returns.

        With `expected_sequence` only if nobody wrote since. Raises a `JournalError`.
        """
        return await self.ask(lambda journal: self._write(journal, proposal, expected_sequence))

    async def open_incident(self, bodies: Iterable[Body]) -> UUID:
        """Open an incident with its first events; returns its id. Raises a `JournalError`."""
        return await self.ask(lambda journal: self._write_opening(journal, bodies))

    async def deliver(
        self, update: Event, sendings: Sequence[Sending], webhooks: Mapping[str, WebhookSettings]
    ) -> tuple[Outcome, ...]:
        """Send a status update; what became of each sending is journalled. Raises nothing."""
        from incidents.updates.deliver import deliver

        journal = await self.ask(lambda journal: journal)
        outcomes = await asyncio.to_thread(
            lambda: asyncio.run(deliver(journal, update, self.actor, sendings, webhooks))
        )
        await self.ask(lambda journal: self._post_changed(journal, frozenset((update.chain,))))
        return outcomes

    def _open(self) -> Journal:
        if self._journal is None:
            from incidents.journal import open_journal

            self._journal = open_journal(self._settings)
        return self._journal

    def _write(self, journal: Journal, proposal: Proposal, expected_sequence: int | None) -> Written:
        from response.write import write

        try:
            return write(journal, proposal, expected_sequence=expected_sequence)
        finally:
            self._post_incident(journal, proposal.situation.incident.id)
            self._post_state(journal)

    def _write_opening(self, journal: Journal, bodies: Iterable[Body]) -> UUID:
        from response.write import write_opening

        incident = write_opening(journal, self.actor, bodies)
        self._post_incident(journal, incident)
        self._post_state(journal)
        return incident

    def _run(self) -> None:
        from core.errors import WarroomError
        from tui.runtime.log import open_log

        try:
            open_log()
            while not self._stop.is_set():
                try:
                    asyncio.run(self._until_stopped())
                except WarroomError as error:  # there is no home to keep a journal in
                    self._post_problem(error.message)
                    self._stop.wait(RETRY_S)
                except BaseException as error:  # noqa: BLE001  # a panic of a library is no Exception
                    notice = restart_notice(error)
                    self._post(notice)
                    self._post(JournalStateChanged(JournalState(problem=notice.notice.message)))
                    self._posted_state = None  # what is known when it runs again is said
                    self._stop.wait(RETRY_S)
        finally:
            self._executor.shutdown(wait=True)
            if self._journal is not None:
                self._journal.close()

    async def _until_stopped(self) -> None:
        works = [self._follow()] if self.runs is None else [self._follow(), self._follow_runs(self.runs)]
        following = [asyncio.create_task(work) for work in works]
        ending = asyncio.create_task(until_set(self._stop))
        await asyncio.wait((*following, ending), return_when=asyncio.FIRST_COMPLETED)
        ended = [task for task in following if task.done()]
        for task in following:
            task.cancel()
        await asyncio.wait(following)
        for task in ended:
            task.result()  # raises what ended it

    async def _follow_runs(self, runs: RunsFeed) -> None:
        """Beside the incidents, once there is a journal to follow."""
        from core.errors import WarroomError

        while True:
            await self._while_idle()
            try:
                await runs.follow(await self.ask(lambda journal: journal))
            except WarroomError:  # it can't be opened, which is said by who follows the incidents
                await asyncio.sleep(RETRY_S)

    async def _follow(self) -> None:
        from incidents.journal.errors import JournalAway, JournalError

        await self._while_idle()
        from incidents.journal.watch import watch

        while True:
            try:
                async for changed in watch(await self.ask(lambda journal: journal)):
                    # An empty set says that the connection came or went: anything may have happened meanwhile.
                    await self.ask(lambda journal, ids=changed: self._post_changed(journal, ids))  # type: ignore[misc]  # mypy can't see a default as the binding of a loop
            except JournalError as error:
                if self._journal is not None and isinstance(error, JournalAway):
                    await self.ask(self._post_state)
                else:
                    self._post_problem(error.message)
                await asyncio.sleep(RETRY_S)

    async def _while_idle(self) -> None:
        """Wait until there is an incident to follow, by whomever; most days there is none."""
        from incidents.journal import JournalFile

        file = JournalFile(self._settings)
        idle = JournalState(file.place)
        while self._journal is None and await asyncio.to_thread(file.is_idle):
            if self._posted_state is None:
                self._posted_state = idle
                self._post(JournalStateChanged(idle))
            await asyncio.sleep(IDLE_POLL_S)
        if self._journal is None and self._posted_state == idle:
            self._posted_state = (
                None  # somebody opened an incident: until it is read nobody knows what is open
            )
            self._post(JournalStateChanged(JournalState()))

    def _post_all(self, journal: Journal) -> None:
        from incidents.journal.errors import JournalAway

        try:
            for summary in journal.history(statuses=UNRESOLVED):
                self._post_incident(journal, summary.id)
        except JournalAway:
            pass  # the state says so, and the watch says when it is back
        self._post_state(journal)  # last: who knows the journal's place knows what is open

    def _post_changed(self, journal: Journal, incidents: frozenset[UUID]) -> None:
        if not incidents:
            self._post_all(journal)
            return
        for incident in incidents:
            self._post_incident(journal, incident)
        self._post_state(journal)

    def _post_incident(self, journal: Journal, incident: UUID) -> None:
        self._post(IncidentChanged(IncidentSnapshot(journal.label(incident), journal.load(incident))))

    def _post_state(self, journal: Journal) -> None:
        state = JournalState(journal.place, journal.read_only, journal.away, journal.spooled())
        if state != self._posted_state:
            self._posted_state = state
            self._post(JournalStateChanged(state))

    def _post_problem(self, problem: Message) -> None:
        if self._posted_state is None or self._posted_state.problem != problem:
            self._posted_state = JournalState(problem=problem)
            self._post(JournalStateChanged(self._posted_state))

    def _post(self, message: UiMessage) -> None:
        if not self._stop.is_set():
            self._post_message(message)
