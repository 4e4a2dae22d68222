"""A fault of the configuration as a change of a switch: found, planned, and taken back to exactly what stood there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from actions.chaos_settings import is_production
from actions.errors import BadParameter
from actions.model import ActionCall, Undo
from core.message import say
from core.text import clean

if TYPE_CHECKING:
    from actions.chaos_settings import ChaosSettings
    from actions.model import Context
    from actions.switch_settings import Value
    from actions.switches.stores import Values
    from core.message import Message

LIFT = "chaos.lift"
NOTHING = "–"


def find_chaos(context: Context, fault: str) -> ChaosSettings:
    """Raises `BadParameter` that names those that are configured."""
    known = context.settings.chaos
    if fault not in known:
        raise BadParameter(say("actions_chaos.no_fault", fault=fault, known=", ".join(known) or NOTHING))
    return known[fault]


def resource(fault: str) -> str:
    """One injection of a fault at a time."""
    return f"chaos/{fault}"


def injected_values(context: Context, fault: str, value: str) -> dict[str, Value | None]:
    """What stands there while it lasts; raises `BadParameter`."""
    chaos = find_chaos(context, fault)
    if not value:
        return dict(chaos.set)
    from signals.regex import compile_regex

    if chaos.value is None:
        raise BadParameter(say("actions_chaos.no_other_value", fault=fault))
    if compile_regex(chaos.value).fullmatch(value) is None:
        raise BadParameter(say("actions.parameter_wrong", name="value", detail=clean(chaos.value, 200)))
    return dict.fromkeys(chaos.set, value)


def blockers(context: Context, fault: str, before: Values, wanted: Values) -> tuple[Message, ...]:
    """Production, and a fault that is there already: lifting it would put back a fault."""
    reasons = []
    if is_production(context.environment) and not context.allow_chaos:
        reasons.append(say("actions_chaos.production", environment=clean(context.environment, 80)))
    if all(before[key] == value for key, value in wanted.items()):
        reasons.append(say("actions_chaos.already", fault=fault))
    return tuple(reasons)


def lifting(fault: str, before: Values) -> Undo:
    """By `chaos.lift`, with what stood there."""
    values = ", ".join(
        f"{key}={NOTHING if value is None else clean(str(value), 200)}" for key, value in before.items()
    )
    restore = json.dumps(dict(before), ensure_ascii=False)
    return Undo(
        say("actions_chaos.undo", values=values), ActionCall(LIFT, {"fault": fault, "restore": restore})
    )


def blast(context: Context, chaos: ChaosSettings) -> tuple[Message, ...]:
    """Who feels it."""
    where = say(
        "actions_chaos.blast_where",
        service=clean(context.service, 80),
        environment=clean(context.environment, 80),
    )
    return (say("actions_chaos.blast", text=clean(chaos.blast, 400)), where)
