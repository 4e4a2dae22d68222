"""`warroom actions list|show|in-force`: what can be done here, and what is in force."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from core.message import say
from tui.cli.command import Command, Group
from tui.runtime.exit import ExitCode

if TYPE_CHECKING:
    import argparse

    from actions.model import AnyAction
    from actions.runner.request import RunSettings
    from response.in_force import InForce
    from tui.cli.command import Invocation
    from tui.i18n import Language


def add_arguments(parser: argparse.ArgumentParser, words: Language) -> None:
    """Its own options."""
    choices = ("list", "show", "in-force")
    parser.add_argument(
        "what", nargs="?", default="list", choices=choices, help=words.text("run.option_what")
    )
    parser.add_argument("id", nargs="?", default="", metavar="ID", help=words.text("run.option_action"))
    parser.add_argument("--verify", action="store_true", help=words.text("run.option_verify"))


def run(args: argparse.Namespace, invocation: Invocation) -> int:
    """Exit 1 when something in force is not as it should be, or past its time."""
    from actions.errors import BadParameter
    from actions.registry import all_actions, find_action
    from tui.cli.resources import config_or_default
    from tui.config.runs import run_settings

    settings = run_settings(config_or_default(invocation))
    if args.what == "in-force":
        return _in_force(args, settings, invocation)
    if args.what == "show":
        if not args.id:
            raise BadParameter(say("run.which"))
        _show(find_action(settings.actions, args.id), settings, invocation)
        return ExitCode.OK
    actions = all_actions(settings.actions)
    if invocation.json:
        invocation.print_json([_as_json(action, settings, invocation) for action in actions.values()])
        return ExitCode.OK
    width = max(len(action_id) for action_id in actions)
    for action_id, action in actions.items():
        off = "" if settings.actions.allows(action_id) else f"  ({invocation.words.text('run.not_allowed')})"
        danger = invocation.words.text(f"run.danger_{action.danger}")
        title = invocation.words.say(action.title)
        invocation.print_line(f"{action_id:<{width}}  {danger}  {title}{off}")
    return ExitCode.OK


def _as_json(action: AnyAction, settings: RunSettings, invocation: Invocation) -> dict[str, object]:
    return {
        "id": action.id,
        "title": invocation.words.say(action.title),
        "why": invocation.words.say(action.why),
        "danger": action.danger,
        "allowed": settings.actions.allows(action.id),
        "lasts_s": action.lasts_s,
        "timeout_s": action.timeout_s,
        "parameters": action.parameters.model_json_schema(),
    }


def _show(action: AnyAction, settings: RunSettings, invocation: Invocation) -> None:
    if invocation.json:
        invocation.print_json(_as_json(action, settings, invocation))
        return
    from actions.parameters import asked_parameters

    words = invocation.words
    danger = words.text(f"run.danger_{action.danger}")
    invocation.print_line(f"{action.id}  {danger}  {words.say(action.title)}")
    invocation.print_line(words.say(action.why))
    for each in asked_parameters(action.parameters):
        needed = words.text("run.needed") if each.is_required else f"= {each.default}"
        invocation.print_line(f"  --param {each.name}=…  {needed}".rstrip(" ="))


def _in_force(args: argparse.Namespace, settings: RunSettings, invocation: Invocation) -> int:
    from actions.runner.keeper import last_round
    from core.units import quantity
    from response.in_force import in_force
    from tui.cli.resources import open_configured_journal

    now = dt.datetime.now(dt.UTC)
    with open_configured_journal(invocation, read_only=False) as journal:
        effects = in_force(journal, settings, now)
    checked = [(effect, *_check(effect, settings, invocation, verify=args.verify)) for effect in effects]
    made = last_round(settings.actions)
    if invocation.json:
        rows = [
            _effect_json(effect, now)
            | {"verified": ok, "kept_here": made is not None and made.keeps(effect.label)}
            for effect, ok, _ in checked
        ]
        invocation.print_json({"in_force": rows, "kept_here": made is not None and not made.is_missed})
    else:
        for effect, ok, lines in checked:
            kept = made is not None and made.keeps(effect.label)
            invocation.print_line(_effect_line(effect, now, invocation.words, kept=kept, ok=ok))
            for line in lines:
                invocation.print_line(f"  {line}")
        if not effects:
            invocation.print_notice(say("run.nothing_in_force"))
        elif made is None or made.is_missed:
            ago = say("run.never") if made is None else quantity(round(made.ago_s), "s")
            invocation.print_notice(say("run.nobody_keeps", ago=ago))
        elif made.not_kept:
            invocation.print_notice(say("run.not_kept", runs=", ".join(made.not_kept)))
    bad = any(ok is False or effect.is_over(now) or not effect.is_certain for effect, ok, _ in checked)
    return ExitCode.BURNING if bad else ExitCode.OK


def _check(
    effect: InForce, settings: RunSettings, invocation: Invocation, *, verify: bool
) -> tuple[bool | None, list[str]]:
    """Whether it really is so, when that was asked for; None where nobody looked or nobody can tell."""
    from core.errors import WarroomError
    from response.in_force import verify_now

    if not verify:
        return None, []
    try:
        checks = verify_now(effect, settings)
    except WarroomError as error:
        return None, [invocation.words.say(error.message)]
    lines = [invocation.words.say(each.text) for each in checks]
    if any(each.ok is False for each in checks):
        return False, lines
    return (True if checks and all(each.ok for each in checks) else None), lines


def _effect_line(effect: InForce, now: dt.datetime, words: Language, *, kept: bool, ok: bool | None) -> str:
    """`ok` is what was seen now. What was verified once and nobody keeps may have been forgotten since."""
    params = " ".join(f"{name}={value}" for name, value in effect.run.params.items())
    since = (effect.run.started_at or effect.run.planned_at).strftime("%m-%d %H:%MZ")
    until = effect.until.strftime("%m-%d %H:%MZ")
    key = "run.in_force_over" if effect.is_over(now) else "run.in_force_until"
    parts = [words.text(key, since=since, by=effect.run.planned_by, until=until)]
    if not effect.run.has_ended:
        parts.append(words.text("run.in_force_running"))
    elif not effect.is_certain:
        parts.append(words.text(f"run.{effect.doubt}"))
        parts += [words.say(check) for check in effect.open_checks]
    elif ok is False:
        parts.append(words.text("run.in_force_not_so"))
    elif effect.run.ended_at is not None and effect.run.verified:
        key = "run.in_force_verified" if kept or ok else "run.in_force_was_verified"
        parts.append(words.text(key, at=effect.run.ended_at.strftime("%m-%d %H:%MZ")))
    else:
        parts.append(words.text("run.in_force_unverified"))
    undo = "run.in_force_undo" if effect.undo is not None else "act.no_undo"
    parts.append(words.text(undo, run=effect.label))
    return f"{effect.label}  {effect.run.action} {params}  {'  '.join(parts)}"


def _effect_json(effect: InForce, now: dt.datetime) -> dict[str, object]:
    call = effect.undo
    return {
        "run": effect.label,
        "action": effect.run.action,
        "params": dict(effect.run.params),
        "since": (effect.run.started_at or effect.run.planned_at).isoformat(),
        "by": effect.run.planned_by,
        "until": effect.until.isoformat(),
        "over": effect.is_over(now),
        "certain": effect.is_certain,
        "undo": None if call is None else {"action": call.id, "params": dict(call.params)},
    }


COMMAND = Command(group=Group.RESPOND, summary="run.actions_summary", add_arguments=add_arguments, run=run)
