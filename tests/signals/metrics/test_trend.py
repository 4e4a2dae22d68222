"""A direction comes from all samples; a quantile beyond the buckets is never given as a number."""

from __future__ import annotations

import math
import random

import pytest

from panels.limits import exceeded_bound
from panels.projection import meeting_parts, trend_words
from panels.spec import PanelSpec, QuerySpec
from signals.metrics.trend import Jump, Trend, direction, slope, time_to_limit, trend
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
        (curve(*[5] * 29, 5000), "rising"),  # a step, not a calm
        (curve(*[5] * 20, 5000, *[5] * 9), "steady"),  # one that is long over
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
    assert sum(direction(one) in ("rising", "falling") for one in noise) <= 4


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
        for part in meeting_parts(query, Answer("x", "matrix", tuple(parts), "t", 0.0))
    ]
    assert said == ["invalid: 10 000 in about 12 min"]


WOBBLE = tuple(100 + random.Random(index).uniform(-30, 30) for index in range(57))
CASES = {
    "errors": ((*[0.0] * 58, 0.05, 1.0), "ratio", "jumped from 0.00 % in 30 s"),
    "429": ((*[0.0] * 57, 10, 30, 57), "1/min", "jumped from 0/min in 90 s"),
    "P95": (
        (*(1 + 0.01 * (index % 3) for index in range(57)), 4, 9, 12.7),
        "s",
        "jumped from 1.01 s in 90 s",
    ),
    "queue": ((*[0.0] * 57, 10, 40, 54), "count", "jumped from 0 in 90 s"),
    "purged": ((*[54.0] * 58, 20, 0), "count", "fell from 54 in 60 s"),
    "drained four minutes ago": ((*range(210, 420, 5), *range(420, 0, -60), *[0.0] * 9), "count", "steady"),
    "risen and level": ((*range(0, 250, 5), *[250.0] * 10), "count", "steady"),
    "wobbling": (WOBBLE, "count", None),
    "of a minute": ((5.0, 5.0, 5.0), "count", None),
    "flickering": ((0.0, 1.0) * 20, "count", None),
    "slow": (tuple(100 + 2 * index for index in range(60)), "count", "rising"),
}


@pytest.mark.parametrize("name", CASES)
def test_steady_is_measured_and_a_jump_is_a_jump(name: str) -> None:
    values, unit, expected = CASES[name]
    query = QuerySpec.model_validate({"name": "x", "expr": "x", "unit": unit})
    words = trend_words(query, curve(*values))
    assert (None if words is None else Language("en").say(words)) == expected


def test_a_level_of_less_than_two_minutes_is_not_called_steady() -> None:
    short = Series((), tuple(2.0 * index for index in range(30)), (5.0,) * 30)
    long = Series((), tuple(2.0 * index for index in range(80)), (5.0,) * 80)
    assert (direction(short), direction(long)) == (None, "steady")


def test_a_curve_that_stopped_rising_meets_no_limit() -> None:
    assert time_to_limit(curve(*range(0, 9000, 180), *[9000] * 10), 10_000) is None


def test_a_trend_names_the_samples_that_show_it() -> None:
    now = trend(curve(*[0] * 50, *(100 * index for index in range(12))))
    assert isinstance(now, Trend)
    assert now.samples.values[-1] == 1100
    assert now.slope.middle == pytest.approx(100 / 30)
    assert trend(curve(*[3] * 20, 60)) == Jump(before=3, after=60, seconds=30)
