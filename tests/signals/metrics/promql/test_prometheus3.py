"""What Prometheus 3 has and the one of Debian has not: by its documentation and its sources."""

from __future__ import annotations

import math

import pytest

from core.errors import BadQuery
from signals.metrics.promql import evaluate, evaluate_range
from signals.metrics.promql.label_hash import xxh64
from signals.store.ring import Ring

NOW = 1000.0


def labelled(*series: tuple[str, float]) -> Ring:
    """Series `m` that differ in the label `i`."""
    ring = Ring(1e9)
    for text, value in series:
        ring.append((("__name__", "m"), ("i", text)), NOW, value)
    return ring


def over_time(*values: float) -> Ring:
    """One series `m`, a sample every 10 s until now."""
    ring = Ring(1e9)
    for index, value in enumerate(values):
        ring.append((("__name__", "m"),), NOW - 10 * (len(values) - 1 - index), value)
    return ring


def value(expr: str, ring: Ring) -> float:
    (series,) = evaluate(expr, ring, NOW).series
    return series.values[0]


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        ("first_over_time(m[1m])", 4.0),
        ("mad_over_time(m[1m])", 1.0),
        ("ts_of_first_over_time(m[1m])", 960.0),
        ("ts_of_last_over_time(m[1m])", 1000.0),
        ("ts_of_min_over_time(m[1m])", 970.0),
        ("ts_of_max_over_time(m[1m])", 990.0),
        ("ts_of_max_over_time((m > bool 100)[60s:10s])", 1000.0),
    ],
)
def test_functions_over_time(expr: str, expected: float) -> None:
    assert value(expr, over_time(4, 2, 3, 9, 3)) == expected


def test_the_first_sample_keeps_its_name_and_the_rest_does_not() -> None:
    ring = over_time(1, 2)
    assert evaluate("first_over_time(m[1m])", ring, NOW).series[0].labels == (("__name__", "m"),)
    assert evaluate("ts_of_max_over_time(m[1m])", ring, NOW).series[0].labels == ()


def test_a_nan_has_no_extreme_unless_there_is_nothing_else_and_no_deviation() -> None:
    ring = over_time(math.nan, 5, math.nan)
    assert value("ts_of_max_over_time(m[1m])", ring) == value("ts_of_min_over_time(m[1m])", ring) == 990.0
    assert value("ts_of_max_over_time(m[1m])", over_time(math.nan, math.nan)) == 1000.0
    assert math.isnan(value("mad_over_time(m[1m])", ring))


def test_smoothing_under_both_names_and_only_between_nothing_and_all() -> None:
    ring = over_time(1, 2, 4)
    # Level 1, trend 1; then 2 = .5·2 + .5·(1+1), trend 1 = .5·1 + .5·1; then .5·4 + .5·(2+1).
    assert value("double_exponential_smoothing(m[1m], 0.5, 0.5)", ring) == 3.5
    assert value("holt_winters(m[1m], 0.5, 0.5)", ring) == 3.5
    for factors in ("0, 0.5", "0.5, 1", "NaN, 0.5"):
        with pytest.raises(BadQuery):
            evaluate(f"double_exponential_smoothing(m[1m], {factors})", ring, NOW)


def test_labels_sort_as_people_read_them_and_a_range_has_no_order() -> None:
    ring = labelled(("node9", 1), ("node10", 2), ("node1", 3))

    def order(expr: str) -> list[str]:
        return [dict(series.labels)["i"] for series in evaluate(expr, ring, NOW).series]

    assert order('sort_by_label(m, "i")') == ["node1", "node9", "node10"]
    assert order('sort_by_label_desc(m, "i")') == ["node10", "node9", "node1"]
    assert len(evaluate_range('sort_by_label(m, "i")', ring, NOW, NOW + 60, 60).series) == 3


def test_limitk_takes_the_first_that_are_there() -> None:
    ring = labelled(("a", 1), ("b", 2), ("c", 3))
    assert [series.values[0] for series in evaluate("limitk(2, m)", ring, NOW).series] == [1, 2]
    assert [series.values[0] for series in evaluate("limitk(2, m > 1)", ring, NOW).series] == [2, 3]
    assert not evaluate("limitk(0, m)", ring, NOW).series
    assert not evaluate("limitk(1, nothing)", ring, NOW).series
    with pytest.raises(BadQuery):
        evaluate("limitk(NaN, nothing)", ring, NOW)


