"""A Prometheus server: queries through prometheus-api-client, everything else through httpx.

The library is synchronous, so threads of the source's own call it: a slow Prometheus keeps no thread from anybody
else. Its requests leave through `prometheus_wire`.
"""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from core.errors import BadQuery, SourceError, TimedOut
from core.message import say
from core.text import clean
from signals.alerts.model import Alert, AlertRule, Alerts, AlertState
from signals.connections.http import HttpSource
from signals.metrics.model import Target
from signals.reading import Answer, Series

if TYPE_CHECKING:
    from collections.abc import Callable

    from signals.settings import PrometheusSettings

T = TypeVar("T")

QUESTIONS_AT_ONCE = 16
"""Prometheus itself answers 20 at once (`--query.max-concurrency`); others ask it, too."""

_said = threading.local()
"""What the server remarked on the query that this thread has just asked: the library drops all but the result."""


class PrometheusSource:
    """A `MetricSource` and an `AlertSource`."""

    name = "prometheus"
    remote = True

    def __init__(self, settings: PrometheusSettings) -> None:
        self._settings = settings
        self._http = HttpSource(self.name, settings)
        self._client: Any = None  # prometheus_api_client has no types
        self._threads = ThreadPoolExecutor(QUESTIONS_AT_ONCE, thread_name_prefix=self.name)

    async def query(self, expr: str, at: float | None = None) -> Answer:
        """An instant query."""
        moment = time.time() if at is None else at
        data, warnings = await self._ask("custom_query", {"query": expr, "params": {"time": repr(moment)}})
        if isinstance(data, list) and data and not isinstance(data[0], dict):
            point = self._shaped(lambda: Series((), (float(data[0]),), (float(data[1]),)))
            return Answer(expr, "scalar", (point,), self.name, moment, warnings=warnings)
        series = self._shaped(lambda: tuple(self._series(item, [item["value"]]) for item in data))
        return Answer(expr, "vector", series, self.name, moment, warnings=warnings)

    async def query_range(self, expr: str, start: float, end: float, step: float) -> Answer:
        """A range query; `params` carry the exact ends past the library's rounding."""
        import datetime as dt

        first, last = (dt.datetime.fromtimestamp(at, dt.UTC) for at in (start, end))
        exact = {"start": repr(start), "end": repr(end)}
        arguments = {
            "query": expr,
            "start_time": first,
            "end_time": last,
            "step": f"{step:g}",
            "params": exact,
        }
        data, warnings = await self._ask("custom_query_range", arguments)
        series = self._shaped(lambda: tuple(self._series(item, item["values"]) for item in data))
        return Answer(expr, "matrix", series, self.name, end, warnings=warnings)

    async def metric_names(self) -> frozenset[str]:
        """All metric names of the last hour."""
        body = await self._http.get_json("/api/v1/label/__name__/values", {"start": str(time.time() - 3600)})
        names = self._data(body)
        if not isinstance(names, list):
            raise self._http.bad("no list of names")
        return frozenset(clean(str(name)) for name in names)

    async def alerts(self) -> Alerts:
        """Active alerts, with their rules' expressions."""
        body = await self._http.get_json("/api/v1/rules", {"type": "alert"})
        return self._shaped(lambda: self._read_rules(self._data(body)["groups"]))

    async def rules(self) -> tuple[AlertRule, ...]:
        """Every alert rule that is evaluated there."""
        body = await self._http.get_json("/api/v1/rules", {"type": "alert"})
        return self._shaped(
            lambda: tuple(
                AlertRule(
                    clean(rule["name"]),
                    clean(rule["query"], 2000),
                    float(rule["duration"]),
                    self.name,
                    evaluated=not str(rule.get("lastEvaluation", "")).startswith("0001-"),  # Go's zero time
                    error=clean(rule.get("lastError", ""), 160),
                )
                for group in self._data(body)["groups"]
                for rule in group["rules"]
                if rule.get("type") == "alerting"
            )
        )

    async def targets(self) -> tuple[Target, ...]:
        """Every exporter that is scraped now, with what its last scrape said."""
        body = await self._http.get_json("/api/v1/targets", {"state": "active"})
        return self._shaped(
            lambda: tuple(
                Target(
                    clean(one["labels"].get("instance", "")),
                    clean(one["labels"].get("job", "")),
                    one["health"] == "up",
                    clean(one.get("lastError", ""), 160),
                )
                for one in self._data(body)["activeTargets"]
            )
        )

    async def close(self) -> None:
        """Close the connections."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        await self._http.close()

    def _read_rules(self, groups: list[dict[str, Any]]) -> Alerts:
        rules = [rule for group in groups for rule in group["rules"]]
        broken = [
            (
                clean(rule["name"]),
                say("signals.bad_query", source=self.name, detail=clean(rule.get("lastError", ""))),
            )
            for rule in rules
            if rule.get("health") == "err"
        ]
        found = [self._alert(rule, alert) for rule in rules for alert in rule.get("alerts", ())]
        return Alerts(tuple(found), len(rules), tuple(broken), time.time(), self.name)

    def _alert(self, rule: dict[str, Any], alert: dict[str, Any]) -> Alert:
        labels = {clean(name): clean(value) for name, value in alert["labels"].items()}
        return Alert(
            name=labels.get("alertname", clean(rule["name"])),
            state=AlertState.FIRING if alert["state"] == "firing" else AlertState.PENDING,
            severity=labels.get("severity", ""),
            labels=labels,
            annotations={clean(name): clean(value) for name, value in alert.get("annotations", {}).items()},
            since=_unix(alert["activeAt"]),
            value=float(alert["value"]),
            expr=clean(rule["query"]),
            source=self.name,
        )

    def _data(self, body: Any) -> Any:
        if not isinstance(body, dict) or body.get("status") != "success":
            detail = body.get("error", "no status") if isinstance(body, dict) else "no object"
            raise self._http.bad(str(detail))
        return body["data"]

    def _series(self, item: dict[str, Any], pairs: list[Any]) -> Series:
        labels = tuple(sorted((clean(name), clean(value)) for name, value in item["metric"].items()))
        return Series(
            labels, tuple(float(pair[0]) for pair in pairs), tuple(float(pair[1]) for pair in pairs)
        )

    def _shaped(self, build: Callable[[], T]) -> T:
        """Build from an answer; one of another shape is a `BadAnswer`."""
        try:
            return build()
        except (AttributeError, KeyError, ValueError, TypeError, IndexError) as error:
            raise self._http.bad(f"{type(error).__name__} in the answer") from error

    async def _ask(self, method: str, arguments: dict[str, Any]) -> tuple[Any, tuple[str, ...]]:
        loop = asyncio.get_running_loop()
        seconds = self._settings.timeout_s
        try:
            async with asyncio.timeout(seconds):  # the wait for a free thread counts, too
                return await loop.run_in_executor(self._threads, self._ask_now, method, arguments, loop)
        except TimeoutError as error:
            raise TimedOut(say("signals.timed_out", source=self.name, seconds=seconds)) from error
        except (KeyError, ValueError, TypeError) as error:
            raise self._http.bad(f"{type(error).__name__} in the answer") from error

    def _ask_now(
        self, method: str, arguments: dict[str, Any], loop: asyncio.AbstractEventLoop
    ) -> tuple[Any, tuple[str, ...]]:
        from prometheus_api_client.exceptions import PrometheusApiClientException

        if self._client is None:
            from signals.metrics.prometheus_wire import connect

            self._client = connect(self._settings.url, self._http, loop, _listen)
        _said.warnings = ()
        try:
            data = getattr(self._client, method)(**arguments)
        except PrometheusApiClientException as error:
            raise self._explained(str(error)) from error
        return data, _said.warnings

    def _explained(self, text: str) -> SourceError:
        """The library tells the status only in its text: `HTTP Status Code 400 (b'…')`."""
        if "Code 400" in text or "Code 422" in text:
            return BadQuery(say("signals.bad_query", source=self.name, detail=clean(text, 200)))
        return self._http.bad(clean(text, 160))


def _listen(response: Any, **_: Any) -> None:
    """Keep `warnings` and `infos`; only an answer that has them is decoded twice."""
    if b'"warnings"' in response.content or b'"infos"' in response.content:
        body = response.json()
        remarks = [*(body.get("warnings") or ()), *(body.get("infos") or ())]
        _said.warnings = tuple(clean(str(remark)) for remark in remarks)


def _unix(text: str) -> float:
    import datetime as dt

    return dt.datetime.fromisoformat(text[:19] + "+00:00").timestamp()
