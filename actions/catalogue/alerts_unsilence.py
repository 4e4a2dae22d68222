"""Ends a silence at the Alertmanager before its time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from actions.model import Action, ActionCall, Draft, Fact, Outcome, Undo, Verification
from actions.parameters import Parameters
from actions.silences import SERVER, expire, path_of, read
from actions.step import Step
from core.message import say
from core.text import clean

if TYPE_CHECKING:
    from actions.model import Context, Plan


class Unsilence(Parameters):
    """Which silence."""

    id: Annotated[str, Field(pattern=r"^[0-9A-Fa-f-]{36}$")]


def plan(params: Unsilence, context: Context) -> Draft:
    """What it silences, and whether it does."""
    silence = read(params.id, context)
    state = "" if silence is None else str(silence["status"]["state"])
    at = context.clock()
    matchers = _matchers(silence)
    return Draft(
        target=context.http.place(SERVER),
        steps=(Step(kind="http", text=f"DELETE {path_of(params.id)}"),),
        facts=(
            Fact(label=say("actions.fact_state"), value=state or None, at=at),
            Fact(label=say("actions.fact_matchers"), value=matchers or None, at=at),
        ),
        blockers=() if state in ("active", "pending") else (say("actions.silence_not_active", id=params.id),),
        undo=Undo(
            say("actions.undo_unsilence"),
            ActionCall("alerts.silence", {"match": matchers}) if matchers else None,
        ),
    )


def run(params: Unsilence, _: Plan, context: Context) -> Outcome:
    """Expire it."""
    expire(params.id, context)
    return Outcome(text=say("actions.silence_expired", id=params.id))


def verify(params: Unsilence, _: Plan, context: Context) -> tuple[Verification, ...]:
    """It must be over, which the Alertmanager keeps on record."""
    silence = read(params.id, context)
    over = silence is None or silence["status"]["state"] == "expired"
    key = "actions.silence_expired" if over else "actions.silence_still"
    return (Verification(say(key, id=params.id), ok=over),)


def _matchers(silence: dict[str, list[dict[str, object]]] | None) -> str:
    """As `alerts.silence` takes them."""
    parts = []
    for matcher in [] if silence is None else silence["matchers"]:
        operator = ("=" if matcher.get("isEqual", True) else "!") + ("~" if matcher["isRegex"] else "")
        operator = {"!": "!=", "=": "="}.get(operator, operator)
        value = str(matcher["value"]).replace("\\", "\\\\").replace('"', '\\"')
        parts.append(f'{matcher["name"]}{operator}"{value}"')
    return clean(",".join(parts), 1000)


ACTION = Action(
    id="alerts.unsilence",
    title=say("actions_catalogue.alerts_unsilence"),
    why=say("actions_catalogue.alerts_unsilence_why"),
    danger="mitigate",
    parameters=Unsilence,
    resource=lambda params: f"silence {params.id}",
    plan=plan,
    run=run,
    verify=verify,
    timeout_s=60.0,
    needs=("signals.alertmanager",),
    undone_by="alerts.silence",
)
