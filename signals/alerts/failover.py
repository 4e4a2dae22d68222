"""Which source of alerts answers when the first does not, made one with what the Alertmanager holds."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from core.errors import BadAnswer, SourceError, Unreachable
from core.message import say
from signals.alerts.merge import merge
from signals.alerts.model import Alerts, RuleSource
from signals.alerts.urgency import rated, unheard
from signals.connections.breaker import Breaker, Notice

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from signals.alerts.alertmanager import AlertmanagerSource, Held
    from signals.alerts.model import AlertRule, AlertSource
    from signals.alerts.outgoing import Outgoing
    from signals.settings import SignalsSettings

MANAGER = "alertmanager"
OUTGOING_MAX_AGE_S, OUTGOING_RETRY_S = 300.0, 60.0
"""A configuration changes seldom; some servers do not tell theirs at all."""
RESEND_S = 120.0
"""A Prometheus sends its alerts anew each minute (`--rules.alert.resend-delay`): so long an Alertmanager that has just
started may lack some."""


class Sender(Protocol):
    """What sends alerts to the Alertmanager."""

    @property
    def name(self) -> str: ...

    async def outgoing(self) -> Outgoing:
        """Under which labels."""
        ...


class AlertFailover:
    """An `AlertSource`: the first of its sources that answers and has rules, and what the Alertmanager says of its alerts."""

    def __init__(
        self,
        sources: Sequence[AlertSource],
        settings: SignalsSettings,
        notice: Callable[[Notice], None],
        manager: AlertmanagerSource | None = None,
        sender: Sender | None = None,
    ) -> None:
        self._sources = sources
        self._manager = manager
        self._sender = sender
        self._settings = settings.alerts
        # Each has its own, so that an Alertmanager that hangs does not hold up every look at the alerts.
        self._breakers = {
            source.name: Breaker(source.name, settings, remote=source.remote)
            for source in (*sources, manager)
            if source is not None
        }
        self._notice = notice
        self._outgoing: Outgoing | None = None
        self._ask_outgoing_at = 0.0
        all_sources: tuple[AlertSource, ...] = (*sources, manager) if manager else tuple(sources)
        self.name = all_sources[0].name
        self.remote = any(source.remote for source in all_sources)

    async def alerts(self) -> Alerts:
        """What the rules say and what the Alertmanager holds; when nobody answers, the first source's error."""
        (own, problem), held = await asyncio.gather(self._evaluated(), self._held())
        silent = held if isinstance(held, SourceError) else None
        held = None if isinstance(held, SourceError) else held
        if own is None and held is not None:
            own = Alerts((), 0, (), held.at, held.source)
        if own is None:
            raise problem or silent or Unreachable(say("signals.no_source"))
        self._switch(own.source, problem)
        if silent is not None:
            own = replace(own, broken=(*own.broken, (MANAGER, silent.message)))
        if held is not None:
            sends = self._sender is not None and self._sender.name == own.source
            outgoing = await self._current_outgoing() if sends else self._outgoing
            own = merge(own, held, outgoing, sends=sends)
        alerts = rated(own, self._settings)
        before = time.time() - RESEND_S
        lost = unheard(alerts, self._settings.heartbeats, before)
        if held is not None and lost and await self._has_just_started():
            lost = unheard(alerts, self._settings.heartbeats, float("-inf"))
        return replace(alerts, unheard=lost)

    async def rules(self) -> tuple[str, tuple[AlertRule, ...]]:
        """Who evaluates the rules, and which these are: the first source that has any. Raises when none answers."""
        problem: SourceError | None = None
        empty = ""
        for source in self._sources:
            if not isinstance(source, RuleSource):
                continue
            try:
                rules = await self._breakers[source.name].ask(source.rules)
            except SourceError as error:
                problem = problem or error
                continue
            if rules:
                return source.name, rules
            empty = empty or source.name
        if empty:
            return empty, ()
        raise problem or Unreachable(say("signals.no_source"))

    async def _evaluated(self) -> tuple[Alerts | None, SourceError | None]:
        """The first answer with rules in it, else the first; and why those before it do not do."""
        problem: SourceError | None = None
        empty: Alerts | None = None
        for source in self._sources:
            try:
                alerts = await self._breakers[source.name].ask(source.alerts)
            except SourceError as error:
                problem = problem or error
                continue
            if not (alerts.rules or alerts.alerts or alerts.broken):
                empty = empty or alerts
                continue
            if problem is None and empty is not None:
                problem = BadAnswer(say("signals.no_rules", source=empty.source))
            return alerts, problem
        return empty, problem

    async def _held(self) -> Held | SourceError | None:
        if self._manager is None:
            return None
        try:
            return await self._breakers[self._manager.name].ask(self._manager.held)
        except SourceError as error:
            return error

    async def _current_outgoing(self) -> Outgoing | None:
        """What was known last where nobody answers; None while nobody ever did."""
        now = time.monotonic()
        if self._sender is not None and now >= self._ask_outgoing_at:
            try:
                self._outgoing = await self._sender.outgoing()
                self._ask_outgoing_at = now + OUTGOING_MAX_AGE_S
            except SourceError:
                self._ask_outgoing_at = now + OUTGOING_RETRY_S
        return self._outgoing

    async def _has_just_started(self) -> bool:
        """Whether the Alertmanager is too young to have been sent everything."""
        if self._manager is None:
            return False
        try:
            return time.time() - await self._manager.started_at() < RESEND_S
        except SourceError:
            return False

    def _switch(self, name: str, problem: SourceError | None) -> None:
        if name == self.name:
            return
        self.name = name
        if problem is not None:
            message = say("signals.alerts_switched", source=name, detail=problem.message)
        else:
            message = say("signals.alerts_back", source=name)
        self._notice(Notice(time.time(), message))
