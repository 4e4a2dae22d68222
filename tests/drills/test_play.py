"""When a drill is over: what no check sees ends with the last deed that the scenario asks for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from core.message import say
from drills.board import ChecksBoard
from drills.faults.model import Injection
from drills.oracles.model import OracleResult
from drills.play import Play
from drills.record import DrillFacts
from runbooks.checks.permission import Permission
from signals.settings import ScrapeSettings, ScrapeTarget, SignalsSettings
from signals.sources import open_sources
from tests.drills.build import at, scenario
from tests.exporter import depth_exporter
from tests.incidents.build import START

if TYPE_CHECKING:
    from collections.abc import Mapping


INJECTED = Injection(id="1", fault="leaked-key", state="injected", since=START, until=at(300))
FACTS = DrillFacts(id="d", scenario="slow", target="sandbox", master="dm", started_at=START)


class Standing:
    """A fault that stays: it is lifted by nobody while the test looks."""

    def inject(self, _: str, __: Mapping[str, str], ___: float) -> Injection:
        return INJECTED

    def injections(self) -> tuple[Injection, ...]:
        return (INJECTED,)

    def lasts_s(self, _: str) -> float:
        return 300.0

    def close(self) -> None:
        pass


@pytest.mark.parametrize(("passed", "is_over"), [(True, True), (False, False), (None, False)])
async def test_what_no_check_sees_is_over_once_all_is_done(passed: bool | None, is_over: bool) -> None:  # noqa: FBT001
    check = {"promql": "depth", "expect": "< 10"}
    leak = scenario(
        [{"id": "replaced", "kind": "done", "any_of": [{"action": "secrets.rotate"}]}],
        signals=[],
        recovered=[{"id": "served", "check": check}],
    )
    with depth_exporter(3) as (address, _):
        scrape = ScrapeSettings(targets=(ScrapeTarget(url=address, interval_s=0.2),))
        async with open_sources(SignalsSettings(scrape=scrape), lambda _: None) as sources:
            board = ChecksBoard(leak, sources, Permission())
            play = Play(leak, FACTS, Standing(), board, 600.0)
            play.inject_due()
            await asyncio.sleep(0.6)
            await board.measure()
            play.measured()
            assert play.facts.recovered_at is None, "the key is still alive, whatever the checks say"
            play.scored([OracleResult("replaced", passed, say("oracles.not_yet"))])
            await board.measure()
            play.measured()
    assert (play.facts.recovered_at is not None) is is_over
