"""An Alertmanager's alerts and silences, and what happens to alerts when it is bad or silent."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from core.errors import BadAnswer, Denied, SourceError, Unreachable
from sandbox.servers import free_port
from signals.alerts.alertmanager import AlertmanagerSource, Matcher, Silence
from signals.alerts.failover import AlertFailover
from signals.alerts.model import AlertState
from signals.settings import AlertmanagerSettings, PrometheusSettings, SignalsSettings
from signals.sources import open_sources
from tests.bad_servers import BEHAVIOURS, body, serve
from tests.page import Page, page_server

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

TIMES = {
    "startsAt": "2026-01-02T03:04:05.250Z",
    "endsAt": "2026-01-02T05:04:05.000+02:00",
    "updatedAt": "2026-01-02T03:04:06.000Z",
}
ALERTS = [
    {
        "labels": {"alertname": "Storm", "severity": "page", "q": "\x1b[31mred"},
        "annotations": {"summary": "bad \x1b]52;c;eA==\x07news"},
        "status": {"state": "active", "silencedBy": [], "inhibitedBy": []},
        "fingerprint": "1",
        **TIMES,
    },
    {
        "labels": {"alertname": "Known"},
        "annotations": {},
        "status": {"state": "suppressed", "silencedBy": ["s"], "inhibitedBy": []},
        "fingerprint": "2",
        **TIMES,
    },
]
SILENCES = [
    {
        "id": state,
        "status": {"state": state},
        "matchers": [{"name": "alertname", "value": value, "isRegex": True}],
        "createdBy": "op1",
        "comment": "known",
        **TIMES,
    }
    for state, value in (("active", "Sto.*"), ("expired", ".*"))
]
RULES = {
    "status": "success",
    "data": {
        "groups": [
            {
                "rules": [
                    {
                        "name": name,
                        "query": "up",
                        "health": "ok",
                        "alerts": [
                            {
                                "labels": {"alertname": name},
                                "state": "firing",
                                "activeAt": "2026-01-02T03:04:05Z",
                                "value": "1",
                            }
                        ],
                    }
                    for name in ("Storm", "Other")
                ]
            }
        ]
    },
}


def page(value: object) -> bytes:
    return json.dumps(value).encode()


def answering(alerts: object = (), silences: object = ()) -> AbstractContextManager[str]:
    """An Alertmanager that holds these."""
    pages = {"/api/v2/alerts": alerts, "/api/v2/silences": silences}
    return page_server(lambda path: Page(page(pages.get(path, {}))))


def source(url: str) -> AlertmanagerSource:
    return AlertmanagerSource(AlertmanagerSettings(url=url, timeout_s=0.6))


async def test_alerts_are_read_and_cleaned() -> None:
    with answering(ALERTS) as url:
        manager = source(url)
        found = await manager.alerts()
        await manager.close()
    storm, known = found.alerts
    assert (storm.name, storm.severity, storm.state) == ("Storm", "page", AlertState.FIRING)
    assert storm.labels["q"] == "red"
    assert storm.annotations["summary"] == "bad news"
    assert storm.since == 1767323045.25
    assert known.state is AlertState.SILENCED


async def test_only_silences_in_force_count() -> None:
    with serve(body(page(SILENCES))) as url:
        manager = source(url)
        silences = await manager.silences()
        await manager.close()
    assert [silence.id for silence in silences] == ["active"]
    assert silences[0].ends == 1767323045.0
    assert silences[0].covers({"alertname": "Storm"})
    assert not silences[0].covers({"alertname": "a Storm"})


@pytest.mark.parametrize(
    ("matcher", "silenced"),
    [
        (Matcher("a", "x", is_regex=False, is_equal=True), True),
        (Matcher("a", "x", is_regex=False, is_equal=False), False),
        (Matcher("a", "y|x", is_regex=True, is_equal=True), True),
        (Matcher("a", "x", is_regex=True, is_equal=False), False),
        (Matcher("missing", "", is_regex=False, is_equal=True), True),
        (Matcher("a", "(", is_regex=True, is_equal=True), False),
        (Matcher("a", "(", is_regex=True, is_equal=False), False),
    ],
)
def test_a_matcher(matcher: Matcher, silenced: bool) -> None:  # noqa: FBT001  # a column of the table
    assert Silence("s", (matcher,), "op1", "", 0).covers({"a": "x"}) is silenced


def test_a_silence_without_matchers_hides_nothing() -> None:
    assert not Silence("s", (), "op1", "", 0).covers({"a": "x"})


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
async def test_a_bad_alertmanager_is_an_error_in_time(behaviour: str) -> None:
    with serve(BEHAVIOURS[behaviour]) as url:
        manager = source(url)
        for ask in (manager.alerts, manager.silences):
            began = time.monotonic()
            with pytest.raises(SourceError) as caught:
                await ask()
            assert time.monotonic() - began < 12
            if behaviour == "denied":
                assert isinstance(caught.value, Denied)
            if behaviour == "wrong-shape":
                assert isinstance(caught.value, BadAnswer)
        await manager.close()


async def test_silences_mark_the_alerts_of_prometheus() -> None:
    with serve(body(page(RULES))) as prometheus, answering(silences=SILENCES) as manager:
        settings = SignalsSettings(
            prometheus=PrometheusSettings(url=prometheus), alertmanager=AlertmanagerSettings(url=manager)
        )
        async with open_sources(settings, lambda _: None) as sources:
            assert sources.alerts is not None
            found = await sources.alerts.alerts()
    assert found.source == "prometheus"
    assert [(alert.name, alert.state) for alert in found.alerts] == [
        ("Storm", AlertState.SILENCED),
        ("Other", AlertState.FIRING),
    ]


async def test_without_prometheus_the_alertmanager_tells_the_alerts() -> None:
    with answering(ALERTS) as manager:
        settings = SignalsSettings(
            prometheus=PrometheusSettings(url=f"http://127.0.0.1:{free_port()}", timeout_s=1),
            alertmanager=AlertmanagerSettings(url=manager),
        )
        async with open_sources(settings, lambda _: None) as sources:
            assert sources.alerts is not None
            found = await sources.alerts.alerts()
    assert found.source == "alertmanager"
    assert len(found.alerts) == 2


async def test_a_silent_alertmanager_hides_no_alert_and_is_named() -> None:
    with serve(body(page(RULES))) as prometheus:
        settings = SignalsSettings(
            prometheus=PrometheusSettings(url=prometheus),
            alertmanager=AlertmanagerSettings(url=f"http://127.0.0.1:{free_port()}", timeout_s=1),
        )
        async with open_sources(settings, lambda _: None) as sources:
            assert sources.alerts is not None
            found = await sources.alerts.alerts()
    assert {alert.state for alert in found.alerts} == {AlertState.FIRING}
    assert [name for name, _ in found.broken] == ["alertmanager"]


async def test_no_source_of_alerts_is_said() -> None:
    manager = source(f"http://127.0.0.1:{free_port()}")
    with pytest.raises(Unreachable) as caught:
        await AlertFailover([], SignalsSettings(), lambda _: None, manager).alerts()
    assert caught.value.message.values["source"] == "alertmanager"
