"""An Alertmanager (API v2): the alerts that reached it, and the silences that say which of them are known.

Source of the shapes: Alertmanager's `api/v2/openapi.yaml`.
"""

from __future__ import annotations

import datetime as dt
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.errors import BadQuery
from core.text import clean
from signals.alerts.model import Alert, Alerts, AlertState
from signals.connections.http import HttpClient
from signals.regex import compile_regex

if TYPE_CHECKING:
    from collections.abc import Mapping

    from signals.connections.http import HttpResponse
    from signals.settings import AlertmanagerSettings


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition of a silence; a label that is missing counts as empty, a pattern must match the whole value."""

    name: str
    value: str
    is_regex: bool
    is_equal: bool

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether an alert with these labels meets the condition; a broken pattern silences nothing."""
        value = labels.get(self.name, "")
        if not self.is_regex:
            return (value == self.value) == self.is_equal
        try:
            regex = compile_regex(self.value, dot_all=False)
        except BadQuery:
            return False
        return (regex.fullmatch(value) is not None) == self.is_equal


@dataclass(frozen=True, slots=True)
class Silence:
    """An active silence; it covers the alerts that meet all its matchers."""

    id: str
    matchers: tuple[Matcher, ...]
    created_by: str
    comment: str
    ends: float

    def covers(self, labels: Mapping[str, str]) -> bool:
        """Whether it silences an alert with these labels; one without matchers covers nothing."""
        return bool(self.matchers) and all(matcher.matches(labels) for matcher in self.matchers)


class AlertmanagerSource:
    """An `AlertSource`, and what knows the silences. It has no rules and no pending alerts."""

    name = "alertmanager"
    remote = True

    def __init__(self, settings: AlertmanagerSettings) -> None:
        self._http = HttpClient(self.name, settings)

    async def alerts(self) -> Alerts:
        """Alerts that it holds; silenced ones say so, inhibited ones stay firing. Raises a `SourceError`."""
        response = await self._http.get("/api/v2/alerts", {"active": "true", "silenced": "true"})
        alerts = self._http.parsed(response, lambda body: tuple(self._alert(item) for item in _items(body)))
        return Alerts(alerts, 0, (), time.time(), self.name)

    async def silences(self) -> tuple[Silence, ...]:
        """The silences in force now. Raises a `SourceError`."""
        response = await self._http.get("/api/v2/silences")
        return self._http.parsed(
            response,
            lambda body: tuple(
                _silence(item) for item in _items(body) if item["status"]["state"] == "active"
            ),
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    def _alert(self, item: dict[str, Any]) -> Alert:
        labels = {clean(name): clean(value) for name, value in item["labels"].items()}
        return Alert(
            name=labels.get("alertname", ""),
            state=AlertState.SILENCED if item["status"]["silencedBy"] else AlertState.FIRING,
            severity=labels.get("severity", ""),
            labels=labels,
            annotations={clean(name): clean(value) for name, value in item["annotations"].items()},
            since=dt.datetime.fromisoformat(item["startsAt"]).timestamp(),
            value=None,
            expr="",
            source=self.name,
        )


def _silence(item: dict[str, Any]) -> Silence:
    return Silence(
        id=clean(item["id"]),
        matchers=tuple(
            # Older servers leave `isEqual` out: every matcher was an equal one then.
            Matcher(
                name=str(matcher["name"]),
                value=str(matcher["value"]),
                is_regex=bool(matcher["isRegex"]),
                is_equal=bool(matcher.get("isEqual", True)),
            )
            for matcher in item["matchers"]
        ),
        created_by=clean(item["createdBy"]),
        comment=clean(item["comment"]),
        ends=dt.datetime.fromisoformat(item["endsAt"]).timestamp(),
    )


def _items(response: HttpResponse) -> list[dict[str, Any]]:
    items = json.loads(response.body)
    if not isinstance(items, list):
        raise TypeError
    return items
