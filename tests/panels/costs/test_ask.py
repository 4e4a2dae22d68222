"""The desk over what real exporters write, as a real Prometheus and as our own ring answer it."""

from __future__ import annotations

import asyncio
import time
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import pytest
import yaml

from core.message import say
from panels.costs.ask import ask_costs
from panels.costs.calendar import month_of
from panels.costs.settings import PACKS, CostsSettings, read_pack
from panels.enrich.budget import contribute
from panels.poll import poll_once
from panels.spec import Budget, PanelSpec
from sandbox.servers import free_port
from signals.alerts.failover import AlertFailover
from signals.alerts.rules import RuleAlerts
from signals.metrics.failover import MetricFailover
from signals.prometheus.source import PrometheusSource
from signals.reading import Verdict
from signals.settings import PrometheusSettings, SignalsSettings
from signals.sources import Sources, open_sources
from tests.alerting import PROMETHEUS, prometheus
from tests.chimera import BOARD, COSTS
from tests.panels.costs.pages import DAY, LITELLM, OTEL, OWN, RingSource, history
from tests.panels.judged import judge_panel
from tui.i18n import Language

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from panels.costs.report import CostReport

HOUR = 3600.0
RULE = {
    "alert": "MonthlyBudgetProjectedToExceed",
    "expr": "sum(rate(chimera_llm_cost_usd_total[1h])) * 3600 * 24 * 30 > 100",
    "labels": {"severity": "ticket"},
}
PEAK_USD = 1.0
"""What the last hour cost beside the even growth: a month of such hours is far over the rule's 100."""


ring_source = cache(RingSource)


class Answering(NamedTuple):
    """Where to ask, and when the samples end."""

    settings: SignalsSettings | None
    text: str
    now: float

    async def ask(self, costs: CostsSettings, rules: tuple[Path, ...] = ()) -> CostReport:
        if self.settings is not None:
            async with open_sources(self.settings, lambda _: None) as sources:
                return await ask_costs(costs, sources, self.now)
        source, settings = ring_source(self.text, self.now), SignalsSettings()
        alerts = AlertFailover([RuleAlerts(source, rules, lambda: self.now)], settings, lambda _: None)
        metrics = MetricFailover([source], settings, lambda _: None)
        return await ask_costs(costs, Sources(metrics=metrics, alerts=alerts), self.now)


def peak(now: float) -> str:
    """The own page, whose money has risen in the last quarter of an hour."""
    text = history(OWN, now)
    risen = []
    for line in text.splitlines():
        name, *rest = line.split(" ")
        if name.startswith("chimera_llm_cost_usd_total{") and float(rest[1]) > now - HOUR / 4:
            risen.append(f"{name} {float(rest[0]) + PEAK_USD:.9f} {rest[1]}")
        else:
            risen.append(line)
    return "\n".join([*risen, ""])


@pytest.fixture(scope="module", params=["prometheus", "ring"])
def answering(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Answering]:
    now = time.time()
    text = (
        peak(now).replace("# EOF\n", "")
        + "".join(
            "\n".join(line for line in history(page, now).splitlines() if not line.startswith("up{")) + "\n"
            for page in (LITELLM, OTEL)
        ).replace("# EOF\n", "")
        + "# EOF\n"
    )
    if request.param == "ring":
        yield Answering(None, text, now)
        return
    if PROMETHEUS is None:
        pytest.skip("needs prometheus on PATH")
    with prometheus(tmp_path_factory.mktemp("costs"), [RULE], history=text) as url:
        yield Answering(SignalsSettings(prometheus=PrometheusSettings(url=url)), text, now)


def zone(now: float) -> str:
    """One in which the month is no first hour."""
    return next(
        name
        for name in ("UTC", "Etc/GMT+12")
        if month_of(now, CostsSettings(time_zone=name).zone).elapsed_s > HOUR
    )


def pack(name: str, now: float, **own: object) -> CostsSettings:
    settings, problems = read_pack(PACKS / f"{name}.toml")
    assert not problems
    return CostsSettings.model_validate({"time_zone": zone(now), **own}).over(settings)


def this_month(usd: float, costs: CostsSettings, now: float) -> float:
    """Of what grew evenly over ten days."""
    return usd * min(1.0, month_of(now, costs.zone).elapsed_s / (10 * DAY))


