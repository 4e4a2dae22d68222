"""A forecast is a fan that holds what really came, and admits what it can't know."""

from __future__ import annotations

import math
import random

import pytest

from core.message import say
from panels.projection import forecast, with_forecast
from panels.state import Chart
from signals.reading import Series

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
    held = 0
    for seed in range(200):
        rand = random.Random(seed)
        found = forecast(series(*(100 + 0.5 * i + rand.gauss(0, 5) for i in range(60))), NOW, 450)
        assert found is not None
        came = 100 + 0.5 * (59 + 15) + rand.gauss(0, 5)
        held += found.low.values[-1] <= came <= found.high.values[-1]
    assert 0.88 <= held / 200 <= 1.0


def test_noise_opens_the_fan() -> None:
    rand = random.Random(1)
    calm, wild = (
        forecast(series(*(50 + rand.gauss(0, spread) for _ in range(40))), NOW, 300) for spread in (0.1, 10)
    )
    assert calm is not None
    assert wild is not None
    assert wild.high.values[-1] - wild.low.values[-1] > 10 * (calm.high.values[-1] - calm.low.values[-1])


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
