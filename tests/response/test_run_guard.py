"""Who may run what: by configuration, pause point, role, confirmation and a second person."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from actions.model import Danger, Plan
from actions.settings import ActionsSettings
from core.message import say
from incidents.events import body as b
from incidents.events.event import Draft, chain
from incidents.events.run import fold_run
from incidents.events.run_body import RunApproved, RunClaimed, RunPlanned
from response.decision import ALLOWED, Decision, Reason, Refused
from response.identity import Identity
from response.run_guard import Confirmation, Wish, may_approve, may_run, may_start
from tests.incidents.build import START
from tests.response.build import situation

if TYPE_CHECKING:
    from incidents.events.body import Body
    from incidents.events.event import Event
    from incidents.events.run import Run

ME, OTHER = Identity("op1", "op1"), Identity("op2", "op2")
PLANS: dict[Danger, Plan] = {
    danger: Plan(
        action="shop.do",
        danger=danger,
        params={},
        target="shop-db",
        resource="" if danger == "observe" else "shop",
        steps=(),
        made_at=0.0,
    )
    for danger in ("observe", "mitigate", "destructive")
}
NOTHING, YES, NAME = Confirmation(), Confirmation(yes=True), Confirmation(typed="shop-db")


def reason(decision: Decision) -> Reason | None:
    return decision.reason if isinstance(decision, Refused) else None


def settings(**fields: Any) -> ActionsSettings:
    return ActionsSettings.model_validate(fields)


@pytest.mark.parametrize(
    ("danger", "confirmation", "expected"),
    [
        ("observe", NOTHING, None),
        ("mitigate", NOTHING, Reason.NOT_CONFIRMED),
        ("mitigate", YES, None),
        ("mitigate", NAME, None),
        ("destructive", NOTHING, Reason.TARGET_NOT_TYPED),
        ("destructive", YES, Reason.TARGET_NOT_TYPED),
        ("destructive", Confirmation(yes=True, typed="shop"), Reason.TARGET_NOT_TYPED),
        ("destructive", NAME, None),
    ],
)
def test_the_danger_says_what_confirms(
    danger: Danger, confirmation: Confirmation, expected: Reason | None
) -> None:
    assert reason(may_run(Wish(plan=PLANS[danger], identity=ME), confirmation, settings())) is expected


@pytest.mark.parametrize(
    ("fields", "danger", "expected"),
    [
        ({"allow": ["queue.*"]}, "observe", Reason.ACTION_NOT_ALLOWED),
        ({"allow": ["shop.*"]}, "destructive", None),
        ({"allow": []}, "mitigate", Reason.ACTION_NOT_ALLOWED),
        ({"read_only": True}, "observe", None),
        ({"read_only": True}, "mitigate", Reason.ACTIONS_READ_ONLY),
        ({"read_only": True}, "destructive", Reason.ACTIONS_READ_ONLY),
    ],
)
def test_the_configuration_says_what_is_offered(
    fields: dict[str, Any], danger: Danger, expected: Reason | None
) -> None:
    wish = Wish(plan=PLANS[danger], identity=ME)
    assert reason(may_run(wish, NAME, settings(**fields))) is expected
    if danger != "observe":
        assert reason(may_run(wish, NAME, settings(), read_only=True)) is Reason.ACTIONS_READ_ONLY


def test_a_blocked_plan_is_not_run_however_it_is_confirmed() -> None:
    plan = replace(PLANS["destructive"], blockers=(say("actions.undo_none"),))
    assert reason(may_run(Wish(plan=plan, identity=ME), NAME, settings())) is Reason.PLAN_BLOCKED


@pytest.mark.parametrize(
    ("events", "step", "danger", "expected"),
    [
        ((), "look", "mitigate", None),
        ((), "raise", "mitigate", Reason.PAUSE_POINT),
        ((), "raise", "observe", None),
        ((), "budget", "mitigate", Reason.PREVENTION),
        ((), "look", "destructive", Reason.ROLE_NEEDED),
        ((("op2", b.RoleTaken(role="ops")),), "look", "destructive", Reason.ROLE_NEEDED),
        ((("op1", b.RoleTaken(role="comms")),), "look", "destructive", Reason.ROLE_NEEDED),
        ((("op1", b.RoleTaken(role="ops")),), "look", "destructive", None),
        ((("op1", b.RoleTaken(role="ic")),), "look", "destructive", None),
        ((("op1", b.RoleTaken(role="ic")),), "raise", "destructive", Reason.PAUSE_POINT),
    ],
)
def test_pause_points_and_roles_hold_for_actions_too(
    events: tuple[tuple[str, Body], ...], step: str, danger: Danger, expected: Reason | None
) -> None:
    wish = Wish(plan=PLANS[danger], identity=ME, situation=situation(*events), runbook="book", step=step)
    assert reason(may_run(wish, NAME, settings())) is expected


@pytest.mark.parametrize("named", ["", "look"])
def test_a_runbooks_block_belongs_to_its_own_step_whatever_is_named(named: str) -> None:
    plan = replace(PLANS["mitigate"], action="block.book.raise")
    wish = Wish(plan=plan, identity=ME, situation=situation(), runbook="book", step=named)
    assert reason(may_run(wish, YES, settings())) is Reason.PAUSE_POINT


def test_a_name_from_the_environment_holds_no_role() -> None:
    """The situation's actor may be anybody; the role must be held under the name that the machine knows."""
    named = situation(("ic1", b.RoleTaken(role="ic")), actor="ic1")
    wish = Wish(plan=PLANS["destructive"], identity=ME, situation=named, runbook="book", step="look")
    assert reason(may_run(wish, NAME, settings())) is Reason.ROLE_NEEDED


