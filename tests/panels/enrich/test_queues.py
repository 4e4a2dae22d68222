"""What the broker says moves a panel's verdict, and its silence is never a pass."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.errors import Unreachable
from core.message import say
from panels.enrich.queues import contribute
from panels.fold import unavailable
from panels.no_data.diagnosis import Cause, Diagnosis
from panels.spec import PanelSpec, QuerySpec
from panels.state import PanelState
from signals.celery.model import Queue, Queues
from signals.reading import Answer, Freshness, Series
from tests.panels.judged import judge_panel
from tui.i18n import Language

SPEC = PanelSpec(id="q", title="Q", queries=(QuerySpec(name="n", expr="n", warn=50, burning=100),), chart="n")
NO_METRIC = Diagnosis(Cause.NEVER_EXPORTED, "celery_queue_length")


def metric(value: float, *labels: tuple[str, str]) -> Answer:
    return Answer("n", "vector", (Series(labels, (100.0,), (value,)),), "t", 100.0)


def panel(
    found: Queues | Unreachable | None, answer: Answer | None = None, spec: PanelSpec = SPEC
) -> PanelState:
    """The panel of queues; without `answer` nobody exports the metric."""
    if isinstance(found, Unreachable):
        enriched = [unavailable(found)]
    else:
        enriched = [] if found is None else [contribute(spec, found, [answer] if answer else [])]
    answers = {"n": answer} if answer else {}
    return judge_panel(spec, answers, 100.0, diagnoses={"n": NO_METRIC}, enriched=enriched)


def queues(*depths: int, policy: str = "noeviction") -> Queues:
    made = tuple(
        Queue(
            name=f"q{i}",
            waiting=depth,
            unacked=0,
            by_priority={0: depth},
            oldest_s=None,
            oldest_is_floor=False,
        )
        for i, depth in enumerate(depths)
    )
    return Queues(queues=made, at=100.0, source="redis", eviction_policy=policy, used_bytes=1, limit_bytes=2)


@pytest.mark.parametrize(("depths", "verdict"), [((0, 3), "ok"), ((0, 51), "warn"), ((101, 0), "burning")])
def test_the_longest_queue_decides(depths: tuple[int, ...], verdict: str) -> None:
    assert panel(queues(*depths), metric(1)).verdict == verdict


def test_a_silent_broker_is_unknown_but_hides_no_fire() -> None:
    down = Unreachable(say("signals.no_source"))
    assert panel(down, metric(1)).verdict == "unknown"
    assert panel(down, metric(500)).verdict == "burning"


def test_a_broker_that_may_lose_messages_is_said() -> None:
    state = panel(queues(1, policy="allkeys-lru"), metric(1))
    assert any("allkeys-lru" in Language("en").say(warning) for warning in state.warnings)


@pytest.mark.parametrize(("depth", "verdict"), [(3, "ok"), (51, "warn"), (101, "burning")])
def test_without_the_metric_the_broker_alone_is_judged_and_says_so(depth: int, verdict: str) -> None:
    assert panel(None).verdict == "unknown"
    state = panel(queues(2, depth))
    assert state.verdict == verdict
    assert state.freshness is Freshness.LIVE
    assert [Language("en").say(part.text) for part in state.parts[:2]] == [f"q1 {depth}", "q0 2"]
    (warning,) = state.warnings
    assert Language("en").say(warning).startswith("judged by the broker only: n: NO DATA")
    assert {reading.source for reading in state.readings} == {"redis"}
    if verdict != "ok":
        assert f"{depth} messages waiting in q1" in Language("en").say(state.reason)


def test_without_the_metric_and_without_the_broker_nothing_is_known() -> None:
    assert panel(Unreachable(say("signals.no_source"))).verdict == "unknown"
    assert panel(queues()).verdict == "unknown"


def test_the_limits_of_the_configuration_hold_for_the_broker_too() -> None:
    query = SPEC.queries[0].model_copy(update={"warn": 200, "burning": 400})
    patient = SPEC.model_copy(update={"queries": (query,)})
    assert panel(queues(101), metric(1), patient).verdict == "ok"
    assert panel(queues(401), metric(1), patient).verdict == "burning"


def test_without_the_metric_the_broker_s_own_past_is_charted() -> None:
    depths = Series((), (90.0, 95.0, 100.0), (1.0, 2.0, 3.0))
    queue = Queue(
        name="q",
        waiting=3,
        unacked=0,
        by_priority={0: 3},
        oldest_s=None,
        oldest_is_floor=False,
        depths=depths,
    )
    state = panel(
        Queues(
            queues=(queue,), at=100.0, source="redis", eviction_policy=None, used_bytes=None, limit_bytes=None
        )
    )
    assert state.trend is depths
    assert (state.charts[0].names, state.charts[0].curves, state.charts[0].limit) == (
        (say("panels.text", text="q"),),
        (depths,),
        100,
    )


@pytest.mark.parametrize(
    ("told", "waiting", "held", "before", "agree"),
    [
        (143, 143, 0, (), True),
        (143, 140, 0, (), True),  # a scrape old
        (12, 0, 0, (), False),
        (9, 0, 0, (), True),
        (143, 12, 0, (), False),
        (60, 12, 40, (), True),  # who counts what workers hold, too
        (143, 12, 0, (150.0, 90.0), True),  # it fell while the metric stood still
        (0, 300, 0, (280.0,), False),
    ],
)
def test_a_metric_that_contradicts_the_broker_is_said(
    told: float, waiting: int, held: int, before: tuple[float, ...], *, agree: bool
) -> None:
    depths = Series((), tuple(range(len(before))), before) if before else None
    queue = Queue(
        name="q",
        waiting=waiting,
        unacked=held,
        by_priority={0: waiting},
        oldest_s=None,
        oldest_is_floor=False,
        depths=depths,
    )
    found = panel(
        Queues(
            queues=(queue,), at=100.0, source="redis", eviction_policy=None, used_bytes=None, limit_bytes=None
        ),
        metric(told, ("queue", "q")),
    )
    said = [Language("en").say(warning) for warning in found.warnings]
    assert said == (
        []
        if agree
        else [f"q: the metric says {told} waiting, the broker has {waiting}: alerts use the metric"]
    )


def rows(state: PanelState) -> list[tuple[str | None, list[str]]]:
    return [(row.verdict, [Language("en").say(cell) for cell in row.cells]) for row in state.rows]


def test_priorities_are_told_apart_where_messages_wait_at_more_than_one() -> None:
    def queue(name: str, by_priority: dict[int, int]) -> Queue:
        return Queue(
            name=name,
            waiting=sum(by_priority.values()),
            unacked=0,
            by_priority=by_priority,
            oldest_s=None,
            oldest_is_floor=False,
        )

    found = Queues(
        queues=(queue("mixed", {0: 1, 3: 0, 6: 7}), queue("plain", {0: 8, 3: 0})),
        at=100.0,
        source="redis",
        eviction_policy=None,
        used_bytes=None,
        limit_bytes=None,
    )
    mixed, plain = (cells for _, cells in rows(panel(found, metric(1))))
    assert mixed[-1] == "priority 0: 1, 6: 7"
    assert not any("priority" in cell for cell in plain)


@pytest.mark.parametrize(
    ("used", "limit", "row", "reason"),
    [
        (
            512,
            1024,
            ("ok", ["broker memory", "50 %", "512 MiB of 1 GiB"]),
            "all values are within their limits",
        ),
        (
            850,
            1024,
            ("warn", ["broker memory", "83 %", "850 MiB of 1 GiB"]),
            "the broker uses 83 % of its memory limit: 850 MiB of 1 GiB",
        ),
        (
            1000,
            1024,
            ("burning", ["broker memory", "98 %", "1000 MiB of 1 GiB"]),
            "the broker uses 98 % of its memory limit: 1000 MiB of 1 GiB",
        ),
        (512, 0, None, "all values are within their limits"),  # no limit
        (None, 1024, None, "all values are within their limits"),  # not told
    ],
)
def test_the_memory_of_the_broker_is_judged_against_its_limit(
    used: int | None, limit: int, row: tuple[str, list[str]] | None, reason: str
) -> None:
    mib = 2**20
    found = replace(queues(1), used_bytes=None if used is None else used * mib, limit_bytes=limit * mib)
    state = panel(found, metric(1))
    assert rows(state)[1:] == ([] if row is None else [row])
    assert Language("en").say(state.reason) == reason


def test_a_panel_that_leaves_its_query_to_the_broker_misses_no_metric() -> None:
    spec = PanelSpec(
        id="q",
        title="Q",
        kind="queues",
        chart="waiting",
        queries=(QuerySpec(name="waiting", warn=1, burning=2),),
    )
    queues = Queues(
        queues=(), at=100.0, source="redis", eviction_policy=None, used_bytes=None, limit_bytes=None
    )
    nothing = judge_panel(spec.asking(), {}, 100.0, enriched=[contribute(spec, queues, ())])
    assert (nothing.verdict, nothing.reason.key) == ("unknown", "panels.no_queues")
    nobody = judge_panel(spec.asking(), {}, 100.0)
    assert (nobody.verdict, nobody.reason.key) == ("unknown", "panels.nothing_asked")
