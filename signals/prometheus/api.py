"""Prometheus' HTTP API (its documentation, "HTTP API"): answers read into our models, and ours written as JSON.

What prometheus-api-client does here, and why no more: it reads what a server answered (`custom_query`,
`custom_query_range`, `get_label_values`, `get_targets`). It does not talk: its requests block a thread, are bounded
neither in size nor by one deadline for the whole answer, can't be cancelled, and put also a POSTed query into the URL.
So our own client talks (`signals.prometheus.source`), and the library gets the answer in place of a connection. Its
`MetricsList` would need pandas.

The `read_…` functions take an answer with status 200; one of another shape makes them raise `KeyError`, `TypeError`,
`ValueError` …, which `HttpClient.parsed` turns into a `BadAnswer`.
"""

from __future__ import annotations

import json
import math
import sys
import time
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeAlias

from core.errors import NotSupported
from core.message import say
from core.text import clean
from core.times import parse_time
from signals.alerts.model import Alert, AlertRule, Alerts, AlertState
from signals.metrics.model import Target
from signals.reading import Answer, MetricNames, Series, format_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from core.message import Message
    from signals.connections.http import HttpResponse

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"

_NEVER_EVALUATED = "0001-"
"""How Go's zero time begins."""


class _Answered:
    """The part of `requests.Session` that the library uses; its only request has been answered already."""

    verify, cert = True, None

    def __init__(self, response: HttpResponse) -> None:
        self.status_code, self.content = response.status, response.body
        self._document: Any = None

    def library(self) -> Any:
        """The library's client; it has no useful types."""
        with _no_charset_detection():
            from prometheus_api_client import PrometheusConnect

        session: Any = self
        return PrometheusConnect(url="", session=session)

    def mount(self, *_: object) -> None:
        """There is no connection to set up."""

    def request(self, **_: object) -> _Answered:
        """The response, which is this object, too."""
        return self

    def json(self) -> Any:
        """The document, decoded once."""
        if self._document is None:
            self._document = json.loads(self.content)
        return self._document

    def warnings(self) -> tuple[str, ...]:
        """The server's `warnings` and `infos`, which the library leaves out."""
        document = self.json()
        return tuple(clean(str(text)) for kind in ("warnings", "infos") for text in document.get(kind) or ())


@contextmanager
def _no_charset_detection() -> Iterator[None]:
    """Requests is imported without what guesses encodings: 3 MB for nothing, as it gets no answer to decode.

    It wants to be told a version that it knows, else it warns.
    """
    if "requests" in sys.modules:
        yield
        return
    absent = ModuleType("charset_normalizer")
    vars(absent)["__version__"] = "3.0.0"
    has_it = sys.modules.setdefault(absent.__name__, absent)
    try:
        yield
    finally:
        if has_it is absent:
            del sys.modules[absent.__name__]


def read_query(response: HttpResponse, expr: str, at: float, source: str) -> Answer:
    """The answer to an instant query."""
    answered = _Answered(response)
    result = answered.library().custom_query(expr)
    kind, warnings = answered.json()["data"]["resultType"], answered.warnings()
    if kind == "string":
        return Answer(expr, "string", (), source, at, clean(str(result[1])), warnings)
    if kind == "scalar":
        return Answer(expr, "scalar", (_series({}, [result]),), source, at, warnings=warnings)
    _refuse_histograms(result, source)
    if kind == "matrix":  # a range selector alone
        series = tuple(_series(item["metric"], item["values"]) for item in result)
        return Answer(expr, "matrix", series, source, at, warnings=warnings)
    series = tuple(_series(item["metric"], [item["value"]]) for item in result)
    return Answer(expr, "vector", series, source, at, warnings=warnings)


def read_range(response: HttpResponse, expr: str, end: float, source: str) -> Answer:
    """The answer to a range query."""
    import datetime as dt

    answered = _Answered(response)
    unused = dt.datetime.fromtimestamp(0, dt.UTC)
    result = answered.library().custom_query_range(expr, unused, unused, "")
    _refuse_histograms(result, source)
    series = tuple(_series(item["metric"], item["values"]) for item in result)
    return Answer(expr, "matrix", series, source, end, warnings=answered.warnings())


def _refuse_histograms(result: list[Any], source: str) -> None:
    """A series of native histograms has no numbers to show; raises `NotSupported` that says what to ask instead."""
    if any("histogram" in item or "histograms" in item for item in result):
        raise NotSupported(say("signals.native_histogram", source=source))


def read_metric_names(response: HttpResponse, source: str) -> MetricNames:
    """The values of the label `__name__`, with the server's warnings."""
    answered = _Answered(response)
    values = answered.library().get_label_values("")
    if not isinstance(values, list):
        raise TypeError("no list")
    return MetricNames.of((clean(str(value)) for value in values), source, answered.warnings())


