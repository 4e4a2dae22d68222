"""A plan's digest covers all that matters, a plan survives a file, and a stale one is refused by name."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from actions.errors import BadParameter, PlanStale
from actions.model import ActionCall, Fact, Plan, Undo
from actions.parameters import read_parameters
from actions.planning import MAX_AGE_S, hold_to, make_plan, plan_from_file, plan_from_json, plan_to_json
from actions.registry import own_actions
from actions.step import Step
from core.message import say
from tests.actions.build import context
from tui.i18n import Language

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


@pytest.mark.parametrize(
    ("made_at", "key", "shown"),
    [
        (1e9, "", ""),
        (1e9 - MAX_AGE_S, "", ""),
        (1e9 + 59, "", ""),
        (1e9 - MAX_AGE_S - 60, "actions.plan_old", "16 min 0 s"),
        (0.0, "actions.plan_old", "11574 d"),
        (1e9 + 3600, "actions.plan_ahead", "1 h 0 min"),
    ],
)
def test_a_plan_from_a_file_has_an_age(made_at: float, key: str, shown: str) -> None:
    stored = json.loads(json.dumps(plan_to_json(replace(PLAN, made_at=made_at))))
    if not key:
        assert plan_from_file(stored, 1e9).made_at == made_at
        return
    with pytest.raises(PlanStale) as stale:
        plan_from_file(stored, 1e9)
    assert stale.value.message.key == key
    for language in (Language("en"), Language("zh")):
        assert "warroom run a.b --plan --json" in language.say(stale.value.message)
    assert shown in Language("en").say(stale.value.message)


@pytest.mark.parametrize("made_at", ["NaN", "-inf", 1e300])
def test_a_plan_without_a_time_is_none(made_at: object) -> None:
    with pytest.raises(BadParameter):
        plan_from_file({**plan_to_json(PLAN), "made_at": made_at}, 1e9)


@pytest.mark.parametrize(
    ("place", "named"),
    [
        ((), "force"),
        (("steps", 0), "steps.0.force"),
        (("effects", 0), "effects.0.force"),
        (("effects", 0, "label"), "effects.0.label.force"),
        (("undo", "call"), "undo.call.force"),
    ],
)
def test_what_nobody_reads_may_not_stand_in_a_plan(place: tuple[str | int, ...], named: str) -> None:
    """Whoever added it thought that it was confirmed."""
    stored = json.loads(json.dumps(plan_to_json(PLAN)))
    inner = stored
    for key in place:
        inner = inner[key]
    inner["force"] = True
    with pytest.raises(BadParameter) as refused:
        plan_from_file(stored, PLAN.made_at)
    assert refused.value.message.values["names"] == named


@pytest.mark.parametrize("lasts_s", [-5.0, 32 * 86_400.0, 1e18, float("nan"), float("inf")])
def test_no_plan_lasts_longer_than_anybody_looks_back_whoever_asks_for_it(lasts_s: float) -> None:
    action = own_actions()["alerts.silence"]
    params = read_parameters(action.parameters, {"match": "alertname=A", "comment": "c"})
    with pytest.raises(BadParameter):
        make_plan(action, params, context(), lasts_s=lasts_s)


def test_what_is_empty_because_nobody_gave_it_is_not_shown() -> None:
    given = {"switch": "cache", "position": "on"}
    params = read_parameters(own_actions()["degrade.set"].parameters, given)
    assert params.shown() == given
    everybody = read_parameters(own_actions()["workers.restart"].parameters, {"wait": "60"})
    assert everybody.shown() == {"wait": "60"}