@pytest.mark.parametrize("ratio", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_a_ratio_and_its_complement_share_the_series(ratio: float) -> None:
    ring = labelled(*((f"i{index}", float(index)) for index in range(400)))
    taken = {series.labels for series in evaluate(f"limit_ratio({ratio}, m)", ring, NOW).series}
    others = {series.labels for series in evaluate(f"limit_ratio({ratio} - 1, m)", ring, NOW).series}
    assert abs(len(taken) - 400 * ratio) < 40
    assert ratio == 1.0 or (not taken & others and len(taken | others) == 400)


def test_the_hash_is_xxh64() -> None:
    """Test vectors of the reference implementation, and of its documentation."""
    assert xxh64(b"") == 0xEF46DB3751D8E999
    assert xxh64(b"a") == 0xD24EC4F1A98C6E5B
    assert xxh64(b"abc") == 0x44BC2CF5AD770999
    assert xxh64(b"Nobody inspects the spammish repetition") == 0xFBCEA83C8A378BF1


def histogram(*counts: float) -> Ring:
    ring = Ring(1e9)
    for bound, count in zip(("1", "2", "4", "+Inf"), counts, strict=True):
        ring.append((("__name__", "m"), ("le", bound)), NOW, count)
    return ring


@pytest.mark.parametrize(
    ("lower", "upper", "expected"),
    [
        ("0", "2", 0.4),
        ("1", "2", 0.2),
        ("0", "0.5", 0.1),
        ("1.5", "3", 0.3),
        ("-Inf", "+Inf", 1.0),
        ("2", "+Inf", 0.6),
        ("2", "100", 0.4),
        ("3", "1", 0.0),
        ("NaN", "1", math.nan),
    ],
)
def test_the_fraction_of_classic_buckets(lower: str, upper: str, expected: float) -> None:
    fraction = value(f"histogram_fraction({lower}, {upper}, m)", histogram(2, 4, 8, 10))
    assert fraction == pytest.approx(expected, nan_ok=True)


def test_no_top_bucket_and_no_observation_have_no_fraction() -> None:
    ring = Ring(1e9)
    ring.append((("__name__", "m"), ("le", "1")), NOW, 5)
    assert math.isnan(value("histogram_fraction(0, 1, m)", ring))
    assert math.isnan(value("histogram_fraction(0, 1, m)", histogram(0, 0, 0, 0)))


def test_a_mean_is_made_with_the_arithmetic_of_prometheus() -> None:
    """Sum and lost part are each divided, as promql/engine.go does it: a step is looked at, not the rounded truth."""
    values = [0.1 * (index % 7 + 1) for index in range(23)]
    summed, lost = values[0], 0.0
    for term in values[1:]:
        after = summed + term
        lost += (summed - after) + term if abs(summed) >= abs(term) else (term - after) + summed
        summed = after
    mean = summed / len(values) + lost / len(values)
    assert value("avg_over_time(m[1h])", over_time(*values)) == mean
    assert value("avg(m)", labelled(*((f"{index:02}", one) for index, one in enumerate(values)))) == mean
    many = Ring(1e9)
    for row in range(500):  # so many are added in another order
        for index, one in enumerate(values):
            many.append((("__name__", "m"), ("r", str(row)), ("i", f"{index:02}")), NOW, one)
    assert {series.values[0] for series in evaluate("avg by (r) (m)", many, NOW).series} == {mean}


def test_a_mean_of_values_whose_sum_overflows_is_finite() -> None:
    assert value("avg_over_time(m[1h])", over_time(1.5e308, 1.5e308, 1.5e308)) == pytest.approx(1.5e308)
    assert value("avg(m)", labelled(("a", 1.5e308), ("b", 1.5e308))) == pytest.approx(1.5e308)
    assert value("sum(m)", labelled(("a", 1.5e308), ("b", 1.5e308))) == math.inf
