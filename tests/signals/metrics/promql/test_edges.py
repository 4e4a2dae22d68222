"""Where Prometheus 3 differs from 2, and what only a scrape can make: a case for each."""

from __future__ import annotations

import math

import pytest

from core.errors import BadQuery, NotSupported
from signals.metrics.promql import evaluate, evaluate_range
from signals.store.ring import Ring, Sample

NAME = (("__name__", "m"),)


def ring_of(*samples: tuple[float, float]) -> Ring:
    ring = Ring(1e9)
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
    ring = Ring(1e9)
    ring.scrape("t", 100, [Sample(NAME, 1.0)])
    assert value("m", ring, 110) == 1
    ring.scrape("t", 115, [])
    assert value("m", ring, 114) == 1
    assert value("m", ring, 115) is None
    assert value("count_over_time(m[1m])", ring, 120) == 1


def test_a_sample_with_its_own_time_gets_no_marker() -> None:
    ring = Ring(1e9)
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
    ring = Ring(1e9)
    for code in ("200", "500"):
        ring.append((("__name__", "m"), ("code", code)), 100, 1)
    with pytest.raises(BadQuery):
        evaluate("m * on() m", ring, 100)
    with pytest.raises(BadQuery):
        evaluate('label_replace(m, "code", "", "code", ".*")', ring, 100)


@pytest.mark.parametrize(
    "expr",
    [
        "histogram_count(m)",
        "histogram_quantiles(m, 'q', 0.5)",
        "nonsense(m)",
        "info(m)",
        "max_of(1, 2)",
        "step()",
    ],
)
def test_what_is_not_known_is_refused_by_name(expr: str) -> None:
    with pytest.raises(BadQuery) as caught:
        evaluate(expr, ring_of((100, 1)), 100)
    if isinstance(caught.value, NotSupported):
        assert expr.split("(", maxsplit=1)[0] in str(caught.value.message.values["what"])


def test_what_names_no_time_has_no_date() -> None:
    ring = ring_of((100, 1))
    for expr in (
        "minute(vector(NaN))",
        "year(vector(Inf))",
        "month(vector(1e300))",
    ):  # Prometheus: as the processor likes
        found = value(expr, ring, 100)
        assert found is not None
        assert math.isnan(found)


def test_any_text_may_name_a_label_but_the_empty_one() -> None:
    answer = evaluate('count_values("a b", m)', ring_of((100, 1)), 100)  # Prometheus 2 refuses it
    assert answer.series[0].labels == (("a b", "1"),)
    with pytest.raises(BadQuery):
        evaluate('label_replace(m, "", "x", "", "")', ring_of((100, 1)), 100)


@pytest.mark.parametrize(
    "expr",
    [
        "(" * 5000 + "m" + ")" * 5000,
        "1+" * 5000 + "m",
        "abs(" * 300 + "m" + ")" * 300,
        "-" * 5000 + "m",
        "m or " * 999 + "m",
    ],
    ids=["parentheses", "sums", "calls", "signs", "sets"],
)
def test_a_bottomless_expression_is_refused_and_does_not_break_the_process(expr: str) -> None:
    with pytest.raises(BadQuery):
        evaluate(expr, ring_of((100, 1)), 100)


def test_a_wide_expression_is_not_deep() -> None:
    wide = " or ".join(f'm{{a!="{index}",b!~"(x|y)-({index})",c!~"<=="}}' for index in range(150))
    assert value(wide, ring_of((100, 1)), 100) == 1


def test_a_regular_expression_that_cannot_be_read_is_a_bad_query() -> None:
    ring = ring_of((100, 1))
    for expr in (
        'm{a!~"a++"}',
        'label_replace(m, "b", "$1", "a", "(?=x)")',
        'm{a=~"["}',
        'm{a=~"\\\\Qa\\\\E"}',
    ):
        with pytest.raises(BadQuery):
            evaluate(expr, ring, 100)


def test_an_answer_that_would_fill_the_memory_is_refused() -> None:
    ring = Ring(1e9)
    for index in range(1000):
        ring.append((*NAME, ("i", str(index))), 100, 1)
    with pytest.raises(BadQuery):
        evaluate_range("m", ring, 0, 10_999, 1)


def test_sums_do_not_lose_small_terms_to_large_ones() -> None:
    ring = ring_of((100, 1e100), (110, 1), (120, -1e100))
    assert value("sum_over_time(m[1m])", ring, 120) == 1
    assert value("avg_over_time(m[1m])", ring, 120) == pytest.approx(1 / 3)


def test_resets_of_other_series_do_not_touch_a_rate() -> None:
    ring = Ring(1e9)
    for at, value_ in ((100, 9e15), (110, 1), (120, 9e15), (130, 2)):
        ring.append((*NAME, ("i", "large")), at, value_)
    for at in (100, 110, 120, 130):
        ring.append((*NAME, ("i", "small")), at, at / 1e6)
    answer = evaluate('rate(m{i="small"}[41s])', ring, 130)
    both = evaluate("rate(m[41s])", ring, 130)
    assert answer.series[0].values == both.series[1].values


def test_a_span_of_too_many_points_is_refused() -> None:
    with pytest.raises(BadQuery):
        evaluate_range("m", ring_of((100, 1)), 0, 11_001, 1)
    assert evaluate_range("m", ring_of((100, 1)), 0, 10_000, 1).series[0].times[0] == 100


@pytest.mark.parametrize("expr", ["topk(NaN, nothing)", "bottomk(Inf, m)", "topk(1e19, m)"])
def test_a_number_of_series_has_to_be_countable_even_of_none(expr: str) -> None:
    with pytest.raises(BadQuery):
        evaluate(expr, ring_of((100, 1)), 100)


def test_the_lookback_counts_for_each_point_of_a_span() -> None:
    ring = ring_of((100, 1), (1000, 2))
    assert evaluate_range("m", ring, 100, 1100, 100).series[0].times == (100, 200, 300, 1000, 1100)


def buckets(*counts: float) -> Ring:
    ring = Ring(1e9)
    for bound, count in zip(("1", "2", "+Inf"), counts, strict=True):
        ring.append((("__name__", "m"), ("le", bound)), 100, count)
    return ring


def test_rounding_between_buckets_is_no_information_but_a_small_step_is() -> None:
    # Prometheus 3: a difference below 1e-12 is rounding, so that the median lies in the first bucket.
    assert value("histogram_quantile(1, m)", buckets(1.0, 1.0 + 1e-14, 1.0 + 1e-14), 100) == 1
    assert value("histogram_quantile(1, m)", buckets(1.0, 1.0 + 1e-6, 1.0 + 1e-6), 100) == 2


def test_buckets_that_fall_are_lifted() -> None:
    assert value("histogram_quantile(0.5, m)", buckets(4, 2, 4), 100) == 0.5


def test_the_end_of_a_range_is_not_its_last_step() -> None:
    ring = ring_of((100, 1), (160, 2), (170, 3))
    answer = evaluate_range("m @ end()", ring, 100, 170, 60)
    assert answer.series[0].values == (3.0, 3.0)
