"""Makes a plan, and says whether a plan of now is still the one that was confirmed."""

from __future__ import annotations

from dataclasses import fields, replace
from functools import cache
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from actions.errors import BadParameter, PlanStale
from actions.model import MAX_LASTS_S, Draft, Plan
from actions.redact import redact_plan
from core.message import say
from core.text import clean
from core.units import duration

MAX_AGE_S = 900.0
"""A plan is for who reads it now: so long a runner waits for one that is on a screen, and so old one from a file may be."""
CLOCKS_S = 60.0
"""So far two hosts' clocks may be apart."""

if TYPE_CHECKING:
    from actions.model import Action, Context, Fact
    from actions.parameters import P
    from actions.redact import Redactor
    from core.message import Message


def make_plan(
    action: Action[P],
    params: P,
    context: Context,
    *,
    lasts_s: float | None = None,
    redact: Redactor | None = None,
) -> Plan:
    """What the action would do now. `lasts_s` is how long it shall stay in force; 0 for an undo, which is over when it is done.

    `redact` takes the configuration's secrets out of it. Raises `BadParameter` for a time that nobody would look back for, whoever
    asks for it: a plan's file, too.
    """
    if lasts_s is not None and not 0 <= lasts_s <= MAX_LASTS_S:
        raise BadParameter(say("actions.lasts_too_long", days=round(MAX_LASTS_S / 86_400)))
    against = action.preflight(params, context)
    draft = action.plan(params, context)
    draft = replace(draft, blockers=(*against, *draft.blockers))
    plan = Plan(
        **{each.name: getattr(draft, each.name) for each in fields(Draft)},
        action=action.id,
        danger="destructive" if draft.is_destructive else action.danger,
        params=params.shown(),
        resource=clean(action.resource(params), 200),
        lasts_s=action.lasts_s if lasts_s is None or not action.lasts_s else lasts_s,
        made_at=context.clock(),
    )
    return plan if redact is None else redact_plan(plan, redact)


def hold_to(confirmed: Plan, now: Plan) -> Plan:
    """`now`, when it is what was confirmed; raises `PlanStale` that names what differs.

    A fact that moved within its tolerance counts as unmoved, so that the digest stays that of the confirmed plan.
    """
    settled = replace(
        now,
        effects=_settled(confirmed.effects, now.effects),
        facts=_settled(confirmed.facts, now.facts),
    )
    if settled.digest == confirmed.digest:
        return settled
    raise PlanStale(say("actions.plan_stale", what=_difference(confirmed, settled)))


def _settled(confirmed: tuple[Fact, ...], now: tuple[Fact, ...]) -> tuple[Fact, ...]:
    known = {repr(fact.label): fact for fact in confirmed}
    return tuple(
        replace(fact, value=before.value)
        if (before := known.get(repr(fact.label))) is not None and _is_near(before, fact)
        else fact
        for fact in now
    )


def _is_near(confirmed: Fact, now: Fact) -> bool:
    """Tolerance and direction are those of the fact as it is measured now: a plan from a file can't widen them."""
    if isinstance(confirmed.value, str) or isinstance(now.value, str):
        return confirmed.value == now.value
    if confirmed.value is None or now.value is None:
        return confirmed.value is now.value
    if now.may_fall and now.value <= confirmed.value:
        return True
    return abs(confirmed.value - now.value) <= now.tolerance


def _difference(confirmed: Plan, now: Plan) -> Message:
    """The first thing that is not as it was."""
    before = {repr(fact.label): fact for fact in (*confirmed.effects, *confirmed.facts)}
    for fact in (*now.effects, *now.facts):
        old = before.get(repr(fact.label))
        if old is None or old.value != fact.value:
            was, is_now = _value(old), _value(fact)
            return say("actions.differs_fact", label=fact.label, was=was, now=is_now)
    if confirmed.blockers != now.blockers and now.blockers:
        return say("actions.differs_blocked", why=now.blockers[0])
    names = ("action", "target", "resource", "params", "steps", "locks", "lasts_s", "undo", "danger")
    differing = next((name for name in names if getattr(confirmed, name) != getattr(now, name)), "facts")
    return say(f"actions.differs_{differing}")


def _value(fact: Fact | None) -> str | int | float:
    return "?" if fact is None or fact.value is None else fact.value


@cache
def _adapter() -> TypeAdapter[Plan]:
    return TypeAdapter(Plan)


def plan_to_json(plan: Plan) -> dict[str, object]:
    """A plan as a file holds it, with its digest."""
    value: dict[str, object] = _adapter().dump_python(plan, mode="json")
    return {**value, "digest": plan.digest}


def plan_from_json(value: object) -> Plan:
    """The inverse; raises `BadParameter` for what is no plan, or does not have the digest that it states."""
    if not isinstance(value, dict):
        raise BadParameter(say("actions.no_plan"))
    stated = value.get("digest")
    try:
        plan = _adapter().validate_python({name: item for name, item in value.items() if name != "digest"})
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors(include_input=False)[0]["loc"])
        raise BadParameter(say("actions.no_plan_at", place=clean(place, 80))) from None
    if stated != plan.digest:
        raise BadParameter(say("actions.plan_altered"))
    return plan


def plan_from_file(value: object, now: float) -> Plan:
    """A plan that somebody kept, at `now` (Unix seconds).

    Raises `PlanStale` for one that is older than a plan may be, or dated after `now`, and `BadParameter` for what is no plan, or
    has more in it than a plan has: what nobody reads would be thought to be confirmed.
    """
    plan = plan_from_json(value)
    if unknown := _unknown(value, plan_to_json(plan)):
        raise BadParameter(say("actions.plan_unknown_fields", names=clean(", ".join(unknown[:5]), 200)))
    age_s = now - plan.made_at
    if not -1e12 < age_s < 1e12:
        raise BadParameter(say("actions.no_plan_at", place="made_at"))
    if age_s > MAX_AGE_S:
        limit = duration(MAX_AGE_S)
        raise PlanStale(say("actions.plan_old", age=duration(age_s), limit=limit, action=plan.action))
    if age_s < -CLOCKS_S:
        raise PlanStale(say("actions.plan_ahead", ahead=duration(-age_s), action=plan.action))
    return plan


def _unknown(given: object, written: object, place: str = "") -> list[str]:
    """Where something stands that no plan has."""
    match given, written:
        case dict(), dict():
            return [
                name
                for key, item in given.items()
                for name in (
                    _unknown(item, written[key], f"{place}{key}.") if key in written else [f"{place}{key}"]
                )
            ]
        case list(), list():
            pairs = enumerate(zip(given, written, strict=False))
            return [name for index, pair in pairs for name in _unknown(*pair, f"{place}{index}.")]
    return []
