"""Alerts come from the next source when one fails; the change is said once, and a dead source is left in peace."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import CircuitOpen, Unreachable
from signals.alerts.alertmanager import AlertmanagerSource
from signals.alerts.failover import AlertFailover
from signals.connections.breaker import Notice
from signals.prometheus.source import PrometheusSource
from signals.settings import AlertmanagerSettings, PrometheusSettings, SignalsSettings
from signals.sources import open_sources
from tests import waiting
from tests.bad_servers import BEHAVIOURS, body, serve
from tui.i18n import Language

NO_RULES = body(b'{"status":"success","data":{"groups":[]}}')
NO_ALERTS = body(b"[]")


class Moody:
    """Behaves as told now, and counts who came."""

    def __init__(self, behave: Callable[[socket.socket], None]) -> None:
        self.behave = behave
        self.visits = 0

    def __call__(self, connection: socket.socket) -> None:
        self.visits += 1
        self.behave(connection)


async def test_a_dead_prometheus_is_left_in_peace_and_both_changes_are_said_once() -> None:
    notices: list[Notice] = []
    moody = Moody(BEHAVIOURS["broken"])
    with serve(moody) as url, serve(NO_ALERTS) as other:
        prometheus = PrometheusSource(PrometheusSettings(url=url))
        manager = AlertmanagerSource(AlertmanagerSettings(url=other))
        settings = SignalsSettings(breaker_failures=2, breaker_rest_s=0.5)
        alerts = AlertFailover([prometheus], settings, notices.append, manager)
        for _ in range(6):
            assert (await alerts.alerts()).source == manager.name
        assert moody.visits == 2, "an open circuit asks nobody"
        assert [notice.message.key for notice in notices] == ["signals.alerts_switched"]
        moody.behave = NO_RULES
        deadline = waiting.deadline(20)
        while (await alerts.alerts()).source != prometheus.name:
            assert time.monotonic() < deadline, "an open circuit never closes"
            await asyncio.sleep(0.05)
        assert [notice.message.key for notice in notices] == [
            "signals.alerts_switched",
            "signals.alerts_back",
        ]
        await prometheus.close()
        await manager.close()


async def test_a_prometheus_without_rules_leaves_them_to_the_next_and_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text("groups: [{name: g, rules: [{alert: A, expr: m > 0}]}]")
    notices: list[Notice] = []
    with serve(NO_RULES) as url, serve(body(b"m 1\n")) as page:
        scraped = {"targets": [{"url": page}], "rule_files": [tmp_path / "rules.yml"]}
        settings = SignalsSettings.model_validate({"prometheus": {"url": url}, "scrape": scraped})
        async with open_sources(settings, notices.append) as sources:
            assert sources.scrape is not None
            await sources.scrape.scrape_once()
            assert sources.alerts is not None
            alerts = await sources.alerts.alerts()
    assert (alerts.source, alerts.rules, [alert.name for alert in alerts.alerts]) == ("scrape", 1, ["A"])
    (notice,) = notices
    assert Language("en").say(notice.message) == (
        "failover: alerts now come from scrape: prometheus evaluates no alert rule"
    )


async def test_when_all_rest_the_first_ones_reason_is_told() -> None:
    prometheus = PrometheusSource(PrometheusSettings(url="http://127.0.0.1:1"))
    alerts = AlertFailover([prometheus], SignalsSettings(breaker_failures=1), lambda _: None)
    with pytest.raises(Unreachable):
        await alerts.alerts()
    with pytest.raises(CircuitOpen) as caught:
        await alerts.alerts()
    assert caught.value.message.values["source"] == "prometheus"
    await prometheus.close()
