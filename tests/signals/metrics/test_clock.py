"""A clock that is set while the program scrapes: what is now is seen at once, whatever it was before."""

from __future__ import annotations

import time

import pytest

from signals.metrics.scrape import ScrapeSource
from signals.settings import ScrapeSettings
from tests.exporter import depth_exporter


@pytest.mark.parametrize("jump_s", [-86_400.0, -3600.0, -60.0, 3600.0, 86_400.0])
async def test_after_a_jump_of_the_clock_the_value_is_there(
    jump_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, offset = time.time, 0.0
    monkeypatch.setattr(time, "time", lambda: real() + offset)
    with depth_exporter(7) as (address, gauge):
        source = ScrapeSource(ScrapeSettings.model_validate({"targets": [{"url": address}]}))
        await source.scrape_once()
        offset = jump_s
        gauge.set(8)
        await source.scrape_once()
        answer = await source.query("depth")
        up = await source.query("up")
    assert [list(series.values) for series in answer.series] == [[8.0]]
    assert [list(series.values) for series in up.series] == [[1.0]]
    watched_s = await source.watched_s(time.time())
    assert watched_s is not None
    assert 0 <= watched_s <= max(60.0, jump_s + 60)


async def test_two_targets_of_which_one_is_slow_are_no_jump() -> None:
    with depth_exporter(7) as (first, _), depth_exporter(8) as (second, _):
        source = ScrapeSource(ScrapeSettings.model_validate({"targets": [{"url": first}, {"url": second}]}))
        now = time.time()
        one, two = source._settings.targets
        source._store(one, now, [], 1.0)
        source._store(two, now - 30, [], 1.0)
        assert len((await source.query("up", now)).series) == 2
