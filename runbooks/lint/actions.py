"""What is wrong with the actions that a runbook calls: whether each is there, and takes what is written.

Which actions there are is known above this room: whoever asks hands in their parameters, as pydantic models by id.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from pydantic import SecretStr, ValidationError

from core.invalid import invalid
from core.message import say
from core.text import clean
from runbooks.lint.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic import BaseModel
    from pydantic_core import ErrorDetails

    from core.message import Message
    from runbooks.model import ActionCall, Runbook


def lint_actions(runbook: Runbook, actions: Mapping[str, type[BaseModel]]) -> Iterator[Finding]:
    """Findings of all calls; `actions` are the parameters of all that there are, by id."""
    for step in runbook.steps():
        for call in step.actions:
            model = actions.get(call.id)
            if model is None:
                message, fix = say("lint.unknown_action", id=clean(call.id, 80)), _nearest(call.id, actions)
                yield Finding(step.file, call.line, "unknown-action", message, "certain", fix=fix)
            else:
                yield from _parameters(step.file, call, model)


def _parameters(file: str, call: ActionCall, model: type[BaseModel]) -> Iterator[Finding]:
    known = model.model_fields
    for name in (*call.parameters, *call.asks):
        if name not in known:
            message = say("lint.action_unknown_parameter", id=call.id, name=name)
            line = call.lines.get(name, call.line)
            yield Finding(file, line, "action-parameter", message, "certain", fix=_nearest(name, known))
    secret = {name for name, each in known.items() if each.annotation is SecretStr}
    for name in call.parameters.keys() & secret:
        message, fix = say("lint.action_secret", name=name), say("lint.action_ask", name=name)
        yield Finding(file, call.lines.get(name, call.line), "literal-secret", message, "certain", fix=fix)
    given = {name: value for name, value in call.parameters.items() if name in known and name not in secret}
    try:
        model.model_validate(given)
    except ValidationError as error:
        for detail in error.errors(include_input=False, include_url=False):
            name = str(detail["loc"][0]) if detail["loc"] else ""
            if detail["type"] == "missing" and name in (call.asks.keys() | secret & call.parameters.keys()):
                continue
            yield _wrong(file, call, name, detail)


def _wrong(file: str, call: ActionCall, name: str, detail: ErrorDetails) -> Finding:
    line = call.lines.get(name, call.line)
    if detail["type"] == "missing":
        message = say("lint.action_missing_parameter", id=call.id, name=name)
        fix = say("lint.action_ask", name=name)
        return Finding(file, line, "action-parameter", message, "certain", fix=fix)
    rule = "option-lookalike" if detail["type"] == "looks_like_option" else "action-parameter"
    message = say("lint.action_wrong_parameter", id=call.id, name=name or "?", detail=invalid(detail))
    return Finding(file, line, rule, message, "certain")


def _nearest(name: str, known: Mapping[str, object]) -> Message | None:
    near = get_close_matches(name, known, n=1)
    return say("lint.did_you_mean", name=near[0]) if near else None
