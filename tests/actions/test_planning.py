"""A plan's digest covers all that matters, a plan survives a file, and a stale one is refused by name."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from actions.errors import BadParameter, PlanStale
from actions.model import ActionCall, Fact, Plan, Undo
from actions.planning import hold_to, plan_from_json, plan_to_json
from actions.step import Step
from core.message import say

ROWS = say("actions.fact_workers")
PLAN = Plan(
    action="a.b",
    danger="destructive",
    params={"x": "1"},
    target="db",
    resource="db/x",
    steps=(Step(kind="process", argv=("rm", "x"), text="rm x", cwd="/", environment=(("A", "1"),)),),
    effects=(Fact(label=ROWS, value=100, unit="count", at=1.0, tolerance=10),),
    facts=(Fact(label=say("actions.fact_state"), value="active", at=1.0),),
    locks=("ACCESS EXCLUSIVE",),
    undo=Undo(say("actions.undo_none"), ActionCall("a.c", {"y": "2"})),
    lasts_s=60.0,
    made_at=1.0,
)
STEP = PLAN.steps[0]


@pytest.mark.parametrize(
    "other",
    [
        replace(PLAN, action="a.x"),
        replace(PLAN, danger="mitigate"),
        replace(PLAN, params={"x": "2"}),
        replace(PLAN, target="other"),
        replace(PLAN, resource="db/y"),
        replace(PLAN, steps=(replace(STEP, argv=("rm", "x "), text="rm x"),)),
        replace(PLAN, steps=(replace(STEP, cwd="/tmp"),)),  # noqa: S108  # a name, no file
        replace(PLAN, steps=(replace(STEP, environment=(("A", "2"),)),)),
        replace(PLAN, steps=(STEP, STEP)),
        replace(PLAN, effects=()),
        replace(PLAN, facts=(replace(PLAN.facts[0], value="expired"),)),
        replace(PLAN, facts=(replace(PLAN.facts[0], value=None),)),
        replace(PLAN, blockers=(say("actions.undo_none"),)),
        replace(PLAN, locks=()),
        replace(PLAN, undo=Undo(say("actions.undo_none"))),
        replace(PLAN, lasts_s=61.0),
    ],
)
def test_whatever_differs_makes_another_digest_and_a_stale_plan(other: Plan) -> None:
    assert other.digest != PLAN.digest
    with pytest.raises(PlanStale):
        hold_to(PLAN, other)


def test_when_it_was_measured_does_not_matter() -> None:
    later = replace(PLAN, made_at=9.0, facts=(replace(PLAN.facts[0], at=9.0),), warnings=(ROWS,))
    assert later.digest == PLAN.digest
    assert hold_to(PLAN, later).made_at == 9.0


@pytest.mark.parametrize(
    ("rows", "same"), [(100, True), (110, True), (90, True), (111, False), (None, False)]
)
def test_a_number_may_move_within_its_tolerance(rows: int | None, same: bool) -> None:  # noqa: FBT001  # a table
    now = replace(PLAN, effects=(replace(PLAN.effects[0], value=rows),))
    if same:
        assert hold_to(PLAN, now).digest == PLAN.digest
        return
    with pytest.raises(PlanStale) as stale:
        hold_to(PLAN, now)
    what = stale.value.message.values["what"]
    assert what == say("actions.differs_fact", label=ROWS, was=100, now="?" if rows is None else rows)


@pytest.mark.parametrize(("rows", "same"), [(0, True), (110, True), (111, False), (None, False)])
def test_less_may_be_lost_than_was_confirmed(rows: int | None, same: bool) -> None:  # noqa: FBT001  # a table
    """A queue drains while somebody reads: that makes no plan stale. From a file nobody can say so."""
    fact = replace(PLAN.effects[0], may_fall=True)
    now = replace(PLAN, effects=(replace(fact, value=rows),))
    if same:
        assert hold_to(PLAN, now).digest == PLAN.digest
    else:
        with pytest.raises(PlanStale):
            hold_to(PLAN, now)
    with pytest.raises(PlanStale):
        hold_to(replace(PLAN, effects=(fact,)), replace(PLAN, effects=(replace(PLAN.effects[0], value=0),)))


def test_a_plan_from_a_file_can_not_widen_the_tolerance() -> None:
    wide = replace(PLAN, effects=(replace(PLAN.effects[0], tolerance=1e9),))
    with pytest.raises(PlanStale):
        hold_to(wide, replace(PLAN, effects=(replace(PLAN.effects[0], value=500),)))


def test_a_plan_survives_a_file_and_an_altered_one_is_refused() -> None:
    stored = json.loads(json.dumps(plan_to_json(PLAN)))
    assert plan_from_json(stored) == PLAN
    files: list[object] = [{**stored, "target": "other"}, {**stored, "steps": []}, {}, []]
    for altered in files:
        with pytest.raises(BadParameter):
            plan_from_json(altered)
