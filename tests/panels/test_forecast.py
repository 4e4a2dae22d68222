"""A forecast is a fan that holds what really came, and admits what it can't know."""

from __future__ import annotations

import math
import random

import pytest

from core.message import say
from panels.fetch import until_now
from panels.projection import forecast, trend_words, with_forecast
from panels.spec import QuerySpec
from panels.state import Chart
from signals.reading import Answer, Series

NOW = 10_000.0


def series(*values: float) -> Series:
    return Series((), tuple(NOW - 30 * (len(values) - 1 - i) for i in range(len(values))), values)


def test_a_straight_line_goes_on_straight() -> None:
    found = forecast(series(*(2.0 * i for i in range(40))), NOW, 300)
    assert found is not None
    assert found.middle.times[0] == NOW
    assert found.middle.times[-1] == NOW + 300
    assert found.middle.values[-1] == pytest.approx(2.0 * 49)
    assert found.low.values[-1] == pytest.approx(found.high.values[-1])


def test_the_fan_holds_what_came_in_most_of_many_noisy_histories() -> None:
    held, forecasts = 0, 0
    for seed in range(200):
        rand = random.Random(seed)
        found = forecast(series(*(100 + 0.5 * i + rand.gauss(0, 5) for i in range(60))), NOW, 450)
        if found is None:  # no trend is sure in this one
            continue
        forecasts += 1
        came = 100 + 0.5 * (59 + 15) + rand.gauss(0, 5)
        held += found.low.values[-1] <= came <= found.high.values[-1]
    assert forecasts > 180
    assert 0.88 <= held / forecasts <= 1.0


def test_noise_opens_the_fan() -> None:
    rand = random.Random(1)
    calm, wild = (
        forecast(series(*(2 * index + rand.gauss(0, spread) for index in range(60))), NOW, 300)
        for spread in (0.1, 5)
    )
    assert calm is not None
    assert wild is not None
    assert wild.high.values[-1] - wild.low.values[-1] > 5 * (calm.high.values[-1] - calm.low.values[-1])


@pytest.mark.parametrize(
    "values",
    [
        [50 + random.Random(index).gauss(0, 10) for index in range(40)],  # no trend but noise
        [*[0.0] * 58, 0.05, 1.0],  # a jump
        [*[0.0] * 57, 10, 40, 54],
    ],
)
def test_what_the_last_samples_do_not_support_is_not_forecast(values: list[float]) -> None:
    assert forecast(series(*values), NOW, 450) is None


def test_a_queue_that_was_drained_stays_at_zero() -> None:
    drained = forecast(series(*range(210, 420, 5), *range(420, 0, -60), *[0.0] * 9), NOW, 450)
    assert drained is not None
    assert set(drained.high.values) == {0.0}


def test_errors_that_crept_to_one_percent_are_not_forecast_to_a_hundred() -> None:
    ahead = forecast(series(*[0.0] * 40, *(0.001 * index for index in range(1, 11))), NOW, 450, 1.0)
    assert ahead is not None
    assert (ahead.low.values[0], ahead.middle.values[0], ahead.high.values[0]) == (0.01, 0.01, 0.01)
    assert ahead.high.values[-1] < 0.05


@pytest.mark.parametrize("seed", range(20))
def test_a_forecast_starts_at_the_last_value(seed: int) -> None:
    rand = random.Random(seed)
    values = [100 + 3 * index + rand.gauss(0, 8) for index in range(60)]
    ahead = forecast(series(*values), NOW, 450)
    if ahead is not None:
        assert {curve.values[0] for curve in (ahead.low, ahead.middle, ahead.high)} == {values[-1]}


def test_the_value_of_now_is_the_last_of_the_curve_and_a_gap_before_it_stays_one() -> None:
    past = Answer("x", "matrix", (series(1, 2, 3),), "test", NOW)
    (joined,) = until_now(
        past, Answer("x", "vector", (Series((), (NOW + 7,), (9.0,)),), "test", NOW + 7)
    ).series
    assert (joined.times[-2:], joined.values[-2:]) == ((NOW, NOW + 7), (3, 9.0))
    (gone,) = until_now(
        past, Answer("x", "vector", (Series((), (NOW + 300,), (9.0,)),), "t", NOW + 300)
    ).series
    assert gone.values[:3] == (1, 2, 3)
    assert math.isnan(gone.values[3])
    assert gone.values[4] == 9.0
    assert until_now(past, Answer("x", "vector", (), "test", NOW)).series == past.series


def test_a_count_is_never_forecast_below_zero() -> None:
    found = forecast(series(*(max(0.0, 40.0 - 2 * i) for i in range(21))), NOW, 3000)
    assert found is not None
    assert min(found.low.values) == 0.0


@pytest.mark.parametrize(
    "values", [(), (1.0,), (1.0, 2.0, 3.0, 4.0), (math.nan,) * 9, (math.inf, 1.0, 2.0, 3.0, 4.0)]
)
def test_too_few_samples_forecast_nothing(values: tuple[float, ...]) -> None:
    assert forecast(series(*values), NOW, 300) is None


def test_a_curve_that_ended_long_ago_has_no_forecast() -> None:
    chart = Chart(
        title=say("panels.text", text="x"),
        unit="count",
        curves=(series(*range(20)),),
        names=(say("panels.text", text="x"),),
    )
    assert with_forecast(chart, NOW, 300).forecast is not None
    assert with_forecast(chart, NOW + 1000, 300).forecast is None


def test_a_forecast_looks_no_further_ahead_than_the_curve_looks_back() -> None:
    ahead = forecast(series(*[5.0] * 11), NOW, 7200)
    assert ahead is not None
    assert ahead.middle.times[-1] == NOW + 300


def test_a_curve_without_a_value_now_has_no_word() -> None:
    query = QuerySpec(name="n", expr="n")
    assert trend_words(query, series(*range(60))) is not None
    assert trend_words(query, series(*range(60), math.nan)) is None
