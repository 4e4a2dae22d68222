"""What burns at the moment in which somebody wants to resolve an incident on the command line."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from core.message import say
from panels.alerts import active_alerts
from panels.naming import resolve_objections
from tui.cli.incident.step import has_sources
from tui.cli.resources import poll_panels_once

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.message import Message
    from panels.state import PanelState
    from response.situation import Situation
    from tui.config.model import Config

WAIT_S = 3.0
"""So long a rate may take to its second sample: who resolves an incident has looked at the board before."""


def with_burning(situation: Situation, config: Config) -> Situation:
    """The situation with what burns now, where any source is configured; of one that is over already nothing is asked."""
    if situation.incident.status == "resolved" or not has_sources(config):
        return situation
    states = asyncio.run(poll_panels_once(config, WAIT_S))
    active, known = active_alerts(states)
    again = _firing_again(situation, states)
    return replace(
        situation, burning=(*resolve_objections(states), *again), active_alerts=active, alerts_known=known
    )


def _firing_again(situation: Situation, states: tuple[PanelState, ...]) -> Iterator[Message]:
    """Attached alerts that had stopped, as the journal has it, and fire now; no screen may have been there to see it."""
    firing = {
        alert.name
        for state in states
        if state.alerts is not None
        for alert in state.alerts.alerts
        if alert.state.fires
    }
    for alert in situation.incident.alerts.values():
        if alert.resolved_at is not None and alert.name in firing:
            yield say("response.alert_firing", alert=alert.name)
