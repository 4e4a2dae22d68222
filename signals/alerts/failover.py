"""Which source of alerts answers when the first does not, with the silences of an Alertmanager laid over it."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from core.errors import SourceError, Unreachable
from core.message import say
from signals.alerts.model import AlertState
from signals.connections.breaker import Breaker, Notice

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from signals.alerts.alertmanager import AlertmanagerSource
    from signals.alerts.model import Alerts, AlertSource
    from signals.settings import SignalsSettings


class AlertFailover:
    """An `AlertSource`: the first of its sources that answers, with the silences of an Alertmanager laid over it."""

    def __init__(
        self,
        sources: Sequence[AlertSource],
        settings: SignalsSettings,
        notice: Callable[[Notice], None],
        silencer: AlertmanagerSource | None = None,
    ) -> None:
        self._sources = sources
        self._silencer = silencer
        # Each has its own, so that an Alertmanager that hangs does not hold up every look at the alerts.
        self._breakers = {
            source.name: Breaker(source.name, settings, remote=source.remote)
            for source in (*sources, silencer)
            if source is not None
        }
        self._notice = notice
        self.name = sources[0].name
        self.remote = any(source.remote for source in sources)

    async def alerts(self) -> Alerts:
        """The first answer; when none comes, the first source's error."""
        problem: SourceError | None = None
        for source in self._sources:
            try:
                alerts = await self._breakers[source.name].ask(source.alerts)
            except SourceError as error:
                problem = problem or error
                continue
            self._switch(source.name, problem)
            return alerts if source is self._silencer else await self._with_silences(alerts)
        raise problem or Unreachable(say("signals.no_source"))

    def _switch(self, name: str, problem: SourceError | None) -> None:
        if name == self.name:
            return
        self.name = name
        if problem is not None:
            message = say("signals.alerts_switched", source=name, detail=problem.message)
        else:
            message = say("signals.alerts_back", source=name)
        self._notice(Notice(time.time(), message))

    async def _with_silences(self, alerts: Alerts) -> Alerts:
        """Without an answer about silences every alert keeps its state, and the gap is named."""
        if self._silencer is None or not alerts.alerts:
            return alerts
        try:
            silences = await self._breakers[self._silencer.name].ask(self._silencer.silences)
        except SourceError as error:
            return replace(alerts, broken=(*alerts.broken, (self._silencer.name, error.message)))
        marked = (
            replace(alert, state=AlertState.SILENCED)
            if any(silence.covers(alert.labels) for silence in silences)
            else alert
            for alert in alerts.alerts
        )
        return replace(alerts, alerts=tuple(marked))
