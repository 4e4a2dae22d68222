"""A panel's window becomes evidence: gaps stay gaps, long curves are thinned, nothing is not a number."""

from __future__ import annotations

import math

from incidents.svg import draw_svg
from panels.state import Chart, PanelState
from signals.message import say
from signals.reading import Freshness, Reading, Series, Verdict
from tui.evidence import MOST_POINTS, evidence_of
from tui.language import Language


def state(chart: Chart | None, trend: Series | None = None) -> PanelState:
    reading = Reading("depth", 4.0, "count", 30.0, "prometheus", "max(x)")
    return PanelState(
        "queues", say("panels.queues"), Verdict.BURNING, say("panels.queues"), (), (),
        (chart,) if chart else (), (reading, reading), trend, 30.0, 5.0, Freshness.LIVE,
    )  # fmt: skip


def test_curves_limit_query_and_source_are_kept() -> None:
    curve = Series((), (0.0, 15.0, 30.0), (1.0, math.nan, 4.0))
    chart = Chart(
        say("panels.queues"), "count", (curve,), (say("panels.title", en="matches", zh="对局"),), limit=100.0
    )
    found = evidence_of(state(chart), Language("zh").say)
    assert (found.panel, found.verdict, found.unit, found.limit) == ("queues", "burning", "count", 100.0)
    assert (found.query, found.source) == ("max(x)", "prometheus")
    assert (found.curves[0].name, found.curves[0].values) == ("对局", (1.0, None, 4.0))
    assert draw_svg(found) is not None


def test_a_long_curve_is_thinned_and_a_trend_stands_in_for_a_chart() -> None:
    times = tuple(float(at) for at in range(MOST_POINTS * 2 + 7))
    found = evidence_of(state(None, Series((), times, times)), lambda message: message.key)
    assert MOST_POINTS / 2 < len(found.curves[0].at) <= MOST_POINTS
    assert found.curves[0].at == found.curves[0].values
