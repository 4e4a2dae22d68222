"""An Alertmanager (API v2): the alerts that reached it, and its word on which of them nobody is told of.

Source of the shapes: Alertmanager's `api/v2/openapi.yaml`.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.errors import BadQuery
from core.text import clean
from core.times import parse_time
from signals.alerts.model import Alert, Alerts, AlertState, Quiet
from signals.connections.http import HttpClient
from signals.regex import compile_regex

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
    """A silence in force; it covers the alerts that meet all its matchers. Times are Unix seconds."""

    id: str
    matchers: tuple[Matcher, ...]
    created_by: str
    comment: str
    ends: float
    begins: float = 0.0

    def covers(self, labels: Mapping[str, str]) -> bool:
        """Whether it silences an alert with these labels; one without matchers covers nothing."""
        return bool(self.matchers) and all(matcher.matches(labels) for matcher in self.matchers)

    def quiet(self) -> Quiet:
        """Who wanted it so, and for how long."""
        return Quiet(self.begins, self.ends, clean(f"{self.created_by}: {self.comment}".strip(": "), 200))


@dataclass(frozen=True, slots=True)
class Held:
    """What an Alertmanager holds: alerts, each with its own word on it, and the silences in force."""

    alerts: tuple[Alert, ...]
    silences: tuple[Silence, ...]
    at: float
    source: str


class AlertmanagerSource:
    """An `AlertSource`, and what knows the silences. It has no rules and no pending alerts."""

    name = "alertmanager"
    remote = True

    def __init__(self, settings: AlertmanagerSettings) -> None:
        self._http = HttpClient(self.name, settings)

    async def alerts(self) -> Alerts:
        """Alerts that it holds; silenced and inhibited ones say so. Raises a `SourceError`."""
        held = await self.held()
        return Alerts(held.alerts, 0, (), held.at, self.name, silences_known=True)

    async def held(self) -> Held:
        """Alerts and silences of one moment. Raises a `SourceError`."""
        alerts, silences = await asyncio.gather(self._http.get("/api/v2/alerts"), self.silences())
        read = self._http.parsed(alerts, lambda body: _alerts(_items(body), silences, self.name))
        return Held(read, silences, time.time(), self.name)

    async def silences(self) -> tuple[Silence, ...]:
        """The silences in force now. Raises a `SourceError`."""
        response = await self._http.get("/api/v2/silences")
        return self._http.parsed(
            response,
            lambda body: tuple(
                _silence(item) for item in _items(body) if item["status"]["state"] == "active"
            ),
        )

    async def started_at(self) -> float:
        """When it was started (Unix seconds). Raises a `SourceError`."""
        response = await self._http.get("/api/v2/status")
        return self._http.parsed(response, lambda body: parse_time(json.loads(body.body)["uptime"]))

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()


def _alerts(items: list[dict[str, Any]], silences: Sequence[Silence], source: str) -> tuple[Alert, ...]:
    by_id = {silence.id: silence.quiet() for silence in silences}
    names = {item["fingerprint"]: clean(item["labels"].get("alertname", "")) for item in items}
    return tuple(_alert(item, by_id, names, source) for item in items)


def _alert(
    item: dict[str, Any], silences: Mapping[str, Quiet], names: Mapping[str, str], source: str
) -> Alert:
    labels = {clean(name): clean(value) for name, value in item["labels"].items()}
    status, state, quiet = item["status"], AlertState.FIRING, None
    silenced_by = [silences.get(clean(silence)) for silence in status["silencedBy"]]
    inhibited_by = [names.get(fingerprint, "?") for fingerprint in status.get("inhibitedBy") or ()]
    muted_by = [clean(name) for name in status.get("mutedBy") or ()]  # time intervals, since 0.28
    if silenced_by:
        state = AlertState.SILENCED
        # The first that began, as long as it is known when it did.
        known = sorted((each for each in silenced_by if each is not None), key=lambda each: each.since or 0.0)
        quiet = known[0] if known else Quiet(None, None, "")
    elif inhibited_by:
        state, quiet = AlertState.INHIBITED, Quiet(None, None, ", ".join(dict.fromkeys(inhibited_by)))
    elif muted_by:
        state, quiet = AlertState.SILENCED, Quiet(None, None, ", ".join(muted_by))
    elif status["state"] == "suppressed":
        state, quiet = AlertState.SILENCED, Quiet(None, None, "")
    return Alert(
        name=labels.get("alertname", ""),
        state=state,
        severity=labels.get("severity", ""),
        labels=labels,
        annotations={clean(name): clean(value) for name, value in item["annotations"].items()},
        since=parse_time(item["startsAt"]),
        value=None,
        expr="",
        source=source,
        quiet=quiet,
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
        ends=parse_time(item["endsAt"]),
        begins=parse_time(item["startsAt"]),
    )


def _items(response: HttpResponse) -> list[dict[str, Any]]:
    items = json.loads(response.body)
    if not isinstance(items, list):
        raise TypeError
    return items