async def test_litellm_counts_money_by_model_and_team(answering: Answering) -> None:
    costs = pack("litellm", answering.now, monthly_budget_usd=1000)
    report = await answering.ask(costs)
    assert report.projection is not None
    assert report.projection.spent is not None
    assert report.projection.spent == pytest.approx(this_month(40, costs, answering.now), rel=0.01)
    shares = {name: usd / report.projection.spent for name, usd in report.by_model.items()}
    assert shares == {"gpt-4o": pytest.approx(0.75, abs=0.01), "gpt-4o-mini": pytest.approx(0.25, abs=0.01)}
    assert list(report.by_mode) == ["search", "support"]
    assert report.per_analysis["1d"] == pytest.approx(40 / 8000, rel=0.01)
    assert report.cache is not None
    assert report.cache.ratio == pytest.approx(0.25, abs=0.001)
    assert report.cache.saved_usd == pytest.approx(report.projection.spent / 3, rel=0.01)
    assert report.rates_usd_per_day["1d"] == pytest.approx(4, rel=0.01)


async def test_opentelemetry_counts_tokens_which_cost_what_the_configuration_says(
    answering: Answering,
) -> None:
    """4 M at 2.50 and 2 M at 10 are 30 USD; 100 M at 0.02 are 2; nobody says what acme-1 costs."""
    prices = {"gpt-4o*": {"input": 2.5, "output": 10}, "text-*": {"input": 0.02, "output": 0}}
    costs = pack("otel-genai", answering.now, prices=prices, monthly_budget_usd=1000)
    report = await answering.ask(costs)
    assert report.projection is not None
    assert report.projection.spent == pytest.approx(this_month(32, costs, answering.now), rel=0.01)
    assert list(report.by_mode) == ["chat", "embeddings"]
    assert report.by_model["gpt-4o"] == pytest.approx(this_month(30, costs, answering.now), rel=0.01)
    assert report.per_analysis["1d"] == pytest.approx(3.2 / 200, rel=0.01), "calls that failed are no answers"
    assert report.verdict is Verdict.UNKNOWN, "a sum with a part missing is no calm one"
    assert "acme-1" in Language("en").say(report.reason)
    assert report.cache is None
    known = pack("otel-genai", answering.now, prices={**prices, "*": {"input": 1, "output": 1}})
    dearer = await answering.ask(known)
    assert dearer.by_model["acme-1"] == pytest.approx(this_month(5, costs, answering.now), rel=0.01)


async def test_the_profile_s_own_counters_and_the_rule_beside_them(
    answering: Answering, tmp_path: Path
) -> None:
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "g", "rules": [RULE]}]}))
    costs = CostsSettings(time_zone=zone(answering.now)).over(COSTS)
    report = await answering.ask(costs, (tmp_path / "rules.yml",))
    assert report.projection is not None
    assert report.projection.basis == "days"
    assert report.projection.high < 100
    assert report.by_mode == {
        "ranked": pytest.approx(this_month(15, costs, answering.now), rel=0.01),
        "aram": pytest.approx(this_month(5, costs, answering.now), rel=0.01),
    }
    assert report.rule is not None
    assert (report.rule.state, report.rule.limit_usd) == ("firing", 100)
    assert report.rule.value_usd is not None
    assert report.rule.value_usd > 720 * PEAK_USD
    assert report.rule.source == ("prometheus" if answering.settings else "scrape")
    assert [Language("en").say(text)[:15] for text in report.apart] == ["The rule takes "]
    assert report.listed_usd == pytest.approx(this_month(24, costs, answering.now), rel=0.01)


async def test_what_if_starts_from_what_was_measured(answering: Answering) -> None:
    """4 M at 3 are 12, 0.8 M at 15 are 12: half of the money is prompts; Haiku costs a third."""
    costs = CostsSettings(time_zone=zone(answering.now)).over(COSTS)
    report = await answering.ask(costs)
    saved = {outcome.id: outcome.saved for outcome in report.levers}
    assert saved == {
        "prompts": pytest.approx(0.2 * 0.5, abs=0.001),
        "cache": pytest.approx((0.5 - 0.25) / 0.75, abs=0.001),
        "model": pytest.approx(2 / 3, abs=0.001),
        "rules": pytest.approx(0.3, abs=0.001),
    }
    projection = report.projection
    assert projection is not None
    for outcome in report.levers:
        assert outcome.saved is not None
        assert outcome.high == pytest.approx(projection.high - outcome.saved * projection.ahead_high)


def ring(text: str, now: float, costs: CostsSettings) -> CostReport:
    return asyncio.run(Answering(None, text, now).ask(costs))


