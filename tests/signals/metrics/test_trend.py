"""A direction comes from all samples; a quantile beyond the buckets is never given as a number."""

from __future__ import annotations

import math
import random

import pytest

from panels.limits import exceeded_bound
from panels.projection import trend_parts
from panels.spec import PanelSpec, QuerySpec
from signals.metrics.trend import direction, slope, time_to_limit
from signals.reading import Answer, Series, Verdict
from tests.panels.judged import judge_panel
from tui.i18n import Language


def curve(*values: float) -> Series:
    return Series((), tuple(30.0 * index for index in range(len(values))), values)


NOISY = curve(*(100 + random.Random(1).uniform(-1, 1) for _ in range(60)))


@pytest.mark.parametrize(
    ("series", "expected"),
    [
        (curve(*range(0, 600, 10)), "rising"),
        (curve(*range(600, 0, -10)), "falling"),
        (curve(*[5] * 30), "steady"),
        (curve(*[0] * 30), "steady"),
        (curve(*[5] * 29, 5000), "steady"),  # one spike is no trend
        (curve(*range(0, 300, 10), math.nan), "rising"),
        (NOISY, "steady"),
        (curve(1, 2, 3), None),
        (curve(*[math.nan] * 9), None),
    ],
)
def test_a_direction_comes_from_all_samples(series: Series, expected: str | None) -> None:
    assert direction(series) == expected


def test_the_slope_is_the_median_of_all_pairs() -> None:
    found = slope(curve(0, 30, 60, 90, 120, 5000))
    assert found is not None
    assert found.middle == 1.0
    assert found.low <= 1.0 <= found.high


def test_a_limit_is_met_within_a_range() -> None:
    assert time_to_limit(curve(*range(0, 6000, 100)), 10_000) == pytest.approx((1230, 1230))
    assert time_to_limit(curve(*[10_000] * 9), 10_000) == (0, 0)
    assert time_to_limit(curve(*[9_000] * 9), 10_000) is None
    wobbling = time_to_limit(
        curve(*(100 * i + random.Random(i).uniform(-300, 300) for i in range(20))), 10_000
    )
    assert wobbling is not None
    assert wobbling[0] < (10_000 - 1_900) / (100 / 30) < wobbling[1]


def buckets(**counts: float) -> Answer:
    bounds = {"b10": "10", "b60": "60", "inf": "+Inf"}
    series = tuple(Series((("le", bounds[name]),), (100.0,), (value,)) for name, value in counts.items())
    return Answer("b", "vector", series, "test", 100.0)


def test_each_series_has_its_own_buckets() -> None:
    series = tuple(
        Series((("le", bound), ("model", model)), (100.0,), (value,))
        for model, bound, value in [("a", "60", 1), ("a", "+Inf", 9), ("b", "60", 9), ("b", "+Inf", 9)]
    )
    both = Answer("b", "vector", series, "test", 100.0)
    assert exceeded_bound(both, 0.95, (("model", "a"),)) == 60
    assert exceeded_bound(both, 0.95, (("model", "b"),)) is None
    assert exceeded_bound(both, 0.95) is None


@pytest.mark.parametrize(
    ("given", "bound"),
    [
        (buckets(b10=1, b60=90, inf=100), 60),
        (buckets(b10=1, b60=95, inf=100), None),  # exactly at the bound: it is known
        (buckets(b10=100, b60=100, inf=100), None),
        (buckets(b10=0, b60=0, inf=0), None),
        (buckets(b10=1, b60=2), None),
        (buckets(inf=2), None),
    ],
)
def test_the_overflow_bucket_is_recognised(given: Answer, bound: float | None) -> None:
    assert exceeded_bound(given, 0.95) == bound


def test_a_quantile_beyond_the_last_bucket_reads_more_than() -> None:
    query = QuerySpec(name="P95", expr="x", unit="s", warn=10, burning=15, buckets="b")
    given = Answer("x", "vector", (Series((), (100.0,), (60.0,)),), "test", 100.0)
    spec = PanelSpec(id="slo", title="SLO", queries=(query,))
    state = judge_panel(spec, {"P95": given}, 101, buckets={"P95": buckets(b10=1, b60=90, inf=100)})
    assert Language("en").say(state.reason) == "P95 is > 60 s, over 15 s"


