"""Nothing that a query can do ends the thread that asks, takes its memory, or writes past us to the terminal."""

from __future__ import annotations

import time
import tracemalloc

import pytest

from core.errors import BadQuery, NotSupported, TimedOut
from signals.metrics.promql import evaluate, evaluate_range
from signals.store.ring import Ring, Sample

NOW = 1_700_000_000.0


def ring() -> Ring:
    filled = Ring(retention_s=1e9)
    for index in range(40):
        filled.append((("__name__", "m"), ("a", "x" * 40)), NOW - 600 + 15 * index, float(index))
    return filled


@pytest.mark.parametrize(
    "expr",
    [
        "m @ -1",
        "m @ -0.5 offset 5m",
        "rate(m[5m] @ -7)",
        "sum_over_time(m[5m:1m] @ -100000000000)",
        "m @ 1700000000000",
        "m @ 99999999999999",
    ],
)
def test_a_time_without_samples_has_none(expr: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert evaluate(expr, ring(), NOW).series == ()
    assert evaluate_range(expr, ring(), NOW - 60, NOW, 15).series == ()
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    "expr",
    [
        "m offset Inf",
        "m offset -NaN",
        "m offset 1e300",
        "rate(m[5m] offset +inf)",
        "m @ Inf",
        "m @ 1e300",
        "m[999999999999999999:1m]",
        "sum_over_time(m[5m:999999999999999999])",
        "rate(m[999999999999999999])",
        "m offset 999999999999999999",
        "max_over_time(m[1y:1ms])",
        "max_over_time(vector(1)[1y:1s])",
        "max_over_time(max_over_time(m[1d:1s])[10y:1m])",
    ],
)
def test_what_has_no_bounds_is_a_bad_query(expr: str, capfd: pytest.CaptureFixture[str]) -> None:
    filled = ring()
    tracemalloc.start()
    began = time.monotonic()
    try:
        with pytest.raises(BadQuery):
            evaluate(expr, filled, NOW)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert time.monotonic() - began < 20
    assert peak < 50_000_000
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    "expr",
    [
        "quantile_over_time(0.5, m[1d:1s])",
        "avg_over_time(m[12h:1s])",
        "max_over_time(deriv(m[1h])[1d:1s])",
        "topk(1, m)",
    ],
)
def test_a_question_ends_when_its_time_is_over(expr: str) -> None:
    filled = ring()
    began = time.monotonic()
    with pytest.raises(TimedOut):
        evaluate_range(
            f"{expr} or {expr}" if "topk" in expr else expr, filled, NOW - 9000, NOW, 1, timeout_s=1e-4
        )
    assert time.monotonic() - began < 8


def test_what_looks_like_it_in_a_text_is_left_alone() -> None:
    filled = ring()
    filled.append((("__name__", "m"), ("a", "m @ -1 offset Inf")), NOW, 5.0)
    assert evaluate('m{a="m @ -1 offset Inf"}', filled, NOW).series[0].values == (5.0,)
    assert evaluate("m # @ -1 offset Inf", filled, NOW).series


@pytest.mark.parametrize(
    ("expr", "name"),
    [
        ("histogram_avg(nothing)", "histogram_avg()"),
        ("m + fill(0) m", "fill()"),
        ("nothing + fill_left(0) nothing", "fill()"),
        ("m + on(a) group_left fill_right(1) m", "fill()"),
        ("info(nothing)", "info()"),
    ],
)
def test_what_is_parsed_but_not_evaluated_is_refused_by_name(expr: str, name: str) -> None:
    with pytest.raises(NotSupported) as caught:
        evaluate(expr, ring(), NOW)
    assert caught.value.message.values["what"] == name


@pytest.mark.parametrize("value", [13.3, 0.1, 1e300, -7.7, float("inf")])
def test_equal_values_have_themselves_as_mean_and_no_deviation(value: float) -> None:
    filled = Ring(retention_s=1e9)
    for index in range(3):
        filled.append((("__name__", "m"), ("a", str(index))), NOW, value)
    for at in (NOW - 40, NOW - 20):
        filled.append((("__name__", "n"),), at, value)
    filled.append((("__name__", "n"),), NOW, value)
    for expr in ("avg(m)", "avg_over_time(n[1m])"):
        assert evaluate(expr, filled, NOW).series[0].values == (value,)
    for expr in ("stddev(m)", "stdvar(m)", "stddev_over_time(n[1m])"):
        deviation = evaluate(expr, filled, NOW).series[0].values[0]
        assert deviation == 0 or value == float("inf"), "as IEEE 754 says: Inf - Inf is no number"


def test_series_that_are_long_gone_take_no_room() -> None:
    filled = Ring(retention_s=1e9)
    for index in range(1500):  # each lives for one scrape
        filled.scrape(
            "t", NOW - 15 * (1500 - index), [Sample((("__name__", "gone"), ("i", str(index))), 1.0)]
        )
    tracemalloc.start()
    try:
        answer = evaluate_range("count(rate(gone[5m])) or count(gone)", filled, NOW - 3000, NOW, 3)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert answer.series
    assert peak < 20_000_000, f"{peak / 1e6:.0f} MB for 220 series, as if all 1 500 were there"
