"""Alerts, the rules behind them, and what every source of alerts promises (see `signals.metrics.model` for how)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.message import Message


class AlertState(StrEnum):
    FIRING = "firing"
    PENDING = "pending"
    SILENCED = "silenced"


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert instance. `since` is when it became active (Unix seconds)."""

    name: str
    state: AlertState
    severity: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    since: float
    value: float | None
    expr: str
    source: str


@dataclass(frozen=True, slots=True)
class Alerts:
    """All active alerts; `rules` counts the rules that were evaluated, `broken` names those that could not be."""

    alerts: tuple[Alert, ...]
    rules: int
    broken: tuple[tuple[str, Message], ...]
    at: float
    source: str


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