def at(day: int, hour: float = 12.0) -> float:
    """In November 2026."""
    from datetime import UTC, datetime

    return datetime(2026, 11, 1, tzinfo=UTC).timestamp() + (day - 1) * DAY + hour * HOUR


def test_a_counter_that_begins_anew_loses_nothing_that_was_seen() -> None:
    now = at(21)
    restarted = ring(history(OWN, now, restarted_at=now - 4 * DAY), now, COSTS)
    even = ring(history(OWN, now), now, COSTS)
    assert restarted.projection is not None
    assert even.projection is not None
    assert even.projection.spent == pytest.approx(20, rel=0.01)
    assert restarted.projection.spent == pytest.approx(even.projection.spent, rel=0.01)


def test_of_a_history_shorter_than_the_month_the_range_is_wider_and_says_so() -> None:
    now = at(21)  # 20.5 days are over, 10 were seen: 2 USD a day
    report = ring(history(OWN, now), now, COSTS)
    assert report.projection is not None
    assert report.projection.low == pytest.approx(20 + 9.5 * 2, rel=0.02)
    assert report.projection.high == pytest.approx(20 + 9.5 * 2 + 10.5 * 2, rel=0.02)
    assert any("only 10 d" in Language("en").say(text) for text in report.warnings)


async def test_panel_and_desk_say_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    now = at(21)
    monkeypatch.setattr(time, "time", lambda: now)
    source = RingSource(history(OWN, now), now)
    sources = Sources(metrics=MetricFailover([source], SignalsSettings(), lambda _: None))
    report = await ask_costs(COSTS, sources, now)
    (state,) = await poll_once([spec for spec in BOARD if spec.id == "cost"], sources)
    panel = {reading.name: reading.value for reading in state.readings}
    assert report.projection is not None
    assert report.traffic.cache is not None
    assert panel == {
        "month to date": report.projection.spent,
        "month, at least": report.projection.low,
        "month, at most": report.projection.high,
        "per hour": pytest.approx(report.rates_usd_per_day["1h"] / 24),
        "per month at this rate": pytest.approx(report.rates_usd_per_day["1h"] * 30),
        "per analysis": pytest.approx(report.per_analysis["1h"]),
        "cache hits": pytest.approx(report.traffic.cache.ratio),
        "per hour claude-sonnet-4-5-20250929": pytest.approx(report.rates_usd_per_day["1h"] / 24),
    }


class Server(RingSource):
    """A source that does not know itself how far it looks back."""

    watched_s = None  # type: ignore[assignment]  # no such method


async def test_on_the_31st_a_month_that_was_seen_whole_is_whole() -> None:
    """Also where its clocks went back: 31 days and an hour."""
    text = "\n".join([*(f"up 1 {at(1) + HOUR * hour}" for hour in range(40 * 24)), "# EOF", ""])
    now = at(41)
    metrics = MetricFailover([Server(text, now)], SignalsSettings(), lambda _: None)
    watched = await metrics.watched_s(now)
    assert watched is not None
    assert watched >= 31 * DAY + HOUR


def test_a_hole_in_the_samples_is_said_and_widens_the_range() -> None:
    now = at(10)
    kept = [
        line
        for line in history(OWN, now, days=9.5).splitlines()
        if line.startswith("#") or not at(5) < float(line.split(" ")[-1]) < at(5, 20)
    ]
    report, even = ring("\n".join([*kept, ""]), now, COSTS), ring(history(OWN, now, days=9.5), now, COSTS)
    assert report.projection is not None
    assert even.projection is not None
    assert report.seen.gaps_s == pytest.approx(8 * HOUR, abs=HOUR)
    assert even.seen.gaps_s == 0
    assert report.projection.high > even.projection.high + 0.5
    assert any("without data" in Language("en").say(text) for text in report.warnings)


def test_the_first_minutes_of_a_month_are_unknown_and_not_zero() -> None:
    now = at(1, 0.05)
    report = ring(history(OWN, now), now, COSTS)
    assert report.projection is not None
    assert report.projection.spent is None
    assert (report.by_model, report.cache, report.listed_usd) == ({}, None, None)
    assert report.projection.low == pytest.approx(60, rel=0.02), "thirty days like those of October"
    often = ring(history(OWN, now, days=0.1, step=30), now, COSTS)
    assert often.projection is not None
    assert often.projection.spent is None, "also where a few samples would make a number"


