"""Where Prometheus 3 differs from 2, and what only a scrape can make: a case for each."""

from __future__ import annotations

import math

import pytest

from signals.errors import BadQuery, NotSupported
from signals.promql import evaluate, evaluate_span
from signals.ring import Ring, Sample

NAME = (("__name__", "m"),)


def ring_of(*samples: tuple[float, float]) -> Ring:
    ring = Ring(1e9, 10**6)
    for at, value in samples:
        ring.append(NAME, at, value)
    return ring


def value(expr: str, ring: Ring, at: float) -> float | None:
    answer = evaluate(expr, ring, at)
    return answer.series[0].values[0] if answer.series else None


def test_the_left_end_of_a_range_is_open() -> None:
    ring = ring_of((100, 1), (160, 2))
    assert value("count_over_time(m[60s])", ring, 160) == 1  # Prometheus 2 counts both
    assert value("count_over_time(m[61s])", ring, 160) == 2


def test_the_left_end_of_the_lookback_is_open() -> None:
    ring = ring_of((100, 1))
    assert value("m", ring, 399.999) == 1
    assert value("m", ring, 400) is None  # Prometheus 2 still answers


def test_a_long_gap_is_halved_before_the_zero_point_is_applied() -> None:
    # 60 s sampled, average 30 s, 40 s to the start: longer than 33 s, so half of 30 s; the zero point (20 s) is further.
    ring = ring_of((140, 2), (170, 5), (200, 8))
    assert value("increase(m[100s])", ring, 200) == pytest.approx(6 * (60 + 15) / 60)  # Prometheus 2: 60 + 20


def test_a_counter_is_not_carried_back_below_zero() -> None:
    ring = ring_of((110, 1), (170, 61))
    assert value("increase(m[80s])", ring, 170) == pytest.approx(60 * (60 + 1) / 60)


def test_a_series_that_left_its_target_vanishes_at_once() -> None:
    ring = Ring(1e9, 10**6)
    ring.scrape("t", 100, [Sample(NAME, 1.0)])
    assert value("m", ring, 110) == 1
    ring.scrape("t", 115, [])
    assert value("m", ring, 114) == 1
    assert value("m", ring, 115) is None
    assert value("count_over_time(m[1m])", ring, 120) == 1


def test_a_sample_with_its_own_time_gets_no_marker() -> None:
    ring = Ring(1e9, 10**6)
    ring.scrape("t", 100, [Sample(NAME, 1.0, 99.0)])
    ring.scrape("t", 115, [])
    assert value("m", ring, 120) == 1


def test_nan_is_a_value() -> None:
    ring = ring_of((100, math.nan))
    found = value("m", ring, 100)
    assert found is not None
    assert math.isnan(found)
    assert value("m == m", ring, 100) is None
    assert value("m != m", ring, 100) is not None


def test_two_series_on_one_side_are_refused() -> None:
    ring = Ring(1e9, 10**6)
    for code in ("200", "500"):
        ring.append((("__name__", "m"), ("code", code)), 100, 1)
    with pytest.raises(BadQuery):
        evaluate("m * on() m", ring, 100)
    with pytest.raises(BadQuery):
        evaluate('label_replace(m, "code", "", "code", ".*")', ring, 100)


@pytest.mark.parametrize(
    "expr",
    ["double_exponential_smoothing(m[1m], 0.1, 0.1)", "histogram_count(m)", "nonsense(m)", "limitk(1, m)"],
)
def test_what_is_not_known_is_refused_by_name(expr: str) -> None:
    with pytest.raises(BadQuery) as caught:
        evaluate(expr, ring_of((100, 1)), 100)
    if isinstance(caught.value, NotSupported):
        assert expr.split("(", maxsplit=1)[0] in str(caught.value.message.values["what"])


def test_a_span_of_too_many_points_is_refused() -> None:
    with pytest.raises(BadQuery):
        evaluate_span("m", ring_of((100, 1)), 0, 11_001, 1)
    assert evaluate_span("m", ring_of((100, 1)), 0, 10_000, 1).series[0].times[0] == 100
