"""What the broker and the database say moves a panel's verdict, and their silence is never a pass."""

from __future__ import annotations

import pytest

from core.errors import Unreachable
from core.message import say
from panels.enrich.broker import add_queues, add_schema
from panels.judge import judge_metric
from panels.spec import PanelSpec, QuerySpec
from panels.state import PanelState
from signals.celery.model import Queue, Queues
from signals.database.model import Blocker, Drift, Schema
from signals.reading import Answer, Freshness, Series
from tui.i18n import Language

SPEC = PanelSpec(id="q", title="Q", queries=(QuerySpec(name="n", expr="n", warn=50, burning=100),))


def judged(value: float = 1) -> PanelState:
    series = Series((), (100.0,), (value,))
    return judge_metric(SPEC, {"n": Answer("n", "vector", (series,), "t", 100.0)}, {}, None, 100.0)


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
    assert add_queues(judged(), queues(*depths)).verdict == verdict


def test_a_silent_broker_is_unknown_but_hides_no_fire() -> None:
    down = Unreachable(say("signals.no_source"))
    assert add_queues(judged(), down).verdict == "unknown"
    assert add_queues(judged(500), down).verdict == "burning"


def test_a_broker_that_may_lose_messages_is_said() -> None:
    state = add_queues(judged(), queues(1, policy="allkeys-lru"))
    assert any("allkeys-lru" in Language("en").say(warning) for warning in state.warnings)


def missing() -> PanelState:
    why = say(
        "panels.never_exported", name=say("panels.text", text="waiting"), metric="chimera_celery_queue_length"
    )
    return judge_metric(SPEC, {}, {"n": why}, None, 100.0)


@pytest.mark.parametrize(("depth", "verdict"), [(3, "ok"), (51, "warn"), (101, "burning")])
def test_without_the_metric_the_broker_alone_is_judged_and_says_so(depth: int, verdict: str) -> None:
    assert missing().verdict == "unknown"
    state = add_queues(missing(), queues(2, depth), SPEC.queries[0])
    assert state.verdict == verdict
    assert state.freshness is Freshness.LIVE
    assert [Language("en").say(part.text) for part in state.parts[:2]] == [f"q1 {depth}", "q0 2"]
    (warning,) = state.warnings
    assert Language("en").say(warning).startswith("judged by the broker alone: waiting: NO DATA")
    assert {reading.source for reading in state.readings} == {"redis"}
    if verdict != "ok":
        assert f"{depth} messages wait in q1" in Language("en").say(state.reason)


def test_without_the_metric_and_without_the_broker_nothing_is_known() -> None:
    assert add_queues(missing(), Unreachable(say("signals.no_source"))).verdict == "unknown"
    assert add_queues(missing(), queues()).verdict == "unknown"


def test_the_limits_of_the_configuration_hold_for_the_broker_too() -> None:
    patient = SPEC.queries[0].model_copy(update={"warn": 200, "burning": 400})
    assert add_queues(judged(), queues(101), patient).verdict == "ok"
    assert add_queues(judged(), queues(401), patient).verdict == "burning"


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
    state = add_queues(
        missing(),
        Queues(
            queues=(queue,), at=100.0, source="redis", eviction_policy=None, used_bytes=None, limit_bytes=None
        ),
        SPEC.queries[0],
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
    series = Series((("queue", "q"),), (100.0,), (told,))
    state = judge_metric(SPEC, {"n": Answer("n", "vector", (series,), "t", 100.0)}, {}, None, 100.0)
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
    found = add_queues(
        state,
        Queues(
            queues=(queue,), at=100.0, source="redis", eviction_policy=None, used_bytes=None, limit_bytes=None
        ),
        SPEC.queries[0],
    )
    said = [Language("en").say(warning) for warning in found.warnings]
    assert said == (
        []
        if agree
        else [f"q: the metric says {told} waiting, the broker has {waiting}: alerts look at the metric"]
    )


def schema(
    drift: Drift = Drift.CURRENT, missing: tuple[str, ...] = (), blockers: tuple[Blocker, ...] = ()
) -> Schema:
    return Schema(
        revisions=("375b918c8740",),
        heads=("375b918c8740",),
        drift=drift,
        missing=missing,
        unexpected=(),
        invalid_indexes=(),
        blockers=blockers,
        connections=3,
        connection_limit=60,
        address="db:5432",
        at=100.0,
        source="postgres",
    )


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (schema(), "ok"),
        (schema(Drift.BEHIND), "warn"),
        (schema(Drift.AHEAD), "warn"),
        (schema(missing=("index idx_user_profiles_puuid",)), "warn"),
        (schema(blockers=(Blocker(1, "u", "a", "idle in transaction", 840.0, (2, 3), "SELECT 1"),)), "warn"),
        (Unreachable(say("signals.no_source")), "unknown"),
    ],
)
def test_drift_and_blockers_are_worth_a_look(found: Schema | Unreachable, verdict: str) -> None:
    assert add_schema(judged(), found).verdict == verdict