@pytest.mark.parametrize(
    ("count", "verdict", "reason"),
    [
        (19, "unknown", "P95 is 30 s, but of 19 requests: too few to judge"),
        (20, "burning", "P95 is 30 s, over 15 s"),
    ],
)
def test_a_quantile_of_few_requests_is_over_no_limit(count: float, verdict: str, reason: str) -> None:
    query = QuerySpec(name="P95", expr="x", unit="s", warn=10, burning=15, buckets="b")
    given = Answer("x", "vector", (Series((), (100.0,), (30.0,)),), "test", 100.0)
    beside = {"P95": buckets(b10=1, b60=count, inf=count)}
    state = judge_panel(
        PanelSpec(id="slo", title="SLO", queries=(query,)), {"P95": given}, 101, buckets=beside
    )
    assert (state.verdict, Language("en").say(state.reason)) == (Verdict(verdict), reason)


@pytest.mark.parametrize(
    ("start", "step", "verdict", "text"),
    [
        (100, 100, "warn", "invalid: 10 000 in about 20 min"),
        (1500, 100, "burning", "invalid: 10 000 in about 13 min"),
        (4100, 20, "warn", "invalid: 10 000 in about 118 min"),
        (4000, 0, "ok", "all values are within their limits"),
        (0, 1, "ok", "all values are within their limits"),
        (10_000, 0, "burning", "invalid: 10 000 is reached"),
    ],
)
def test_a_ban_is_announced_before_it_comes(start: float, step: float, verdict: str, text: str) -> None:
    series = curve(*(start + step * index for index in range(60)))
    query = QuerySpec(name="invalid", expr="x", unit="count", forecast=10_000)
    given = Answer("x", "vector", (Series((), (100.0,), (series.values[-1],)),), "test", 100.0)
    history = Answer("x", "matrix", (series,), "test", 100.0)
    spec = PanelSpec(id="ban", title="Ban", queries=(query,), chart="invalid")
    state = judge_panel(spec, {"invalid": given}, 101, history=history)
    assert (Language("en").say(state.reason), state.verdict) == (text, Verdict(verdict))


def test_what_has_just_begun_is_seen_before_it_is_most_of_the_curve() -> None:
    storm = curve(*[0] * 52, *(500 * index for index in range(1, 9)))
    assert direction(curve(*[0] * 60)) == "steady"
    assert direction(storm) == "rising"
    over = curve(*(100 * index for index in range(50)), *(4000 - 300 * index for index in range(10)))
    assert direction(over) == "falling"
    span = time_to_limit(storm, 10_000)
    assert span is not None
    assert span[0] <= 6000 / 500 * 30 <= span[1]


def test_few_samples_of_noise_begin_nothing() -> None:
    chance = random.Random(7)
    noise = [curve(*(100 + chance.uniform(-30, 30) for _ in range(60))) for _ in range(40)]
    assert sum(direction(one) != "steady" for one in noise) <= 4


def test_sums_over_a_sliding_window_are_less_sure_than_independent_samples() -> None:
    chance = random.Random(3)
    steps = [chance.uniform(0, 20) for _ in range(80)]
    sliding = curve(*(sum(steps[index : index + 20]) + index for index in range(60)))
    drift = [value - index for index, value in enumerate(sliding.values)]
    chance.shuffle(drift)
    shuffled = curve(*(value + index for index, value in enumerate(drift)))
    alike, apart = slope(sliding), slope(shuffled)
    assert alike is not None
    assert apart is not None
    assert alike.high - alike.low > 1.5 * (apart.high - apart.low)


def test_the_time_to_a_limit_is_as_wide_as_the_curve_is_noisy() -> None:
    chance = random.Random(5)
    noisy = curve(*(100 * index + chance.uniform(-400, 400) for index in range(60)))
    span = time_to_limit(noisy, 12_000)
    assert span is not None
    true = (12_000 - 5900) / (100 / 30)
    assert span[0] < true < span[1]
    assert span[1] - span[0] > 0.2 * true
    found = slope(noisy)
    assert found is not None
    assert span[0] < (12_000 - noisy.values[-1]) / found.high - 60, (
        "a single value may already lie off the line"
    )


def test_the_forecast_is_of_all_curves_together() -> None:
    parts = [
        Series((("status", code),), NOISY.times, tuple(40.0 * step for step in range(60)))
        for code in ("401", "403", "429")
    ]
    query = QuerySpec(name="invalid", expr="x", unit="count", forecast=10_000)
    said = [
        Language("en").say(part.text)
        for part in trend_parts(query, Answer("x", "matrix", tuple(parts), "t", 0.0))
    ]
    assert said == ["rising", "invalid: 10 000 in about 12 min"]
