"""One change of a switch: planned from what stands there now, read back after it, kept, and taken back to exactly that."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from actions.checks import verifications
from actions.errors import ActionFailed, BadParameter
from actions.model import ActionCall, Draft, Fact, Outcome, Undo, Verification
from actions.service_restart import is_restarted, restart_service, restart_steps
from actions.switch_settings import RestartSettings
from actions.switches.stores import open_store
from core.message import say
from core.text import clean

if TYPE_CHECKING:
    from actions.model import Context, Plan
    from actions.switch_settings import SwitchSettings, Value
    from actions.switches.stores import Values
    from core.message import Message

SET = "degrade.set"
"""The action that puts a switch back, whichever changed it."""


def resource(name: str) -> str:
    """One change of a switch at a time."""
    return f"switch/{name}"


def find_switch(context: Context, name: str) -> SwitchSettings:
    """Raises `BadParameter` that names those that are configured."""
    switches = context.settings.switches
    if name not in switches:
        raise BadParameter(say("actions_upkeep.no_switch", name=name, known=", ".join(switches) or "–"))
    return switches[name]


def position_values(switch: SwitchSettings, position: str) -> dict[str, Value | None]:
    """Every key of the switch as this position has it; raises `BadParameter`."""
    if position not in switch.positions:
        known = ", ".join(switch.positions)
        raise BadParameter(say("actions_upkeep.no_position", position=position or "–", known=known))
    return {key: switch.positions[position].get(key) for key in switch.all_keys()}


def restored_values(switch: SwitchSettings, text: str) -> dict[str, Value | None]:
    """What an undo wrote down; only the switch's own keys are taken. Raises `BadParameter`."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = None
    is_plain = isinstance(document, dict) and all(
        isinstance(value, str | int | float | bool | None) for value in document.values()
    )
    if not isinstance(document, dict) or not is_plain or set(document) != set(switch.all_keys()):
        raise BadParameter(
            say("actions.parameter_wrong", name="restore", detail=", ".join(switch.all_keys()))
        )
    return document


def position_of(switch: SwitchSettings, values: Values) -> str | None:
    """The position that these values are; None for none of them."""
    same = (name for name in switch.positions if _same(position_values(switch, name), values))
    return next(same, None)


def plan_change(name: str, wanted: Values, context: Context, of: SwitchSettings | None = None) -> Draft:
    """What stands there now, what would, and the way back. Here and below: `of` is a switch that is none of the configuration's."""
    switch = of or find_switch(context, name)
    store = open_store(switch, context)
    before = store.read(switch.all_keys())
    undo = _undo(switch, name, before)
    is_so = _same(before, wanted)
    steps, facts = ((), ()) if is_so else restart_steps(_restart(switch), context)
    return Draft(
        target=f"{name} ({store.place})",
        steps=() if is_so else (*store.steps(wanted, _expiring(before)), *steps),
        effects=tuple(
            Fact(
                label=say("actions_upkeep.fact_key", key=key),
                value=_shown(before[key]),
                at=context.clock(),
                kind="value before",
                of=key,
            )
            for key in switch.all_keys()
        ),
        facts=facts,
        warnings=_warnings(name, switch, before, is_so=is_so),
        undo=undo,
    )


def _warnings(name: str, switch: SwitchSettings, before: Values, *, is_so: bool) -> tuple[Message, ...]:
    """That all stands so already is no blocker: an undo after its time finds it so."""
    if is_so:
        return (say("actions_upkeep.is_so", name=name),)
    return (say("actions_upkeep.expires"),) if switch.redis is not None and _expiring(before) else ()


def make_change(
    name: str, wanted: Values, plan: Plan, context: Context, of: SwitchSettings | None = None
) -> Outcome:
    """Write it, have it read anew, and read it back. Where the restart fails, what was written stands, and is said."""
    switch = of or find_switch(context, name)
    store = open_store(switch, context)
    label = position_of(switch, wanted) or ", ".join(_shown(value) for value in wanted.values())
    if not plan.steps:
        return Outcome(text=say("actions_upkeep.switched", name=name, position=label))
    store.write(wanted, _expiry(plan, context))
    for key, value in wanted.items():
        context.print_line(f"{key}: {_shown(value)}")
    try:
        restart_service(_restart(switch), plan, context)
    except ActionFailed as error:
        raise ActionFailed(say("actions_upkeep.written_only", name=name, why=error.message)) from error
    return Outcome(text=say("actions_upkeep.switched", name=name, position=label))


def verify_change(
    name: str, wanted: Values, plan: Plan, context: Context, of: SwitchSettings | None = None
) -> tuple[Verification, ...]:
    """Read back, key by key; and what the configuration says must be so."""
    switch = of or find_switch(context, name)
    now = open_store(switch, context).read(switch.all_keys())
    return (
        *(
            Verification(
                say("actions_upkeep.key_is", key=key, value=_shown(now[key])),
                ok=_equal(now[key], wanted[key]),
            )
            for key in switch.all_keys()
        ),
        *is_restarted(_restart(switch), plan, context),
        *verifications([check.check() for check in switch.verify], context),
    )


def keep_change(
    name: str, wanted: Values, plan: Plan, context: Context, of: SwitchSettings | None = None
) -> tuple[Message, ...]:
    """Somebody or something put it back: set again. A file may have been replaced on purpose (a deploy): only said."""
    switch = of or find_switch(context, name)
    store = open_store(switch, context)
    now = store.read(switch.all_keys())
    if _same(now, wanted):
        store.renew(_expiry(plan, context))  # its end may have been put off
        return ()
    if switch.file is not None:
        return (say("actions_upkeep.file_differs", name=name, file=store.place),)
    store.write(wanted, _expiry(plan, context))
    return (say("actions_upkeep.set_again", name=name),)


def _restart(switch: SwitchSettings) -> RestartSettings:
    return switch.file.restart if switch.file is not None else RestartSettings()


def _undo(switch: SwitchSettings, name: str, before: Values) -> Undo:
    position = position_of(switch, before)
    text = say(
        "actions_upkeep.undo_switch", values=", ".join(f"{key}={_shown(v)}" for key, v in before.items())
    )
    if position is not None:
        return Undo(text, ActionCall(SET, {"switch": name, "position": position}))
    restore = json.dumps(dict(before), ensure_ascii=False)
    return Undo(text, ActionCall(SET, {"switch": name, "restore": restore}))


def _expiring(before: Values) -> tuple[str, ...]:
    """Keys that were not there: when they vanish by themselves, all is as it was."""
    return tuple(key for key, value in before.items() if value is None)


def _expiry(plan: Plan, context: Context) -> dict[str, float]:
    """Seconds that are left of what was planned, for the keys that were not there before; none for an undo."""
    left_s = plan.made_at + plan.lasts_s - context.clock()
    absent = [fact.of for fact in plan.facts_of("value before") if fact.value == _shown(None)]
    return dict.fromkeys(absent, left_s) if plan.lasts_s and left_s > 0 else {}


def _same(left: Values, right: Values) -> bool:
    return all(_equal(left[key], right[key]) for key in left)


def _equal(left: Value | None, right: Value | None) -> bool:
    """`1` and `true` are not the same."""
    return left == right and isinstance(left, bool) == isinstance(right, bool)


def _shown(value: Value | None) -> str:
    if value is None:
        return "–"
    return ("true" if value else "false") if isinstance(value, bool) else clean(str(value), 200)
