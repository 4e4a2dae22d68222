"""The line of a panel: the worst value first and with its number, what it does behind it, and its past as the chart."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from core.errors import Unreachable
from core.message import say
from panels.draw.panel import panel_details, panel_line
from panels.enrich.release import contribute
from panels.evaluate import evaluate
from panels.evidence import panel_evidence
from panels.fold import Contribution, fold
from panels.limits import worst_first
from panels.query_cache import QueryCache
from panels.spec import PanelSpec, QuerySpec
from panels.state import Part
from signals.metrics.failover import MetricFailover
from signals.reading import Answer, Series, Verdict
from signals.settings import SignalsSettings
from signals.sources import Sources
from tests.panels.judged import judge_panel
from tui.i18n import Language

SAY = Language("en").say
ERRORS = QuerySpec(name="errors", expr="errors", unit="ratio", warn=0.01, burning=0.05, rank=1)
P95 = QuerySpec(name="P95", expr="p95", unit="s", warn=10, burning=15, rank=2)
SPEC = PanelSpec(id="slo", title="SLO", queries=(ERRORS, P95), chart="errors")


class Past:
    """A source that knows the past of each expression: its value now is the last one."""

    name, remote = "known", False

    def __init__(self, warnings: tuple[str, ...] = (), **curves: tuple[float, ...]) -> None:
        self.curves, self.warnings = curves, warnings

    async def query(self, expr: str, at: float | None = None) -> Answer:
        at = time.time() if at is None else at
        series = Series((), (at,), (self.curves[expr][-1],))
        return Answer(expr, "vector", (series,), self.name, at, warnings=self.warnings)

    async def query_range(self, expr: str, start: float, end: float, step: float) -> Answer:
        values = self.curves.get(expr, (1.0,) * 60)
        times = tuple(start + step * (index + 1) for index in range(len(values)))
        return Answer(expr, "matrix", (Series((), times, values),), self.name, end)

    async def metric_names(self) -> frozenset[str]:
        return frozenset(self.curves)

    async def has_had(self, metric: str) -> bool:
        return metric in self.curves


async def evaluated(source: Past) -> tuple[str, str]:
    """The line, and the legend below the chart."""
    metrics = MetricFailover([source], SignalsSettings(), lambda _: None)
    state = await evaluate(SPEC, Sources(metrics=metrics), QueryCache(metrics))
    now = time.time()
    legend = panel_details(state, SAY, 100, 12, now)[-1].plain
    return panel_line(state, SAY, 100, now).plain, legend


async def test_what_burns_leads_and_is_drawn_and_line_and_legend_say_one_number() -> None:
    line, legend = await evaluated(Past(errors=(0.0,) * 60, p95=(*(1.0,) * 57, 4.0, 9.0, 18.3)))
    assert line[20:].startswith("P95 18.3 s jumped from 1 s in ")
    assert "errors 0.00 % steady" in line
    assert line.index("P95") < line.index("errors")
    assert "P95 18.3 s  limit 15 s" in legend


async def test_where_nothing_burns_the_usual_chart_is_drawn() -> None:
    line, legend = await evaluated(Past(errors=(0.001,) * 60, p95=(6.0,) * 60))
    assert line[20:].startswith("errors 0.10 % steady  P95 6 s  ")
    assert "errors 0.10 %" in legend
    assert "dotted: forecast" in legend


async def test_what_a_server_warns_of_is_said_on_the_panel_once() -> None:
    source = Past(("store 10.0.0.7 timed out",), errors=(0.0,) * 60, p95=(1.0,) * 60)
    metrics = MetricFailover([source], SignalsSettings(), lambda _: None)
    state = await evaluate(SPEC, Sources(metrics=metrics), QueryCache(metrics))
    said = [SAY(warning) for warning in state.warnings]
    assert said.count("known warns: store 10.0.0.7 timed out") == 1


class Slow(Past):
    """Only its past has something missing."""

    async def query_range(self, expr: str, start: float, end: float, step: float) -> Answer:
        return replace(await super().query_range(expr, start, end, step), warnings=("store 8 is slow",))


async def test_what_a_server_warns_of_a_chart_is_said_on_the_panel_and_in_pinned_evidence() -> None:
    metrics = MetricFailover([Slow(errors=(0.0,) * 60, p95=(1.0,) * 60)], SignalsSettings(), lambda _: None)
    state = await evaluate(SPEC, Sources(metrics=metrics), QueryCache(metrics))
    assert [SAY(warning) for warning in state.warnings].count("known warns: store 8 is slow") == 1
    pinned = panel_evidence(state, SAY).said
    assert pinned is not None
    assert "known warns: store 8 is slow" in SAY(pinned.message)


async def test_what_a_server_warns_of_the_past_of_releases_is_said() -> None:
    metrics = MetricFailover([Slow(v=(1.0,) * 60)], SignalsSettings(), lambda _: None)
    spec = PanelSpec(id="release", title="R", kind="release", queries=(QuerySpec(name="v", expr="v"),))
    pasts = [await metrics.query_range("v", 0, 100, 1) for _ in range(3)]
    whole = contribute(spec.queries[0], await metrics.query("v"), pasts)
    assert [SAY(warning) for warning in whole.warnings] == ["known warns: store 8 is slow"]


class Down(Past):
    """The same, but it does not answer."""

    name = "first"

    async def query(self, *_: object) -> Answer:
        raise Unreachable(say("signals.no_source"))

    async def query_range(self, *_: object) -> Answer:
        raise Unreachable(say("signals.no_source"))


async def test_a_source_that_stands_in_is_named_as_long_as_it_does() -> None:
    metrics = MetricFailover(
        [Down(), Past(errors=(0.0,) * 60, p95=(1.0,) * 60)], SignalsSettings(), lambda _: None
    )
    states = [await evaluate(SPEC, Sources(metrics=metrics), QueryCache(metrics)) for _ in range(2)]
    assert states[1].stand_in == "known"
    assert "known answers instead of first" in SAY(states[1].warnings[0])


def state_of(value: float, name: str = "P95", width_name: str = "") -> tuple[str, str]:
    query = P95.model_copy(update={"name": name, "each": width_name})
    labels = (("model", "m"),)
    spec = PanelSpec(id="llm", title="LLM", queries=(query,), chart=name)
    answer = Answer("q", "vector", (Series(labels, (100.0,), (value,)),), "t", 100.0)
    state = judge_panel(spec, {name: answer}, 100.0)
    return panel_line(state, SAY, 80, 100.0).plain, panel_line(state, SAY, 40, 100.0).plain


@pytest.mark.parametrize(
    "name", ["P95 of a model whose name is long enough to fill every line there is", "P95"]
)
def test_the_number_that_burns_is_never_left_out(name: str) -> None:
    for line in state_of(18.3, name):
        assert "18.3 s" in line, line


@pytest.mark.parametrize("width", [30, 40, 56, 80, 120])
def test_a_panel_without_a_bad_part_leads_with_its_reason(width: int) -> None:
    calm = Contribution(verdict=Verdict.OK, parts=(Part(say("panels.text", text="calm 1"), 1, Verdict.OK),))
    broken = Contribution(verdict=Verdict.BURNING, reason=say("panels.text", text="broken: 7 of 8"))
    line = panel_line(fold(SPEC, 100.0, [calm, broken]), SAY, width, 100.0).plain
    assert "broken" in line
    assert "calm" not in line or line.index("broken") < line.index("calm")


def test_the_worst_stands_first_whatever_its_rank() -> None:
    parts = (
        Part(say("panels.text", text="a 1"), 1, Verdict.OK),
        Part(say("panels.text", text="b 2"), 9, Verdict.WARN),
        Part(say("panels.text", text="c 3"), 8, Verdict.BURNING),
    )
    state = fold(SPEC, 100.0, [Contribution(verdict=Verdict.BURNING, parts=parts)])
    assert panel_line(state, SAY, 80, 100.0).plain[20:].startswith("c 3  b 2  a 1")
    assert worst_first([replace(state, verdict=Verdict.OK), state])[0] is state


def test_series_that_only_their_scrape_tells_apart_are_told_apart() -> None:
    query = QuerySpec(name="up", expr="up", unit="none", warn=1, worse="below")
    series = tuple(
        Series((("__name__", "up"), ("instance", f"host{index}"), ("job", "node")), (100.0,), (float(index),))
        for index in range(2)
    )
    spec = PanelSpec(id="up", title="Up", queries=(query,))
    state = judge_panel(spec, {"up": Answer("up", "vector", series, "t", 100.0)}, 100.0)
    assert [SAY(row.cells[0]) for row in state.rows] == ["up host0", "up host1"]
    assert SAY(state.reason) == "up host0 is 0, below 1"
    (alone,) = judge_panel(spec, {"up": Answer("up", "vector", series[1:], "t", 100.0)}, 100.0).rows
    assert SAY(alone.cells[0]) == "up"


def test_a_small_curve_stands_only_behind_its_own_value() -> None:
    spec = PanelSpec(id="x", title="X", queries=(ERRORS,), chart="errors")
    past = Answer("e", "matrix", (Series((), (40.0, 70.0, 100.0), (0.0, 0.0, 0.0)),), "t", 100.0)
    now = Answer("e", "vector", (Series((), (100.0,), (0.0,)),), "t", 100.0)
    over = Part(say("panels.text", text="burn 15.7×"), 1, Verdict.BURNING)
    calm = judge_panel(spec, {"errors": now}, 100.0, history=past)
    burning = judge_panel(
        spec,
        {"errors": now},
        100.0,
        history=past,
        enriched=[Contribution(verdict=Verdict.BURNING, parts=(over,))],
    )
    assert "▁▁" in panel_line(calm, SAY, 80, 100.0).plain
    assert "▁▁" not in panel_line(burning, SAY, 80, 100.0).plain
