"""What all screens know of actions: settings, who is here, the runs that go on and what is in force.

It knows no screen. Plans are made in threads of their own; whatever reads or writes the journal goes through its thread.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from core.units import quantity
from tui.actions.words import short_call
from tui.feeds.runs import RunsState
from tui.runtime.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar
    from uuid import UUID

    from actions.model import AnyAction
    from actions.runner.request import RunSettings
    from core.message import Message
    from incidents.events.run import Run
    from incidents.journal import Journal
    from response.decision import Decision, Refused
    from response.identity import Identity
    from response.offers import About, Offer
    from response.run_guard import Confirmation, Wish
    from response.runs import Begun, Prepared
    from response.situation import Situation
    from tui.actions.intent import Intent
    from tui.config.model import Config
    from tui.incident.context import IncidentContext

    T = TypeVar("T")


CATALOGUE_WAIT_S = 4.0
"""So long the palette waits for the actions, behind all that it knows already."""


class RunContext:
    """The door from screens to `response.runs`: nothing is decided here."""

    def __init__(self, incidents: IncidentContext) -> None:
        self.incidents = incidents
        self.settings: RunSettings | None = None
        self.state = RunsState()
        self._catalogue: asyncio.Task[tuple[Offer, ...] | None] | None = None
        self._is_open = asyncio.Event()
        self._identity: Identity | None = None
        self._asked_about: set[tuple[UUID, dt.datetime]] = set()

    def open(self, config: Config) -> None:
        """The configuration is read."""
        from tui.config.runs import run_settings

        self.settings = run_settings(config)
        self._catalogue = None
        self._is_open.set()

    async def catalogue(self) -> tuple[Offer, ...] | None:
        """Every action; None where it could not be read, or not in a short time.

        It is read when it is first asked for: its imports take a second in a thread, and 22 MB that a board which is only
        looked at does without.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(CATALOGUE_WAIT_S):
                await self._is_open.wait()
                if self._catalogue is None:
                    self._catalogue = asyncio.create_task(self._read_catalogue())
                return await asyncio.shield(self._catalogue)
        return None

    async def _read_catalogue(self) -> tuple[Offer, ...] | None:
        from response.offers import every_offer
        from tui.runtime.log import log_crash

        settings = self.configured()
        try:
            return await in_thread(lambda: every_offer(settings), name="read catalogue")
        except Exception as error:  # noqa: BLE001  # who then wants an action is told why
            log_crash(error)
            self._catalogue = None
            return None

    def update(self, state: RunsState) -> None:
        """What was seen last."""
        self.state = state
        self._ask_about_ends(time.time())

    def _ask_about_ends(self, now: float) -> None:
        """Before an effect ends somebody is asked whether it shall stay, once for each end."""
        from core.message import say
        from response.in_force import expiring

        for end in expiring(self.state.effects, dt.datetime.fromtimestamp(now, dt.UTC)):
            key = (end.effect.run.id, end.effect.until)
            if key not in self._asked_about:
                self._asked_about.add(key)
                what = short_call(end.effect.run.action, end.effect.run.params)
                values = {"run": end.effect.label, "what": what}
                left = quantity(max(0, round(end.left_s)), "s")
                over = say("act.is_over", **values)
                self.incidents.notify(over if end.left_s <= 0 else say("act.ends_soon", left=left, **values))

    def exit_message(self) -> Message | None:
        """What the person should know who leaves: what runs goes on."""
        from core.message import say

        going_on = [each for each in self.state.active if not each.waits]
        if not going_on:
            return None
        return say("act.runs_go_on", runs=", ".join(f"{each.label} {each.run.action}" for each in going_on))

    def check(self) -> None:
        """Look now whether what is in force really is."""
        thread = self.incidents.journal_thread
        if thread is not None and thread.runs is not None:
            thread.runs.check()

    def configured(self) -> RunSettings:
        """The settings; raises an `ActionRefused` before the configuration is read."""
        if self.settings is None:
            from actions.errors import ActionRefused
            from core.message import say

            raise ActionRefused(say("act.not_ready"))
        return self.settings

    async def identity(self) -> Identity:
        """Who is at the keyboard, by what can be proven. Raises a `JournalError`."""
        from tui.actions.identity import who

        if self._identity is None or not self._identity.proven:
            self._identity = await self.ask(who)
        return self._identity

    async def ask(self, question: Callable[[Journal], T]) -> T:
        """Put a question to the journal. Raises what the question raises."""
        return await self.incidents.opened_journal().ask(question)

    async def load(self, question: Callable[[Journal], T]) -> T:
        """The same beside the desk: what only reads, again and again, must keep nobody from writing."""
        journal = await self.ask(lambda journal: journal)
        return await in_thread(lambda: question(journal), name="read run")

    async def find(self, action_id: str) -> AnyAction:
        """The action; raises `NoSuchAction`. The first time the catalogue is imported, in a thread."""
        from actions.registry import find_action

        settings = self.configured()
        return await in_thread(lambda: find_action(settings.actions, action_id), name="find action")

    async def prepare(self, intent: Intent, *, warm: bool) -> Prepared | Refused:
        """What would be done now; with `warm` a runner is started beside it. Raises an `ActionError` or a `SourceError`."""
        from response.runs import prepare

        settings, identity = self.configured(), await self.identity()
        work = partial(prepare, settings, intent.action, intent.params, identity.actor)
        return await in_thread(lambda: work(lasts_s=intent.lasts_s, warm=warm), name="plan")

    def situation(self, intent: Intent, identity: Identity) -> Situation | None:
        """The incident that it belongs to, as this person has it in front of them."""
        known = self.incidents.snapshots.get(intent.incident) if intent.incident else None
        if known is None:
            return None
        return replace(self.incidents.situation(known), actor=identity.actor, now=dt.datetime.now(dt.UTC))

    async def wish(self, intent: Intent, prepared: Prepared) -> Wish:
        """The plan as something that this person wants to run."""
        from response.run_guard import Wish
        from response.runs import beside_open_incidents

        settings, identity = self.configured(), await self.identity()
        wish = Wish(
            plan=prepared.plan,
            identity=identity,
            situation=self.situation(intent, identity),
            runbook=intent.runbook,
            step=intent.step,
            undoes=intent.undoes,
        )
        return await self.load(lambda journal: beside_open_incidents(journal, settings, wish))

    def may_plan(self, wish: Wish) -> Decision:
        """Whether the plan may be run, once it is confirmed."""
        from response.run_guard import may_plan

        return may_plan(wish, self.configured().actions)

    async def begin(self, intent: Intent, prepared: Prepared, confirmation: Confirmation) -> Begun | Refused:
        """Write it down and start it. Raises a `JournalError`, `BadParameter` or `ActionFailed`."""
        from response.runs import begin

        settings, wish = self.configured(), await self.wish(intent, prepared)
        return await self.ask(lambda journal: begin(journal, settings, prepared, wish, confirmation))

    async def offers(self, about: About) -> tuple[Offer, ...]:
        """What fits what somebody looks at. The first time the catalogue is imported, in a thread."""
        from response.offers import offers

        settings = self.configured()
        return await in_thread(lambda: offers(about, settings), name="offers")

    async def holder(self, resource: str) -> tuple[str, Run] | None:
        """The run that has a resource for itself now. Raises a `JournalError`."""

        def question(journal: Journal) -> tuple[str, Run] | None:
            run = journal.holder(resource) if resource else None
            return None if run is None else (journal.run_label(run), journal.load_run(run))

        return await self.load(question)
