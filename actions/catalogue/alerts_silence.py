"""Silences alerts at the Alertmanager for a while: it ends by itself, and earlier by `alerts.unsilence`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator

from actions.fits import Fit
from actions.model import (
    DEFAULT_LASTS_S,
    Action,
    ActionCall,
    Draft,
    Fact,
    Outcome,
    Undo,
    Verification,
)
from actions.parameters import Line, Name, Parameters
from actions.silences import SERVER, SILENCES, covered, create, create_document, read, read_matchers
from actions.step import Step
from core.message import say
from core.times import parse_time

if TYPE_CHECKING:
    from actions.model import Context, Plan

TOLERANCE = 5.0
"""In a storm alerts come and go: so many more or fewer are still what was confirmed."""
SHOWN_NAMES = 5


def _readable(text: str) -> str:
    read_matchers(text)
    return text


class Silence(Parameters):
    """Which alerts, and why nobody shall hear of them."""

    match: Annotated[Name, AfterValidator(_readable)]
    comment: Line = ""


def plan(params: Silence, context: Context) -> Draft:
    """What it would cover now."""
    names = covered(read_matchers(params.match), context)
    return Draft(
        target=context.http.place(SERVER),
        steps=(
            Step(
                kind="http",
                text=f"POST {SILENCES} {json.dumps(_document(params, context, 0.0)['matchers'], ensure_ascii=False)}",
            ),
        ),
        effects=(
            Fact(
                label=say("actions.fact_silenced"),
                value=len(names),
                unit="count",
                at=context.clock(),
                tolerance=TOLERANCE,
            ),
        ),
        warnings=tuple(say("actions.text", text=name) for name in list(dict.fromkeys(names))[:SHOWN_NAMES])
        if names
        else (say("actions.silences_nothing"),),
        undo=Undo(say("actions.undo_silence")),
    )


def run(params: Silence, plan: Plan, context: Context) -> Outcome:
    """Make the silence; only now its id is known, by which it is taken back."""
    silence = create(_document(params, context, plan.lasts_s), context)
    context.print_line(f"silence {silence}")
    return Outcome(
        text=say("actions.silence_made", id=silence),
        undo=Undo(say("actions.undo_silence"), ActionCall("alerts.unsilence", {"id": silence})),
    )


def verify(params: Silence, plan: Plan, context: Context) -> tuple[Verification, ...]:
    """Whether the Alertmanager has it in force, with these matchers."""
    silence = plan.undo.call.params["id"] if plan.undo.call else ""
    known = read(silence, context) if silence else None
    wanted = _document(params, context, 0.0)["matchers"]
    is_active = known is not None and known["status"]["state"] == "active"
    same = known is not None and sorted(map(repr, known["matchers"])) == sorted(
        map(repr, _sorted(wanted, known))
    )
    if known is None or not is_active or not same:
        return (Verification(say("actions.silence_not_active", id=silence or "?"), ok=False),)
    left_s = round(parse_time(known["endsAt"]) - context.clock())
    return (Verification(say("actions.silence_active", id=silence, seconds=left_s), ok=True),)


def _sorted(
    wanted: list[dict[str, object]], known: dict[str, list[dict[str, object]]]
) -> list[dict[str, object]]:
    """The matchers with their fields in the order of the answer."""
    order = list(known["matchers"][0]) if known["matchers"] else []
    return [{name: matcher.get(name) for name in order} for matcher in wanted]


def _document(params: Silence, context: Context, lasts_s: float) -> dict[str, list[dict[str, object]]]:
    begin = context.clock()
    document: dict[str, list[dict[str, object]]] = create_document(
        read_matchers(params.match),
        begin,
        begin + lasts_s,
        context.actor,
        params.comment or f"warroom: {context.service or 'incident'}",
    )
    return document


ACTION = Action(
    id="alerts.silence",
    title=say("actions_catalogue.alerts_silence"),
    why=say("actions_catalogue.alerts_silence_why"),
    danger="mitigate",
    parameters=Silence,
    resource=lambda params: f"silence {params.match}",
    plan=plan,
    run=run,
    verify=verify,
    lasts_s=DEFAULT_LASTS_S,
    ends_by_itself=True,
    timeout_s=60.0,
    fits=(Fit("alert", fill={"match": "match"}),),
    needs=("signals.alertmanager",),
    undone_by="alerts.unsilence",
)
