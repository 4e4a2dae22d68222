"""What an incident cost of the error budget, from samples in a real ring: counts of that time alone, share of 30 days."""

from __future__ import annotations

import datetime as dt
import re
import time
from dataclasses import replace

import pytest

from core.message import Message
from panels.budget_impact import error_budget_impact
from panels.spec import Objective, PanelSpec
from signals.metrics.failover import MetricFailover
from signals.metrics.scrape import ScrapeSource
from signals.reading import Answer
from signals.settings import ScrapeSettings, SignalsSettings
from signals.sources import Sources
from signals.store.ring import Ring
from tui.i18n import Language

OBJECTIVE = Objective(
    target=0.99,
    bad='sum by (service) (increase(requests_total{outcome="bad"}[$window]))',
    total="sum by (service) (increase(requests_total[$window]))",
)
SPEC = PanelSpec(id="slo", title="SLO", objectives=(OBJECTIVE,))
STEP_S = 15


def sources(now: float, *, hours: float, bad_ago: tuple[float, float]) -> Sources:
    """One request a second, all good but for every fourth one between so many seconds ago."""
    source = ScrapeSource(ScrapeSettings())
    source._ring = ring = Ring(90_000, 100_000)
    source.since = now - hours * 3600
    good = bad = 0.0
    for ago in range(int(hours * 3600), -1, -STEP_S):
        storm = bad_ago[1] <= ago < bad_ago[0]
        bad += STEP_S / 4 if storm else 0
        good += STEP_S * 3 / 4 if storm else STEP_S
        for outcome, value in (("good", good), ("bad", bad)):
            labels = (("__name__", "requests_total"), ("outcome", outcome), ("service", "analyze"))
            ring.append(labels, now - ago, value)
    return Sources(metrics=MetricFailover([source], SignalsSettings(), lambda _: None), scrape=source)


async def told(now: float, hours: float, start_ago: float, end_ago: float) -> list[str]:
    def at(ago: float) -> dt.datetime:
        return dt.datetime.fromtimestamp(now - ago, dt.UTC)

    found: tuple[Message, ...] = await error_budget_impact(
        [SPEC], sources(now, hours=hours, bad_ago=(3600, 2400)), at(start_ago), at(end_ago)
    )
    return [Language("en").say(one) for one in found]


async def test_the_cost_is_that_of_the_harm_alone_and_says_how_much_history_there_is() -> None:
    # 1200 s of one request a second, a quarter bad: 300 of 1200. Six hours less 2400 s have 19 200 requests, whose
    # budget of 1 % is 192: more than all of it is gone.
    (line,) = await told(time.time(), 6, 3600, 2400)
    found = re.fullmatch(
        r"analyze availability: (\d+) of (\d+) requests missed the objective during the impact: ([\d.]+) times the "
        r"30-day error budget \(only 5 h seen\)",
        line,
    )
    assert found is not None, line
    assert [float(one) for one in found.groups()] == pytest.approx([300, 1200, 300 / 192], rel=0.03)
    (after,) = await told(time.time(), 6, 1800, 600)
    assert ": 0 of 1200 requests" in after


async def test_a_history_that_begins_after_the_harm_tells_no_share() -> None:
    (line,) = await told(time.time(), 0.9, 3600, 2400)
    assert "its share of the error budget is unknown" in line


async def test_without_requests_nothing_is_told() -> None:
    assert await told(time.time(), 1, 90_000, 80_000) == []


async def test_what_the_server_warns_of_stands_behind_the_cost_once(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = ScrapeSource.query

    async def partial(source: ScrapeSource, expr: str, at: float | None = None) -> Answer:
        return replace(await whole(source, expr, at), warnings=("store 7 timed out",))

    monkeypatch.setattr(ScrapeSource, "query", partial)
    (line,) = await told(time.time(), 0.9, 3600, 2400)
    assert line.endswith("; scrape warns: store 7 timed out")
    assert line.count("warns") == 1
