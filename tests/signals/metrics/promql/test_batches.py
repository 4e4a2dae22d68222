"""Looking at a few series at a time gives the same answers as at all, and needs little memory for a day of many."""

from __future__ import annotations

import random
import tracemalloc
from typing import TYPE_CHECKING

import pytest

from core.errors import BadQuery
from signals.metrics.promql import evaluate, evaluate_range, select
from signals.store.ring import Ring, Sample

if TYPE_CHECKING:
    from collections.abc import Callable

    from signals.reading import Answer

END = 3600.0
ASKED = (
    "m",
    "sum by (i) (m)",
    "rate(m[5m])",
    "increase((m[20m]))",
    "quantile_over_time(0.5, m[10m])",
    "last_over_time(m[10m])",
    "predict_linear(m[10m], 60)",
    "timestamp(m)",
    'rate({__name__=~"m|n"}[5m])',
    "max_over_time(rate(m[5m])[10m:1m])",
    "absent_over_time(m[5m])",
    "absent_over_time(nothing[5m])",
    "rate(nothing[5m])",
    "nothing",
    "m @ end() - m offset 5m",
)


def filled() -> Ring:
    """Counters that reset; some series vanish, and half of those of `n` are of the same labels as those of `m`."""
    ring, chance = Ring(retention_s=1e6), random.Random(4)
    for at in range(0, int(END) + 1, 15):
        page = [
            Sample((("__name__", name), ("i", str(index))), float((at * (index + 1)) % 977))
            for name, count in (("m", 9), ("n", 4))
            for index in range(count)
            if (name == "n") == (index % 2 == 0 and at < 1800) or chance.random() < 0.02
        ]
        ring.scrape("t", at, page)
    return ring


@pytest.mark.parametrize("expr", ASKED)
def test_batches_answer_as_all_at_once(expr: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ring = filled()

    def answer(ask: Callable[[], Answer]) -> object:
        try:
            return sorted(ask().series, key=lambda one: one.labels)
        except BadQuery as error:
            return error.message

    def answers() -> list[object]:
        return [
            answer(lambda: evaluate(expr, ring, 3000.0)),
            answer(lambda: evaluate(expr, ring, 1000.0)),
            answer(lambda: evaluate_range(expr, ring, 600.0, END, 60.0)),
        ]

    whole = answers()
    monkeypatch.setattr(select, "BATCH_SAMPLES", 100)
    assert answers() == whole


def test_too_many_cells_are_counted_over_all_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    ring = filled()
    monkeypatch.setattr(select, "BATCH_SAMPLES", 100)
    monkeypatch.setattr(select, "MAX_CELLS", 500)
    for expr in ("m", "rate(m[5m])", "max_over_time(m[10m:30m])"):
        with pytest.raises(BadQuery) as refused:
            evaluate_range(expr, ring, 0.0, END, 60.0)
        assert refused.value.message.values["series"] == 9


def test_a_day_of_many_series_takes_little_memory_to_look_at() -> None:
    ring = Ring(retention_s=1e6)
    for at in range(0, 86_400, 15):
        ring.scrape("t", at, [Sample((("__name__", "m"), ("i", str(i))), float(at)) for i in range(60)])
    tracemalloc.start()
    try:
        evaluate("sum(increase(m[1d]))", ring, 86_400.0)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert ring.sample_count * 8 > 2_500_000
    assert peak < 6_000_000, "all samples at once took 30 MB"
