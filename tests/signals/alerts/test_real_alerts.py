"""Alerts of a real Prometheus and a real Alertmanager: who is told of what, since when, and under which labels."""

from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from core.times import parse_time
from signals.alerts.model import AlertState
from signals.settings import SignalsSettings
from signals.sources import open_sources
from tests.alerting import alertmanager, eventually, get, held, missing, post_alert, prometheus, silence

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from signals.alerts.model import Alert, Alerts

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())


def rule(name: str, expr: str = "vector(1)", severity: str = "page", **more: Any) -> dict[str, Any]:
    return {"alert": name, "expr": expr, "labels": {"severity": severity}, **more}


def ask(server: str = "", manager: str = "", **more: Any) -> Alerts:
    """What our sources make of them."""
    settings = SignalsSettings.model_validate(
        {
            **({"prometheus": {"url": server}} if server else {}),
            **({"alertmanager": {"url": manager}} if manager else {}),
            **more,
        }
    )

    async def alerts() -> Alerts:
        async with open_sources(settings, lambda _: None) as sources:
            assert sources.alerts is not None
            return await sources.alerts.alerts()

    return asyncio.run(alerts())


class World(NamedTuple):
    """Addresses of one Alertmanager and the first of the two Prometheus that send to it, and when it was silenced."""

    server: str
    manager: str
    silenced_at: float


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Two replicas of a Prometheus with external labels that are relabelled on the way, and everything sent."""
    folder = tmp_path_factory.mktemp("world")
    inhibit = {
        "inhibit_rules": [
            {"source_matchers": ["alertname=Down"], "target_matchers": ["alertname=Slow"], "equal": ["team"]}
        ]
    }
    alike = [rule(name) for name in ("Known", "Loud", "Down", "Slow")]
    first = [
        *alike,
        rule("Waited", **{"for": "2s"}),
        rule("Waiting", **{"for": "10m"}),
        rule("Late", **{"for": "1h"}),
    ]
    with alertmanager(folder / "am", inhibit) as manager:
        relabelled = [
            {"regex": "replica", "action": "labeldrop"},
            {"target_label": "team", "replacement": "ops"},
        ]
        sends = {"static_configs": [{"targets": [manager.removeprefix("http://")]}]}
        config = {"alerting": {"alert_relabel_configs": relabelled, "alertmanagers": [sends]}}
        labels = {"cluster": "eu", "replica": "a"}
        other = {"cluster": "eu", "replica": "b"}
        with (
            prometheus(folder / "a", first, external=labels, config=config) as server,
            prometheus(folder / "b", [*alike, rule("Late")], external=other, config=config),
        ):
            silenced_at = time.time()
            silence(manager, ("alertname", "Known|Wai.*"), ("cluster", "e."), ("team", "ops"), regex=True)
            silence(manager, ("alertname", "Loud"), ("cluster", "us"))  # somebody else's cluster
            silence(manager, ("alertname", "Down|Loud"), regex=True, after_s=600)
            post_alert(manager, alertname="Elsewhere", severity="page", cluster="us")
            names = {"Known", "Loud", "Down", "Slow", "Waited", "Late", "Elsewhere"}
            eventually(lambda: held(manager).keys() == names, "not everything was sent")
            eventually(lambda: held(manager)["Waited"]["status"]["silencedBy"], "it is not silenced")
            eventually(lambda: held(manager)["Slow"]["status"]["inhibitedBy"], "it is not inhibited")
            yield World(server, manager, silenced_at)


def by_name(alerts: Alerts) -> dict[str, Alert]:
    assert len({alert.name for alert in alerts.alerts}) == len(alerts.alerts), "each once"
    return {alert.name: alert for alert in alerts.alerts}


def states(alerts: Alerts) -> dict[str, AlertState]:
    return {name: alert.state for name, alert in by_name(alerts).items()}


def test_the_alertmanager_says_what_is_told_to_whom_under_whatever_labels(world: World) -> None:
    alerts = ask(world.server, world.manager)
    assert alerts.silences_known
    assert states(alerts) == {
        "Known": AlertState.SILENCED,
        "Waited": AlertState.SILENCED,
        "Slow": AlertState.INHIBITED,
        "Down": AlertState.FIRING,  # its silence is still to come
        "Loud": AlertState.FIRING,  # its silence is of another cluster
        "Waiting": AlertState.PENDING,
        "Late": AlertState.FIRING,  # the other replica says so
        "Elsewhere": AlertState.FIRING,  # only the Alertmanager has it
    }
    assert by_name(alerts)["Elsewhere"].source == "alertmanager"
    assert by_name(alerts)["Known"].expr == "vector(1)", "what only Prometheus knows stays"
    assert (quiet := by_name(alerts)["Slow"].quiet) is not None
    assert quiet.by == "Down"


def test_what_an_alertmanager_alone_holds_is_shown(world: World) -> None:
    alerts = ask(manager=world.manager)
    assert states(alerts)["Known"] is AlertState.SILENCED
    assert states(alerts)["Elsewhere"] is AlertState.FIRING
    assert not alerts.evaluated


def test_without_an_alertmanager_nothing_is_said_of_silences(world: World) -> None:
    alerts = ask(world.server)
    assert not alerts.silences_known
    assert set(states(alerts).values()) == {AlertState.FIRING, AlertState.PENDING}


def test_an_alert_fires_since_its_wait_is_over_and_is_silenced_since_the_silence_began(world: World) -> None:
    active_at = {
        alert["labels"]["alertname"]: parse_time(alert["activeAt"])
        for alert in get(f"{world.server}/api/v1/alerts")["data"]["alerts"]
    }
    fired_at = parse_time(held(world.manager)["Waited"]["startsAt"])
    alone = by_name(ask(world.server))["Waited"]
    assert alone.since == pytest.approx(active_at["Waited"] + 2, abs=0.01)
    assert alone.since == pytest.approx(fired_at, abs=0.5)
    alerts = by_name(ask(world.server, world.manager))
    assert alerts["Waited"].since == pytest.approx(fired_at, abs=0.5)
    assert alerts["Waited"].state_since == pytest.approx(max(world.silenced_at, fired_at), abs=2)
    assert (quiet := alerts["Waited"].quiet) is not None
    assert quiet.by == "op1: known"
    waiting = alerts["Waiting"]
    assert (waiting.since, waiting.quiet) == (active_at["Waiting"], None)
    assert waiting.fires_at == pytest.approx(active_at["Waiting"] + 600, abs=0.01)


def test_zero_rules_and_rules_that_were_not_evaluated_count_for_nothing(tmp_path: Path) -> None:
    with prometheus(tmp_path / "none", []) as server, alertmanager(tmp_path / "am") as manager:
        assert not ask(server).evaluated
        assert not ask(server, manager).evaluated
        assert not ask(manager=manager).evaluated
    slow = {"global": {"scrape_interval": "1s", "evaluation_interval": "1h"}}
    with prometheus(tmp_path / "new", [rule("A")], config=slow, evaluated=False) as server:
        alerts = ask(server)  # whether its first evaluation has come or not
    assert bool(alerts.rules) == bool(alerts.alerts)
    assert bool(alerts.broken) == (not alerts.alerts)


def test_a_heartbeat_has_to_reach_the_alertmanager(tmp_path: Path, world: World) -> None:
    watched: dict[str, Any] = {"alerts": {"heartbeats": ["Watchdog"]}}
    with (
        alertmanager(tmp_path / "am") as manager,
        prometheus(tmp_path / "p", [rule("Watchdog", severity="none")]) as server,
    ):
        assert not ask(server, **watched).unheard
        assert not ask(server, manager, **watched).unheard, "it has just started"
        post_alert(manager, alertname="Watchdog", severity="none")
        eventually(lambda: "Watchdog" in held(manager), "it is not held")
        alone = ask(manager=manager, **watched)
    assert not alone.unheard
    assert alone.evaluated
    assert [name for name, _ in ask(world.server, **watched).unheard] == ["Watchdog"]


def test_while_the_alertmanager_is_away_and_just_after_alerts_are_told(tmp_path: Path) -> None:
    rules = [rule("Known"), rule("Loud")]
    with ExitStack() as running:
        manager = running.enter_context(alertmanager(tmp_path / "am"))
        with prometheus(tmp_path / "p", rules, external={"cluster": "eu"}) as server:
            for name in ("Known", "Loud"):
                post_alert(manager, alertname=name, severity="page", cluster="eu")
            silence(manager, ("alertname", "Known"), ("cluster", "eu"))
            eventually(lambda: held(manager)["Known"]["status"]["silencedBy"], "it is not silenced")
            running.close()  # it keeps its silences on the disk, and its alerts nowhere
            away = ask(server, manager)
            with alertmanager(tmp_path / "am", port=int(manager.rpartition(":")[2])):
                back = ask(server, manager)
    assert set(states(away).values()) == {AlertState.FIRING}
    assert not away.silences_known
    assert [name for name, _ in away.broken] == ["alertmanager"]
    assert states(back) == {"Known": AlertState.SILENCED, "Loud": AlertState.FIRING}
