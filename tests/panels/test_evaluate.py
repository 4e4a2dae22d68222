"""One evaluation: enrichers are asked at once, and one that breaks costs its own row and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pkgutil import iter_modules

import pytest

from core.errors import Unreachable
from core.message import say
from panels import enrich, evaluate
from panels.enrich.registry import Enricher, PanelContext, enrichers
from panels.fold import Contribution, fold, merge
from panels.query_cache import QueryCache
from panels.spec import Budget, Objective, PanelSpec, QuerySpec
from panels.state import PanelState, Part, Row
from signals.metrics.failover import MetricFailover
from signals.reading import Answer, Freshness, Reading, Series, Verdict
from signals.settings import SignalsSettings
from signals.sources import Sources
from tui.i18n import Language

SPEC = PanelSpec(id="p", title="P", queries=(QuerySpec(name="n", expr="n"),))
SAY = Language("en").say


class One:
    """A source of metrics that has one series for everything."""

    name = "one"
    remote = False

    async def query(self, expr: str, at: float | None = None) -> Answer:
        now = 100.0 if at is None else at
        return Answer(expr, "vector", (Series((), (now,), (1.0,)),), self.name, now)

    async def query_range(self, expr: str, start: float, end: float, step: float) -> Answer:
        return Answer(expr, "matrix", (Series((), (start, start + step), (1.0, 1.0)),), self.name, end)

    async def metric_names(self) -> frozenset[str]:
        return frozenset({"n"})

    async def has_had(self, metric: str) -> bool:
        return metric == "n"


def enricher(name: str, enrich: Callable[[PanelContext], Awaitable[Contribution]]) -> Enricher:
    return Enricher(id=name, applies=lambda _: True, enrich=enrich)


async def evaluated(monkeypatch: pytest.MonkeyPatch, *given: Enricher) -> PanelState:
    monkeypatch.setattr(evaluate, "enrichers", lambda: given)
    metrics = MetricFailover([One()], SignalsSettings(), lambda _: None)
    cache = QueryCache(metrics)
    try:
        return await evaluate.evaluate(SPEC, Sources(metrics=metrics), cache)
    finally:
        await cache.close()


def text(words: str) -> Row:
    return Row((say("panels.text", text=words),), Verdict.OK)


async def test_an_enricher_that_breaks_is_its_own_unknown_row(monkeypatch: pytest.MonkeyPatch) -> None:
    async def breaks(context: PanelContext) -> Contribution:
        raise KeyError(context.spec.id)

    async def works(_: PanelContext) -> Contribution:
        return Contribution(verdict=Verdict.OK, rows=(text("works"),))

    state = await evaluated(monkeypatch, enricher("breaks", breaks), enricher("works", works))
    rows = [(row.verdict, SAY(row.cells[0])) for row in state.rows]
    broke = "breaks failed (KeyError), a bug in Warroom: more in the log file"
    assert rows == [(Verdict.OK, "n"), (Verdict.UNKNOWN, broke), (Verdict.OK, "works")]
    assert (state.verdict, SAY(state.reason)) == (Verdict.UNKNOWN, broke)
    assert state.readings[0].value == 1, "the metrics are judged all the same"


async def test_a_source_that_is_silent_leaves_the_panel_unknown_and_is_said_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def silent(_: PanelContext) -> Contribution:
        raise Unreachable(say("signals.no_source"))

    state = await evaluated(monkeypatch, enricher("silent", silent))
    assert (state.verdict, state.reason) == (Verdict.UNKNOWN, say("signals.no_source"))
    assert state.warnings == ()
    assert state.freshness is Freshness.LIVE


async def test_all_enrichers_are_asked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    both = asyncio.Barrier(2)

    async def meets(_: PanelContext) -> Contribution:
        await asyncio.wait_for(both.wait(), 20)
        return Contribution(verdict=Verdict.OK)

    state = await evaluated(monkeypatch, enricher("a", meets), enricher("b", meets))
    assert state.verdict is Verdict.OK


def test_every_file_of_the_package_is_an_enricher_with_a_reason() -> None:
    files = [module.name for module in iter_modules(enrich.__path__) if module.name != "registry"]
    assert [one.id for one in enrichers()] == sorted(files)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (SPEC, []),
        (PanelSpec(id="p", title="P", kind="alerts"), ["alerts"]),
        (PanelSpec(id="p", title="P", kind="queues"), ["consumers", "queues", "workers"]),
        (PanelSpec(id="p", title="P", kind="release"), ["release", "schema"]),
        (PanelSpec(id="p", title="P", budget=Budget(spend="s")), ["budget"]),
        (
            PanelSpec(id="p", title="P", objectives=(Objective(target=0.9, bad="b", total="t"),)),
            ["slo"],
        ),
    ],
)
def test_a_panel_has_the_enrichers_that_its_specification_asks_for(
    spec: PanelSpec, expected: list[str]
) -> None:
    assert [one.id for one in enrichers() if one.applies(spec)] == expected


def piece(verdict: Verdict | None, words: str, *, first: bool = False, query: str = "") -> Contribution:
    message = say("panels.text", text=words)
    return Contribution(
        verdict=verdict,
        reason=message,
        parts=(Part(message, 1),),
        rows=(Row((message,)),),
        readings=(Reading(name=words, value=1.0, unit="none", at=1.0, source="t", query=words),),
        rows_first=first,
        query=query,
    )


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ((Verdict.OK, Verdict.WARN, Verdict.BURNING), (Verdict.BURNING, "2")),
        ((Verdict.WARN, Verdict.WARN, Verdict.OK), (Verdict.WARN, "0")),  # the first of equal ones
        ((Verdict.OK, Verdict.UNKNOWN, Verdict.OK), (Verdict.UNKNOWN, "1")),
        ((None, Verdict.OK, None), (Verdict.OK, "1")),
    ],
)
def test_the_worst_verdict_wins_with_its_reason(
    verdicts: tuple[Verdict | None, ...], expected: tuple[Verdict, str]
) -> None:
    merged = merge([piece(verdict, str(index)) for index, verdict in enumerate(verdicts)])
    assert merged.reason is not None
    assert (merged.verdict, SAY(merged.reason)) == expected


def test_nothing_at_all_is_unknown() -> None:
    assert fold(SPEC, 1.0, []).verdict is Verdict.UNKNOWN


def test_rows_stand_in_their_order_and_an_enricher_replaces_what_it_knows_better() -> None:
    judged = [piece(Verdict.OK, "one", query="one"), piece(Verdict.OK, "two", query="two")]
    better = Contribution(
        rows=(text("better"),),
        rows_first=True,
        replaces_rows_of=frozenset({"one"}),
        replaces_parts_of=frozenset({"one"}),
    )
    state = fold(SPEC, 1.0, judged, [piece(None, "more"), better])
    assert [SAY(row.cells[0]) for row in state.rows] == ["better", "two", "more"]
    assert [SAY(part.text) for part in state.parts] == ["two", "more"]
    assert [reading.name for reading in state.readings] == ["one", "two", "more"]


def test_who_is_judged_alone_says_why_the_metrics_are_not() -> None:
    alone = Contribution(
        verdict=Verdict.WARN,
        reason=say("panels.text", text="long"),
        instead_of_metrics=lambda why: say("panels.broker_alone", why=why),
    )
    state = fold(SPEC, 1.0, [piece(Verdict.UNKNOWN, "no data")], [alone])
    assert (state.verdict, SAY(state.reason)) == (Verdict.WARN, "long")
    assert [SAY(one) for one in state.warnings] == ["judged by the broker only: no data"]
    assert (state.parts, state.readings) == ((), ())