def read_targets(response: HttpResponse) -> tuple[Target, ...]:
    """Every active target, with what its last scrape said."""
    return tuple(
        Target(
            instance=clean(target["labels"].get("instance", "")),
            job=clean(target["labels"].get("job", "")),
            up=target["health"] == "up",
            error=_scrape_error(target.get("lastError", "")),
        )
        for target in _Answered(response).library().get_targets()["activeTargets"]
    )


def _scrape_error(text: str) -> Message | None:
    return say("signals.scrape_error", detail=clean(text, 160)) if text else None


def read_alert_rules(response: HttpResponse, source: str) -> tuple[AlertRule, ...]:
    """Every alert rule."""
    return tuple(
        AlertRule(
            name=clean(rule["name"]),
            expr=clean(rule["query"], 2000),
            for_s=float(rule["duration"]),
            place=source,
            evaluated=not str(rule.get("lastEvaluation", "")).startswith(_NEVER_EVALUATED),
            error=clean(rule.get("lastError", ""), 160),
        )
        for rule in _rules(response)
        if rule.get("type") == "alerting"
    )


def read_alerts(response: HttpResponse, source: str) -> Alerts:
    """The active alerts of all rules, and the rules that could not be evaluated, or were not yet."""
    broken: list[tuple[str, Message]] = []
    alerts: list[Alert] = []
    evaluated = 0
    for group in _groups(response):
        interval_s = float(group.get("interval") or 0.0)
        for rule in group["rules"]:
            if rule.get("type", "alerting") != "alerting":
                continue
            if rule.get("health") == "err":
                detail = clean(rule.get("lastError", ""))
                broken.append((clean(rule["name"]), say("signals.bad_query", source=source, detail=detail)))
            elif str(rule.get("lastEvaluation", "")).startswith(_NEVER_EVALUATED):
                broken.append((clean(rule["name"]), say("signals.not_evaluated", source=source)))
                continue
            evaluated += 1
            alerts += [_alert(rule, interval_s, alert, source) for alert in rule.get("alerts") or ()]
    return Alerts(tuple(alerts), evaluated, tuple(broken), time.time(), source)


def _groups(response: HttpResponse) -> list[dict[str, Any]]:
    """All groups of rules, as they stand there; the library knows nothing of rules."""
    groups: list[dict[str, Any]] = json.loads(response.body)["data"]["groups"]
    return groups


def _rules(response: HttpResponse) -> list[dict[str, Any]]:
    return [rule for group in _groups(response) for rule in group["rules"]]


def _alert(rule: dict[str, Any], interval_s: float, alert: dict[str, Any], source: str) -> Alert:
    """`activeAt` is when it began to be pending: it fires at the first evaluation after its `for` (`duration`)."""
    labels = {clean(name): clean(value) for name, value in alert["labels"].items()}
    active_at, wait_s = parse_time(alert["activeAt"]), float(rule.get("duration") or 0.0)
    if interval_s > 0:
        wait_s = math.ceil(wait_s / interval_s - 1e-6) * interval_s
    firing = alert["state"] == "firing"
    return Alert(
        name=labels.get("alertname", clean(rule["name"])),
        state=AlertState.FIRING if firing else AlertState.PENDING,
        severity=labels.get("severity", ""),
        labels=labels,
        annotations={clean(name): clean(value) for name, value in alert.get("annotations", {}).items()},
        since=min(active_at + wait_s, max(active_at, time.time())) if firing else active_at,
        value=float(alert["value"]),
        expr=clean(rule["query"]),
        source=source,
        fires_at=None if firing else active_at + wait_s,
    )


def _series(metric: Mapping[str, str], samples: list[Any]) -> Series:
    labels = tuple(sorted((clean(name), clean(value)) for name, value in metric.items()))
    times, values = zip(*((float(at), float(value)) for at, value in samples), strict=True)
    return Series(labels, times, values)


def answer_to_json(answer: Answer) -> dict[str, Json]:
    """`{"resultType", "result"}`; times are Unix seconds, values are strings."""
    if answer.kind == "string":
        return {"resultType": "string", "result": [_time(answer.at), answer.text]}
    if answer.kind == "scalar":
        return {"resultType": "scalar", "result": _sample(answer.series[0], 0)}
    result: list[Json] = []
    times: dict[int, list[Json]] = {}  # those of a range are the same for most series
    for series in answer.series:
        labels: dict[str, Json] = dict(series.labels)
        if answer.kind == "vector":
            result.append({"metric": labels, "value": _sample(series, 0)})
        else:
            own_times = times.get(id(series.times)) or list(map(_time, series.times))
            times[id(series.times)] = own_times
            samples: list[Json] = [
                [at, format_value(value)] for at, value in zip(own_times, series.values, strict=True)
            ]
            result.append({"metric": labels, "values": samples})
    return {"resultType": answer.kind, "result": result}


def _sample(series: Series, index: int) -> list[Json]:
    return [_time(series.times[index]), format_value(series.values[index])]


def _time(at: float) -> Json:
    rounded = round(at, 3)
    return int(rounded) if rounded == int(rounded) else rounded
