"""What a real Prometheus 2.42 answered, word for word: understood also where none is installed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from core.errors import BadAnswer, BadQuery, NotSupported
from signals.alerts.model import AlertRule, AlertState
from signals.metrics.model import Target
from signals.prometheus.source import PrometheusSource
from signals.settings import PrometheusSettings
from tests.bad_servers import body, serve
from tests.page import Page, page_server

RECORDED = json.loads((Path(__file__).parent / "recorded" / "prometheus-2.42.json").read_text())


@contextmanager
def playing(name: str) -> Iterator[PrometheusSource]:
    """A server that gives the recorded answer at the path where it was given, and 404 elsewhere."""
    recorded = RECORDED[name]

    def page(path: str) -> Page:
        if urlsplit(path).path != recorded["path"]:
            return Page(b"404 page not found", 404)
        return Page(json.dumps(recorded["body"]).encode(), recorded["status"], "application/json")

    with page_server(page) as url:
        yield PrometheusSource(PrometheusSettings(url=url))


LOADS = """
import sys
from signals.connections.http import HttpResponse
from signals.prometheus.api import read_query

body = b'{"status": "success", "data": {"resultType": "scalar", "result": [0, "7"]}}'
print(read_query(HttpResponse(200, body, ""), "7", 0.0, "prometheus").series[0].values[0])
loaded = list(sys.modules)
import charset_normalizer  # who needs it gets the real one
print(sum(name.startswith("charset_normalizer") for name in loaded), charset_normalizer.__version__ != "3.0.0")
"""


def test_an_answer_is_read_without_what_guesses_encodings() -> None:
    asked = subprocess.run(
        [sys.executable, "-W", "error", "-c", LOADS], capture_output=True, text=True, check=True
    )
    assert asked.stdout.split() == ["7.0", "0", "True"]


async def test_a_vector_and_a_scalar() -> None:
    with playing("vector") as source:
        answer = await source.query("up")
        found = {dict(series.labels)["job"]: series.values for series in answer.series}
        assert (answer.kind, found) == ("vector", {"gone": (0.0,), "self": (1.0,)})
        await source.close()
    with playing("scalar") as source:
        answer = await source.query("1+1")
        assert (answer.kind, answer.series[0].values) == ("scalar", (2.0,))
        await source.close()


async def test_a_matrix() -> None:
    with playing("matrix") as source:
        answer = await source.query_range("up", 0, 4, 2)
        assert answer.kind == "matrix"
        for series in answer.series:
            assert len(series.times) == len(series.values) >= 1
            assert set(series.values) == {float(dict(series.labels)["job"] == "self")}
        await source.close()


async def test_a_refused_query_is_explained() -> None:
    with playing("refused") as source:
        with pytest.raises(BadQuery, match="unclosed left parenthesis"):
            await source.query("sum(")
        await source.close()


async def test_rules_names_and_targets() -> None:
    with playing("rules") as source:
        alerts = await source.alerts()
        (alert,) = alerts.alerts
        assert (alerts.rules, alerts.broken) == (2, ())
        assert (alert.name, alert.state, alert.severity, alert.value) == (
            "Always",
            AlertState.FIRING,
            "page",
            2,
        )
        assert alert.annotations == {"summary": "value 2"}
        assert alert.expr == "vector(2) > 1"
        await source.close()
    with playing("rules") as source:
        assert AlertRule("Always", "vector(2) > 1", 0, "prometheus") in await source.rules()
        await source.close()
    with playing("names") as source:
        assert {"up", "ALERTS", "go_goroutines"} <= await source.metric_names()
        await source.close()
    with playing("targets") as source:
        gone, here = sorted(await source.targets(), key=lambda target: target.up)
        assert here == Target("127.0.0.1:9090", "self", up=True, error=None)
        assert (gone.instance, gone.job, gone.up) == ("127.0.0.1:9", "gone", False)
        assert gone.error is not None
        assert "connection refused" in str(gone.error.values["detail"])
        await source.close()


async def test_the_utc_offset_of_a_time_counts() -> None:
    alert = {
        "labels": {"alertname": "A"},
        "state": "firing",
        "value": "1",
        "activeAt": "2026-01-01T02:00:00.123456789+02:00",
    }
    rule = {"name": "A", "query": "up", "health": "ok", "alerts": [alert]}
    document = {"status": "success", "data": {"groups": [{"rules": [rule]}]}}
    with serve(body(json.dumps(document).encode())) as url:
        source = PrometheusSource(PrometheusSettings(url=url))
        (found,) = (await source.alerts()).alerts
        await source.close()
    assert found.since == pytest.approx(1_767_225_600.123, abs=0.001)


async def test_a_string_is_answered_as_one() -> None:
    document = {"status": "success", "data": {"resultType": "string", "result": [1, "text"]}}
    with serve(body(json.dumps(document).encode())) as url:
        source = PrometheusSource(PrometheusSettings(url=url))
        answer = await source.query('"text"')
        await source.close()
    assert (answer.kind, answer.text) == ("string", "text")


async def test_a_document_without_end_is_a_bad_answer() -> None:
    with serve(body(b"[" * 200_000)) as url:
        source = PrometheusSource(PrometheusSettings(url=url))
        for ask in (lambda: source.query("up"), source.metric_names, source.alerts, source.targets):
            with pytest.raises(BadAnswer):
                await ask()
        await source.close()


async def test_targets_of_another_shape_are_a_bad_answer() -> None:
    with serve(body(b'{"status":"success","data":{"activeTargets":[{"labels":3}]}}')) as url:
        source = PrometheusSource(PrometheusSettings(url=url))
        with pytest.raises(BadAnswer):
            await source.targets()
        await source.close()


@pytest.mark.parametrize(
    "item",
    [
        {"metric": {}, "histogram": [1.5, {"count": "2", "sum": "3", "buckets": [[0, "1", "2", "2"]]}]},
        {"metric": {}, "values": [[1, "1"]], "histograms": [[2, {"count": "2", "sum": "3"}]]},
    ],
    ids=["vector", "matrix"],
)
async def test_a_native_histogram_is_refused_with_what_to_ask_instead(item: dict[str, object]) -> None:
    """The shape is that of the documentation ("HTTP API", "Native histograms")."""
    kind = "vector" if "histogram" in item else "matrix"
    data = {"status": "success", "data": {"resultType": kind, "result": [item]}}
    page = Page(json.dumps(data).encode(), 200, "application/json")
    with page_server(lambda _: page) as url:
        source = PrometheusSource(PrometheusSettings(url=url))
        with pytest.raises(NotSupported) as caught:
            await (source.query("h") if kind == "vector" else source.query_range("h", 0, 4, 2))
        await source.close()
    assert caught.value.message.key == "signals.native_histogram"
