"""A storm of refused requests, from samples to the sentence: the built-in board's own questions over a filled ring."""

from __future__ import annotations

import re
import time

import pytest

from panels.poll import poll_once
from panels.state import PanelState
from signals.metrics.failover import MetricFailover
from signals.metrics.promql import evaluate, evaluate_range
from signals.reading import Answer
from signals.settings import SignalsSettings
from signals.sources import Sources
from signals.store.ring import Ring, Sample
from tests.chimera import BOARD
from tui.i18n import Language

STEP_S = 15


class Filled:
    """A source over a ring."""

    name = "ring"
    remote = False

    def __init__(self, ring: Ring) -> None:
        self.ring = ring

    async def query(self, expr: str, at: float | None = None) -> Answer:
        return evaluate(expr, self.ring, time.time() if at is None else at, self.name)

    async def query_range(self, expr: str, start: float, end: float, step: float) -> Answer:
        return evaluate_range(expr, self.ring, start, end, step, self.name)

    async def metric_names(self) -> frozenset[str]:
        return self.ring.metric_names()

    async def has_had(self, metric: str) -> bool:
        return metric in self.ring.metric_names()


async def after(per_s: float, storm_s: float, good_per_s: float = 1.0) -> PanelState:
    """The ban panel after half an hour, in whose last `storm_s` so many requests a second were refused."""
    ring, now = Ring(7200), time.time()
    count = 0.0
    for back in range(2400, -1, -STEP_S):
        count += per_s * STEP_S if back < storm_s else 0.0
        labels = {"instance": "app", "job": "chimera"}
        samples = [
            Sample(
                tuple(sorted({**labels, "__name__": "chimera_discord_requests_total", **own}.items())), value
            )
            for own, value in (
                ({"route": "webhooks", "status": "429"}, 0.75 * count),
                ({"route": "channels", "status": "403"}, 0.25 * count),
                ({"route": "webhooks", "status": "200"}, good_per_s * (2400 - back)),
            )
        ]
        ring.scrape("app", now - back, samples)
    sources = Sources(metrics=MetricFailover([Filled(ring)], SignalsSettings(), lambda _: None))
    (state,) = await poll_once([spec for spec in BOARD if spec.id == "ban"], sources)
    return state


def said(state: PanelState) -> str:
    pieces = (piece for part in state.parts for piece in (part.text, part.trend) if piece is not None)
    return " ".join(map(Language("en").say, pieces))


async def test_a_storm_of_three_minutes_is_announced_with_its_sources() -> None:
    state = await after(per_s=20, storm_s=180)
    assert state.verdict == "burning"
    assert re.search(r"invalid in 10 min 3600 jumped from 0 in [23] min", said(state))
    true_min = (10_000 - 180 * 20) / 20 / 60
    told = re.search(r"10 000 in (?:about )?(\d+)(?: min to (\d+))? min", said(state))
    assert told, said(state)
    assert float(told[1]) - 1 <= true_min <= float(told[2] or told[1]) + 1
    rows = [" | ".join(Language("en").say(cell) for cell in row.cells) for row in state.rows]
    assert any(row.startswith("429 | ") and row.endswith("75 % of all") for row in rows)
    assert any(row.startswith("from channels | ") and row.endswith("25 % of all") for row in rows)


async def test_a_steady_trickle_is_no_ban() -> None:
    state = await after(per_s=1, storm_s=2400)
    assert state.verdict == "ok"
    assert "10 000" not in said(state)


async def test_a_ban_that_is_reached_says_so() -> None:
    state = await after(per_s=20, storm_s=700)
    assert state.verdict == "burning"
    assert "10 000 is reached" in said(state)


@pytest.mark.parametrize(
    ("refused_per_s", "good_per_s", "verdict"),
    [
        (0.2, 0.0, "burning"),  # every call, and only 120 of the 10 000
        (0.6, 0.1, "warn"),  # six of seven
        (0.05, 0.2, "ok"),  # one of five
    ],
)
async def test_calls_that_are_refused_are_not_well_however_few_there_are(
    refused_per_s: float, good_per_s: float, verdict: str
) -> None:
    state = await after(per_s=refused_per_s, storm_s=2400, good_per_s=good_per_s)
    assert (state.verdict, "refused" in said(state)) == (verdict, True)
