"""A gate passes only when what it wants has lasted: since the stage began, without a lapse, without a hole."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from runbooks.checks.measure import measure
from runbooks.checks.observation import Observation
from runbooks.checks.permission import Permission
from runbooks.reading.blocks import read_check_block
from signals.metrics.failover import MetricFailover
from signals.metrics.scrape import ScrapeSource
from signals.reading import Verdict
from signals.settings import ScrapeSettings, SignalsSettings
from signals.sources import Sources
from tests.runbooks.scraped import scraped
from tui.i18n import Language

GATE = "promql: load\nexpect: < 50\nunit: 1/min\nfor: 10m"
OK, BURNING, UNKNOWN = Verdict.OK, Verdict.BURNING, Verdict.UNKNOWN


async def seen(curve: Callable[[float], float], minutes: float | None) -> Observation:
    """The gate over a curve (of the seconds until now), `minutes` after the step before was finished."""
    check, problems = read_check_block(GATE, "book.md", 1)
    assert check is not None
    assert problems == ()
    now = time.time()
    return await measure(
        check, scraped(load=curve), now, Permission(), None if minutes is None else now - 60 * minutes
    )


@pytest.mark.parametrize(
    ("minutes", "verdict", "said"),
    [
        (0, BURNING, "for 10 min: so far 0 s"),
        (4, BURNING, "for 10 min: so far 4 min"),
        (11, OK, ", held for 10 min"),
        (None, OK, ", held for 10 min"),
        (-math.inf, BURNING, "for 10 min: so far 0 s"),
    ],
)
async def test_it_counts_from_the_end_of_the_step_before(
    minutes: float | None, verdict: Verdict, said: str
) -> None:
    found = await seen(lambda _: 7, minutes)
    text = Language("en").say(found.text)
    assert (found.verdict, text) == (
        verdict,
        f"7/min steady, expected < 50/min{' ' * (said[0] == 'f')}{said}",
    )


async def test_a_lapse_begins_the_wait_anew() -> None:
    found = await seen(lambda at: 80 if -330 <= at <= -300 else 7, 20)
    assert found.verdict is BURNING
    assert "so far 5 min" in Language("en").say(found.text)
    assert "且须保持 10 min：目前 5 min" in Language("zh").say(found.text)


async def test_red_now_is_red_and_says_nothing_of_lasting() -> None:
    found = await seen(lambda at: 80 if at > -30 else 7, 20)
    assert (found.verdict, "so far" in Language("en").say(found.text)) == (BURNING, False)


async def test_a_hole_is_no_green() -> None:
    found = await seen(lambda at: math.nan if -500 <= at <= -200 else 7, 20)
    assert found.verdict is BURNING
    assert "so far 3 min" in Language("en").say(found.text)


async def test_a_source_that_lost_its_past_is_unknown() -> None:
    check, _ = read_check_block(GATE, "book.md", 1)
    assert check is not None
    sources = scraped(load=lambda _: 7)
    present = await measure(replace(check, for_s=0.0), sources, time.time(), Permission())
    assert present.verdict is OK
    from runbooks.checks.gate import apply_gate

    silent = Sources(
        metrics=MetricFailover([ScrapeSource(ScrapeSettings())], SignalsSettings(), lambda _: None)
    )
    found = await apply_gate(check, present, silent, time.time(), None)
    assert found.verdict is not OK


@pytest.mark.parametrize(
    "text", ["promql: x\nexpect: falling\nfor: 1m", "probe: workers\nexpect: '> 1'\nfor: 1m"]
)
def test_only_numbers_with_a_past_can_last(text: str) -> None:
    _, problems = read_check_block(text, "book.md", 1)
    assert [Language("en").say(one.message) for one in problems] == [
        "only a promql check with a comparison can have to last ('for')"
    ]
    assert problems[0].line == 3
