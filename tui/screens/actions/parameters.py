"""The form for an action's parameters: a line each, values to pick where there are few, secrets masked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from actions.errors import BadParameter
from actions.parameters import asked_parameters, read_parameters
from tui.actions.duration import lasts_s
from tui.screens.form import Field, Form
from tui.screens.submit import ask, forget

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actions.model import AnyAction
    from actions.parameters import Asked
    from core.message import Message
    from tui.actions.intent import Intent
    from tui.face import Face


async def ask_parameters(face: Face, action: AnyAction, intent: Intent, *, always: bool) -> Intent | None:
    """The intent with what was filled in; None when the form was left.

    Nothing is asked where all that is needed is known, unless `always`: then the form shows what is known.
    """
    asked = asked_parameters(action.parameters)
    missing = [
        each
        for each in asked
        if (each.is_required or each.name in intent.asks) and each.name not in intent.params
    ]
    if not always and not missing:
        return intent
    lasts = action.lasts_s > 0 and intent.undoes is None
    fields = [_field(each, intent) for each in asked]
    if lasts:
        seconds = action.lasts_s if intent.lasts_s is None else intent.lasts_s
        fields.append(Field(face.words.text("act.field_lasts"), _duration_text(seconds)))
    secret = any(each.secret for each in asked)
    form = Form(
        f"{action.id}: {face.words.say(action.title)}",
        fields,
        [face.words.say(action.why), *(f"{name}: {text}" for name, text in intent.asks.items())],
        check=lambda typed: _problem(action, asked, typed, lasts=lasts),
        draft="" if secret else f"action {action.id} {intent.runbook} {intent.step}",
    )
    typed = await ask(face, form)
    if typed is None:
        return None
    forget(face, form)
    given = replace(intent, params=_values(asked, typed))
    return replace(given, lasts_s=lasts_s(typed[-1])) if lasts else given


def _field(asked: Asked, intent: Intent) -> Field:
    is_needed = asked.is_required or asked.name in intent.asks
    # What a runbook leaves to the person has no default: an audit of the folder that one happens to be in finds nothing.
    default = "" if asked.name in intent.asks and not asked.choices else asked.default
    value = intent.params.get(asked.name, default)
    if asked.secret:
        return Field(asked.name, needed=is_needed, secret=True)
    is_typed = not asked.choices
    choices = asked.choices
    if not (is_typed or asked.is_required or asked.default in asked.choices):
        choices = ("", *asked.choices)  # not to choose is a choice, too
    return Field(asked.name, value, choices, needed=is_needed)


def _values(asked: Sequence[Asked], typed: Sequence[str]) -> dict[str, str]:
    """What was left empty has its default."""
    pairs = zip(asked, typed, strict=False)
    return {each.name: value for each, value in pairs if value or each.is_required}


def _problem(
    action: AnyAction, asked: Sequence[Asked], typed: tuple[str, ...], *, lasts: bool
) -> Message | None:
    try:
        read_parameters(action.parameters, _values(asked, typed))
        if lasts:
            lasts_s(typed[-1])
    except BadParameter as error:
        return error.message
    return None


def _duration_text(seconds: float) -> str:
    """`4h`, `90m`, `45s`: as it would be typed."""
    whole = int(seconds)
    for size, unit in ((3600, "h"), (60, "m")):
        if whole % size == 0:
            return f"{whole // size}{unit}"
    return f"{whole}s"
