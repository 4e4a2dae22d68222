"""An Alertmanager (API v2): the alerts that reached it, and the silences that say which of them are known.

Source of the shapes: Alertmanager's `api/v2/openapi.yaml`.
"""

from __future__ import annotations

import datetime as dt
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from core.text import clean
from signals.alerts.model import Alert, Alerts, AlertState
from signals.connections.http import HttpSource

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from signals.settings import AlertmanagerSettings

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition of a silence; a label that is missing counts as empty, a pattern must match the whole value."""

    name: str
    value: str
    is_regex: bool
    is_equal: bool

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether an alert with these labels meets the condition; a broken pattern silences nothing."""
        found = labels.get(self.name, "")
        if not self.is_regex:
            return (found == self.value) == self.is_equal
        try:
            return bool(re.fullmatch(self.value, found)) == self.is_equal
        except re.error:
            return False


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
        self._http = HttpSource(self.name, settings)

    async def alerts(self) -> Alerts:
        """Alerts that it holds; silenced ones say so, inhibited ones stay firing. Raises a `SourceError`."""
        body = await self._http.get_json("/api/v2/alerts", {"active": "true", "silenced": "true"})
        found = self._shaped(lambda: tuple(self._alert(item) for item in _list(body)))
        return Alerts(found, 0, (), time.time(), self.name)

    async def silences(self) -> tuple[Silence, ...]:
        """The silences in force now. Raises a `SourceError`."""
        body = await self._http.get_json("/api/v2/silences")
        return self._shaped(
            lambda: tuple(_silence(item) for item in _list(body) if item["status"]["state"] == "active")
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

    def _shaped(self, build: Callable[[], T]) -> T:
        """Build from an answer; one of another shape is a `BadAnswer`."""
        try:
            return build()
        except (AttributeError, KeyError, ValueError, TypeError) as error:
            raise self._http.bad(f"{type(error).__name__} in the answer") from error


def _silence(item: dict[str, Any]) -> Silence:
    return Silence(
        id=clean(item["id"]),
        matchers=tuple(
            # Older servers leave `isEqual` out: every matcher was an equal one then.
            Matcher(str(one["name"]), str(one["value"]), bool(one["isRegex"]), bool(one.get("isEqual", True)))
            for one in item["matchers"]
        ),
        created_by=clean(item["createdBy"]),
        comment=clean(item["comment"]),
        ends=dt.datetime.fromisoformat(item["endsAt"]).timestamp(),
    )


def _list(body: Any) -> list[dict[str, Any]]:
    if not isinstance(body, list):
        raise TypeError
    return body
