"""Alerts, the rules behind them, and what every source of alerts promises (see `signals.metrics.model` for how)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.message import Message


class AlertState(StrEnum):
    """In this order of loudness; the last two are known to somebody, or stand behind an alert that is worse."""

    FIRING = "firing"
    PENDING = "pending"
    SILENCED = "silenced"
    INHIBITED = "inhibited"

    @property
    def fires(self) -> bool:
        """Whether the rule holds long enough, also where nobody is told of it."""
        return self is not AlertState.PENDING


class Urgency(StrEnum):
    """Who is to be told, as the configuration reads it from severity and name."""

    PAGE = "page"
    TICKET = "ticket"
    NOTE = "note"
    HEARTBEAT = "heartbeat"  # always firing: its absence is the alarm


@dataclass(frozen=True, slots=True)
class Quiet:
    """Why nobody is told of an alert that fires. `since` and `until` are Unix seconds, None where nobody says.

    `by` is who silenced it and why, or which alert inhibits it.
    """

    since: float | None
    until: float | None
    by: str


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert instance. `since` is when it began to fire; of a pending one, when it became active (Unix seconds).

    `fires_at` is when a pending alert will fire if it goes on. `held`: whether the Alertmanager has it; None where nobody
    knows, or it is not to be sent. `urgency` is filled in by `failover`.
    """

    name: str
    state: AlertState
    severity: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    since: float
    value: float | None
    expr: str
    source: str
    fires_at: float | None = None
    quiet: Quiet | None = None
    held: bool | None = None
    urgency: Urgency = Urgency.TICKET

    @property
    def state_since(self) -> float:
        """When its present state began: of a silenced one the silence, where that is known."""
        if self.quiet is None or self.quiet.since is None:
            return self.since
        return max(self.since, self.quiet.since)


@dataclass(frozen=True, slots=True)
class Alerts:
    """All active alerts; `rules` counts the rules that were evaluated, `broken` names those that could not be.

    `silences_known`: whether an Alertmanager said which alerts are silenced or inhibited. `unheard` are
    heartbeats that do not come, and pages that do not reach the Alertmanager, with the reason.
    """

    alerts: tuple[Alert, ...]
    rules: int
    broken: tuple[tuple[str, Message], ...]
    at: float
    source: str
    silences_known: bool = False
    unheard: tuple[tuple[str, Message], ...] = ()

    @property
    def evaluated(self) -> bool:
        """Whether silence says something: rules were evaluated, or a heartbeat came through."""
        return self.rules > 0 or any(alert.urgency is Urgency.HEARTBEAT for alert in self.alerts)


@dataclass(frozen=True, slots=True)
class AlertRule:
    """One alert rule. `for_s` is how long it has to hold before it fires; `place` is its file, or who evaluates it.

    `evaluated`: whether that happened at least once; `error` is what the last evaluation said, empty when it went well.
    """

    name: str
    expr: str
    for_s: float
    place: str
    evaluated: bool = True
    error: str = ""


class AlertSource(Protocol):
    """Something that knows which alerts are active."""

    @property
    def name(self) -> str: ...

    @property
    def remote(self) -> bool: ...

    async def alerts(self) -> Alerts: ...


@runtime_checkable
class RuleSource(Protocol):
    """A source of alerts that knows the rules behind them."""

    async def rules(self) -> tuple[AlertRule, ...]:
        """Every alert rule that it evaluates."""
        ...
