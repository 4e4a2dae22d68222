"""A question over a stretch of time: whole steps, the worst curves first, gaps named, history that is too short."""

from __future__ import annotations

import math
import time

import pytest

from core.errors import SourceError, Unreachable
from core.message import say
from panels.spec import QuerySpec
from panels.zoom import MAX_CURVES, RANGES, Range, Summary, known_span_s, query_range, summaries, zoom_chart
from signals.metrics.failover import MetricFailover
from signals.reading import Answer, Series
from signals.settings import SignalsSettings
from tests.panels.test_no_data import Stored
from tui.i18n import Language

QUERY = QuerySpec(name="n", expr="n", unit="count", by="queue", burning=100)
STRETCH = Range("5m", 300, 5)


def series(name: str, *values: float, start: float = 1000.0) -> Series:
    times = tuple(start + 5 * index for index in range(len(values)))
    return Series((("queue", name),), times, values)


def answer(*curves: Series) -> Answer:
    return Answer("n", "matrix", curves, "prometheus", 1300.0)


class Recorder:
    """A source that remembers what it was asked; it stands in for a fault that can't be made on demand."""

    remote = True

    def __init__(self, name: str, problem: SourceError | None = None) -> None:
        self.name = name
        self.problem = problem
        self.asked: list[tuple[float, float, float]] = []

    async def query(self, expr: str, at: float | None = None) -> Answer:
        return Answer(expr, "vector", (), self.name, at or 0.0)

    async def query_range(self, expr: str, start: float, end: float, step: float) -> Answer:
        if self.problem:
            raise self.problem
        self.asked.append((start, end, step))
        return Answer(expr, "matrix", (), self.name, end)

    async def metric_names(self) -> frozenset[str]:
        return frozenset()

    async def has_had(self, _: str) -> bool:
        return False


@pytest.mark.parametrize("stretch", RANGES)
def test_no_range_asks_for_more_samples_than_a_prometheus_gives(stretch: Range) -> None:
    assert 50 <= stretch.span_s / stretch.step_s <= 400


async def test_a_question_ends_now() -> None:
    source = Recorder("prometheus")
    await query_range(QUERY, STRETCH, MetricFailover([source], SignalsSettings(), lambda _: None), 1302.7)
    assert source.asked == [(1002.7, 1302.7, 5)], "the last point is now"


async def test_a_slow_month_says_nothing_of_the_health_of_the_source() -> None:
    slow = Recorder("prometheus", Unreachable(say("signals.no_source")))
    other = Recorder("scrape")
    notices: list[object] = []
    failover = MetricFailover([slow, other], SignalsSettings(breaker_failures=1), notices.append)
    for _ in range(5):
        with pytest.raises(SourceError):
            await query_range(QUERY, STRETCH, failover, 1300.0)
    assert other.asked == []
    assert notices == []
    assert (await failover.query("n")).source == "prometheus"


def test_the_worst_curves_come_first_and_the_rest_is_counted() -> None:
    curves = [series(f"q{index}", index, index) for index in range(11)]
    zoom = zoom_chart(QUERY, answer(*curves), 1300.0, STRETCH)
    assert [Language("en").say(name) for name in zoom.chart.names[:2]] == ["n q10", "n q9"]
    assert len(zoom.chart.names) == MAX_CURVES
    assert zoom.left_out == 11 - MAX_CURVES


def test_where_less_is_worse_the_least_comes_first() -> None:
    query = QuerySpec(name="n", expr="n", worse="below", by="queue")
    zoom = zoom_chart(query, answer(series("high", 9, 9), series("low", 1, 1)), 1300.0, STRETCH)
    assert [Language("zh").say(name) for name in zoom.chart.names] == ["n low", "n high"]


def test_a_curve_in_numbers() -> None:
    zoom = zoom_chart(QUERY, answer(series("q", 1, math.nan, 3, 8)), 1015.0, STRETCH)
    (found,) = summaries(zoom, 1010.0)
    assert found == Summary(
        name=say("panels.title", en="n q", zh="n q"), last=8, at_cursor=3, lowest=1, mean=4, highest=8
    )


def test_a_gap_under_the_cursor_is_no_number() -> None:
    zoom = zoom_chart(
        QUERY, answer(series("q", *([1] * 10), *([math.nan] * 10), *([2] * 10))), 1150.0, STRETCH
    )
    assert summaries(zoom, 1075.0)[0].at_cursor is None
    assert summaries(zoom, 1020.0)[0].at_cursor == 1
    assert summaries(zoom, None)[0].at_cursor is None


def test_an_answer_without_series_has_no_history() -> None:
    zoom = zoom_chart(QUERY, answer(), 1300.0, STRETCH)
    assert zoom.since is None
    assert known_span_s(zoom, STRETCH) is None
    assert summaries(zoom, 1.0) == ()


def test_history_shorter_than_the_range_is_said() -> None:
    zoom = zoom_chart(QUERY, answer(series("q", 1, 2, start=1200.0)), 1300.0, STRETCH)
    assert known_span_s(zoom, STRETCH) == 100.0
    whole = zoom_chart(QUERY, answer(series("q", 1, 2, start=1000.0)), 1300.0, STRETCH)
    assert known_span_s(whole, STRETCH) is None


@pytest.mark.parametrize("name", ["24h", "7d", "30d"])
async def test_a_long_range_shows_what_there_is_of_it(name: str) -> None:
    """Twenty-five minutes of data in a range whose steps are longer than that."""
    stretch = next(one for one in RANGES if one.name == name)
    source, now = Stored(), time.time()
    for ago_s in range(1500, -1, -15):
        source.ring.append((("__name__", "n"),), now - ago_s, float(ago_s))
    zoom = await query_range(QUERY, stretch, MetricFailover([source], SignalsSettings(), lambda _: None), now)
    (curve,) = zoom.chart.curves
    assert curve.times[-1] == pytest.approx(now, abs=1)
    assert len(curve.times) > 20, "enough of them to see a curve"
    assert known_span_s(zoom, stretch) == pytest.approx(1500, abs=120)