def test_half_an_hour_of_scrapes_foretells_no_month() -> None:
    now = at(10)
    report = ring(history(OWN, now, days=0.5 / 24, step=15), now, COSTS)
    assert report.verdict is Verdict.UNKNOWN
    assert "only 30 min seen" in Language("en").say(report.reason)
    assert [outcome.high for outcome in report.levers] == [None] * 4
    assert "measured over 30 min alone" in Language("en").say(report.levers[0].assumptions[0])


def test_the_month_of_another_time_zone_is_another_sum() -> None:
    now = at(1, 4)  # in Shanghai it began eight hours earlier
    there = ring(history(OWN, now), now, CostsSettings(time_zone="Asia/Shanghai").over(COSTS))
    here = ring(history(OWN, now), now, COSTS)
    assert there.projection is not None
    assert here.projection is not None
    assert there.projection.spent == pytest.approx(2 * 12 / 24, rel=0.05)
    assert here.projection.spent == pytest.approx(2 * 4 / 24, rel=0.1)


def test_without_a_budget_nothing_is_said_to_be_within_one() -> None:
    now = at(21)
    report = ring(history(OWN, now), now, COSTS.model_copy(update={"monthly_budget_usd": None}))
    assert "no budget is configured" in Language("en").say(report.reason)
    assert (report.budget_usd, report.apart) == (None, ())
    spec = PanelSpec(id="cost", title="Cost", budget=Budget(spend="s"))
    assert spec.budget is not None
    state = judge_panel(spec, {}, now, enriched=[contribute(spec.budget, report.seen)])
    words = " ".join(Language("en").say(cell) for row in state.rows for cell in row.cells)
    assert "limit" not in words
    assert "$20" in words


async def test_while_prometheus_is_down_the_scrape_answers_and_that_is_said() -> None:
    now = at(21)
    down = PrometheusSource(PrometheusSettings(url=f"http://127.0.0.1:{free_port()}"))
    source = RingSource(history(OWN, now), now)
    metrics = MetricFailover([down, source], SignalsSettings(), lambda _: None)
    report = await ask_costs(COSTS, Sources(metrics=metrics), now)
    assert report.source == "scrape"
    assert report.projection is not None
    assert "scrape answers instead of prometheus" in Language("en").say(report.warnings[0])


def test_a_rule_that_is_not_there_is_no_calm_one(tmp_path: Path) -> None:
    now = at(21)
    (tmp_path / "rules.yml").write_text("groups: [{name: g, rules: [{alert: Other, expr: up > 0}]}]")
    report = asyncio.run(Answering(None, history(OWN, now), now).ask(COSTS, (tmp_path / "rules.yml",)))
    assert report.rule is not None
    assert (report.rule.state, report.rule.exceeds, report.apart) == ("unknown", None, ())
    assert report.rule.problem == say("costs.rule_missing", source="scrape")


def test_a_rule_that_sees_only_a_cheap_hour_stands_beside_a_month_that_burns(tmp_path: Path) -> None:
    now = at(21)
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "g", "rules": [RULE]}]}))
    costs = COSTS.model_copy(update={"monthly_budget_usd": 15.0})
    report = asyncio.run(Answering(None, history(OWN, now), now).ask(costs, (tmp_path / "rules.yml",)))
    assert report.verdict is Verdict.BURNING
    assert [Language("en").say(text).partition(" ")[0] for text in report.apart] == ["the", "The"]
    assert report.apart[-1] == say("costs.apart_we_over")


def test_what_nobody_counts_is_unknown() -> None:
    now = at(10)
    nothing = ring(history("other_total 5", now), now, COSTS)
    assert (nothing.verdict, nothing.projection, nothing.by_model) == (Verdict.UNKNOWN, None, {})
    assert "NO DATA" in Language("en").say(nothing.reason)
    assert all(outcome.saved is None or outcome.id == "rules" for outcome in nothing.levers)
    empty = ring(history(OWN, now), now, CostsSettings())
    assert "[costs]" in Language("en").say(empty.reason)


def test_a_source_that_is_down_is_named() -> None:
    down = f"http://127.0.0.1:{free_port()}"
    source = PrometheusSource(PrometheusSettings(url=down))
    metrics = MetricFailover([source], SignalsSettings(), lambda _: None)
    report = asyncio.run(ask_costs(COSTS, Sources(metrics=metrics), at(10)))
    assert report.verdict is Verdict.UNKNOWN
    assert "prometheus" in Language("en").say(report.reason)
    assert report.rule is not None
    assert report.rule.problem == say("costs.rule_nobody")