@pytest.mark.parametrize(
    ("danger", "holder", "is_over", "expected"),
    [
        ("destructive", "op2", False, Reason.ROLE_NEEDED),
        ("destructive", "op1", False, None),
        ("destructive", "op2", True, None),
        ("mitigate", "op2", False, None),
        ("observe", "op2", False, None),
    ],
)
def test_a_run_beside_an_open_incident_needs_a_role_in_one_but_an_agreed_end_does_not(
    danger: Danger,
    holder: str,
    is_over: bool,  # noqa: FBT001  # a table
    expected: Reason | None,
) -> None:
    opened = situation((holder, b.RoleTaken(role="ops"))).incident
    wish = Wish(plan=PLANS[danger], identity=ME, beside={"INC-1": opened}, is_over=is_over)
    assert reason(may_run(wish, NAME, settings())) is expected
    two = settings(two_person=["mitigate", "destructive"])
    started = may_start(run(("op1", PLANS[danger].digest)), PLANS[danger], two, is_over=is_over)
    if danger != "observe":
        assert reason(started) is (None if is_over else Reason.SECOND_PERSON)


def run(*approvals: tuple[str, str], claimed: bool = False) -> Run:
    """Planned by op1; `approvals` are identities and digests."""
    key = uuid4()
    bodies: list[tuple[str, Any]] = [
        ("op1", RunPlanned(action="shop.do", danger="destructive", identity="op1"))
    ]
    bodies += [(who, RunApproved(digest=digest, identity=who)) for who, digest in approvals]
    bodies += [("op1", RunClaimed(host="h"))] if claimed else []
    events: list[Event] = []
    for actor, body in bodies:
        after = (events[-1].sequence, events[-1].digest) if events else (0, "0" * 64)
        events.append(chain(Draft(uuid4(), key, actor, body, START), after))
    return fold_run(events)


PLAN = PLANS["destructive"]
TWO = {"two_person": ["destructive"]}


@pytest.mark.parametrize(
    ("fields", "approvals", "expected"),
    [
        ({}, [], Reason.NOT_CONFIRMED),
        ({}, [("op1", PLAN.digest)], None),
        ({}, [("op1", "other plan")], Reason.NOT_CONFIRMED),
        (TWO, [("op1", PLAN.digest)], Reason.SECOND_PERSON),
        (TWO, [("op1", PLAN.digest), ("op1", PLAN.digest)], Reason.SECOND_PERSON),
        (TWO, [("op1", PLAN.digest), ("op2", "other plan")], Reason.SECOND_PERSON),
        (TWO, [("op1", PLAN.digest), ("op2", PLAN.digest)], None),
        (TWO | {"alone": True}, [("op1", PLAN.digest), ("op1", PLAN.digest)], None),
        (TWO | {"alone": True}, [("op1", PLAN.digest)], Reason.SECOND_PERSON),
    ],
)
def test_an_approval_is_of_a_person_for_a_digest(
    fields: dict[str, Any], approvals: list[tuple[str, str]], expected: Reason | None
) -> None:
    assert reason(may_start(run(*approvals), PLAN, settings(**fields))) is expected


def test_nobody_is_their_own_second_person() -> None:
    known = run(("op1", PLAN.digest))
    assert reason(may_approve(known, ME, settings())) is Reason.SAME_PERSON
    assert reason(may_approve(known, Identity("another name", "op1"), settings())) is Reason.SAME_PERSON
    assert may_approve(known, OTHER, settings()) == ALLOWED
    assert may_approve(known, ME, settings(alone=True)) == ALLOWED
    assert reason(may_approve(known, OTHER, settings(allow=[]))) is Reason.ACTION_NOT_ALLOWED
    assert reason(may_approve(run(claimed=True), OTHER, settings())) is Reason.RUN_STARTED
    assert reason(may_start(run(claimed=True), PLAN, settings())) is Reason.RUN_STARTED
