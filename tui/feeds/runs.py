"""Follows runs beside the incidents: which go on, what is in force, whether it really is, and whether anybody keeps it.

While something is in force and nobody on this host keeps it, this program does: it is applied again to what restarts, and
taken back when its time is over. All of it waits in threads; the screen is told by messages.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from textual.message import Message as UiMessage

from tui.runtime.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from uuid import UUID

    from actions.runner.keeper import LastRound
    from actions.runner.request import RunSettings
    from core.message import Message
    from incidents.events.run import Run
    from incidents.journal import Journal
    from incidents.journal.lease import Heartbeat
    from response.in_force import InForce

LOOK_S = 5.0
"""Between two looks at signs of life while something goes on."""
VERIFY_S = 60.0
"""Between two looks whether what is in force really is."""
KEEP_AFTER_S = 40.0
"""After so long without a round of anybody this program makes one."""
RETRY_S = 5.0


@dataclass(frozen=True, slots=True)
class Active:
    """A run that has not ended, and its last sign of life at the time of the look; None before it was claimed.

    `waits` for people: it stands still until somebody approves or starts it.
    """

    label: str
    run: Run
    beat: Heartbeat | None
    waits: bool = False

    @property
    def is_begun(self) -> bool:
        """Whether a runner has it; what was only approved runs nowhere."""
        return not self.run.is_unclaimed


@dataclass(frozen=True, slots=True)
class Checked:
    """What was seen when it was looked at `at` (Unix seconds): `ok` is None where nobody can tell."""

    at: float
    ok: bool | None
    lines: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsState:
    """What is known of runs at `at`; `problem` says why nothing newer is known. `at` is 0 before the first look.

    `is_drill`: a drill has broken something that is in force.
    """

    active: tuple[Active, ...] = ()
    effects: tuple[InForce, ...] = ()
    is_drill: bool = False
    checked: Mapping[UUID, Checked] = field(default_factory=dict)
    last_round: LastRound | None = None
    problem: Message | None = None
    at: float = 0.0


class RunsChanged(UiMessage):
    """The runs that go on, or what is in force, are others; or they were looked at again."""

    def __init__(self, state: RunsState) -> None:
        super().__init__()
        self.state = state

    def can_replace(self, message: UiMessage) -> bool:
        """Only the newest counts."""
        return isinstance(message, RunsChanged)


class Kept(UiMessage):
    """What this program did to keep what is in force."""

    def __init__(self, messages: tuple[Message, ...]) -> None:
        super().__init__()
        self.messages = messages


class RunsFeed:
    """Runs inside the journal's thread. `check` asks at once whether what is in force really is."""

    def __init__(self, settings: RunSettings, post: Callable[[UiMessage], object]) -> None:
        self._settings, self._post = settings, post
        self._state = RunsState()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._changed, self._wanted = asyncio.Event(), asyncio.Event()

    def check(self) -> None:
        """From any thread."""
        if self._loop is not None:
            with suppress(RuntimeError):  # that loop has ended
                self._loop.call_soon_threadsafe(self._wanted.set)

    async def follow(self, journal: Journal) -> None:
        """Until it is cancelled."""
        self._loop = asyncio.get_running_loop()
        self._changed, self._wanted = (
            asyncio.Event(),
            asyncio.Event(),
        )  # those of a loop before are bound to it
        self._changed.set()
        tasks = [
            asyncio.create_task(work)
            for work in (self._listen(journal), self._look(journal), self._tend(journal))
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task.done():
                    task.result()
        finally:
            for task in tasks:
                task.cancel()

    async def _listen(self, journal: Journal) -> None:
        from core.errors import WarroomError
        from incidents.journal.kinds import RUNS
        from incidents.journal.watch import watch

        while True:
            try:
                async for _ in watch(journal, RUNS):
                    self._changed.set()
            except WarroomError:
                self._changed.set()  # the look says what is wrong
                await asyncio.sleep(RETRY_S)

    async def _look(self, journal: Journal) -> None:
        """All of it after a change; between changes only signs of life, and who keeps."""
        while True:
            changed = self._changed.is_set()
            self._changed.clear()
            state = await asyncio.to_thread(self._read, journal, whole=changed)
            ids = {effect.run.id for effect in state.effects}
            checked = {run: seen for run, seen in self._state.checked.items() if run in ids}
            state = replace(state, checked=checked)  # it may have been verified while this was read
            if state != replace(self._state, at=state.at):
                self._publish(state)
            lively = bool(state.active or state.effects or state.problem)
            try:
                await asyncio.wait_for(self._changed.wait(), LOOK_S if lively else None)
            except TimeoutError:
                continue

    def _read(self, journal: Journal, *, whole: bool) -> RunsState:
        from actions.runner.keeper import last_round
        from core.errors import WarroomError
        from response.in_force import in_force, is_drill
        from response.run_guard import waits_for_people

        now = time.time()
        try:
            made = last_round(self._settings.actions)
            beats = journal.heartbeats() if whole or self._state.active else {}
            if not whole and self._state.problem is None:
                active = tuple(replace(each, beat=beats.get(each.run.id)) for each in self._state.active)
                return replace(self._state, active=active, last_round=made, at=now)
            active = tuple(
                Active(label, run, beats.get(run.id), waits_for_people(run, self._settings.actions))
                for label, run in journal.runs(active=True)
            )
            effects = in_force(journal, self._settings, dt.datetime.fromtimestamp(now, dt.UTC))
            drill = is_drill(effects, self._settings)
            return RunsState(active=active, effects=effects, is_drill=drill, last_round=made, at=now)
        except WarroomError as error:
            return replace(self._state, problem=error.message)

    async def _tend(self, journal: Journal) -> None:
        """Verify what is in force now and then, and keep it where nobody does."""
        verified_at = 0.0
        while True:
            if self._state.effects and not self._settings.actions.read_only and not journal.read_only:
                made = self._state.last_round
                if made is None or made.ago_s > KEEP_AFTER_S:
                    made = await in_thread(partial(self._keep, journal), name="keep runs")
                    self._publish(replace(self._state, last_round=made))
            effects = self._state.effects
            if effects and (self._wanted.is_set() or time.monotonic() - verified_at >= VERIFY_S):
                self._wanted.clear()
                checked = await in_thread(partial(self._verify_all, effects), name="verify runs")
                verified_at = time.monotonic()
                self._publish(replace(self._state, checked={**self._state.checked, **checked}))
            try:
                await asyncio.wait_for(self._wanted.wait(), LOOK_S)
            except TimeoutError:
                continue

    def _keep(self, journal: Journal) -> LastRound:
        from actions.runner.keeper import LastRound, sign
        from core.errors import WarroomError
        from response.identity import read_identity
        from response.in_force import keep_round

        not_kept = tuple(effect.label for effect in self._state.effects)
        try:
            sign(
                self._settings.actions, not_kept
            )  # another program on this host need not make the same round
            made = keep_round(journal, self._settings, read_identity(journal), dt.datetime.now(dt.UTC))
            changes, not_kept = made.changes, made.not_kept
            sign(self._settings.actions, not_kept)
        except WarroomError as error:
            changes = (error.message,)
        if changes:
            self._post(Kept(changes))
        return LastRound(0.0, not_kept)

    def _verify_all(self, effects: tuple[InForce, ...]) -> dict[UUID, Checked]:
        return {effect.run.id: self._verify(effect) for effect in effects}

    def _verify(self, effect: InForce) -> Checked:
        from core.errors import WarroomError
        from response.in_force import verify_now

        at = time.time()
        try:
            seen = verify_now(effect, self._settings)
        except WarroomError as error:
            return Checked(at, None, (error.message,))
        oks = [each.ok for each in seen]
        ok = False if False in oks else True if oks and all(oks) else None
        return Checked(at, ok, tuple(each.text for each in seen))

    def _publish(self, state: RunsState) -> None:
        self._state = state
        self._post(RunsChanged(state))
