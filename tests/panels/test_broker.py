"""What the broker and the database say moves a panel's verdict, and their silence is never a pass."""

from __future__ import annotations

import pytest

from panels.broker import add_queues, add_schema
from panels.judge import judge_metric
from panels.settings import PanelSpec, QuerySpec
from panels.state import PanelState
from signals.errors import Unreachable
from signals.message import say
from signals.reading import Answer, Series
from signals.source import Blocker, Drift, Queue, Queues, Schema
from tui.language import Language

SPEC = PanelSpec(id="q", title="Q", queries=(QuerySpec(name="n", expr="n", warn=50, burning=100),))


def judged(value: float = 1) -> PanelState:
    series = Series((), (100.0,), (value,))
    return judge_metric(SPEC, {"n": Answer("n", "vector", (series,), "t", 100.0)}, {}, None, 100.0)


def queues(*depths: int, policy: str = "noeviction") -> Queues:
    made = tuple(
        Queue(f"q{i}", depth, 0, {0: depth}, None, oldest_is_floor=False) for i, depth in enumerate(depths)
    )
    return Queues(made, 100.0, "redis", policy, 1, 2)


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


def schema(
    drift: Drift = Drift.CURRENT, missing: tuple[str, ...] = (), blockers: tuple[Blocker, ...] = ()
) -> Schema:
    return Schema(
        ("375b918c8740",),
        ("375b918c8740",),
        drift,
        missing,
        (),
        (),
        blockers,
        3,
        60,
        "18",
        "db:5432",
        100.0,
        "postgres",
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
