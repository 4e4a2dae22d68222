"""`warroom run ACTION`: shows the plan, asks as its danger asks for, runs it detached, and follows it."""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.files import MAX_BYTES, read_text
from core.message import say
from tui.cli.command import Command, Group
from tui.runtime.exit import ExitCode

if TYPE_CHECKING:
    from actions.model import AnyAction, Plan
    from response.runs import Prepared
    from tui.cli.command import Invocation
    from tui.i18n import Language


def add_arguments(parser: argparse.ArgumentParser, words: Language) -> None:
    """Its own options."""

    def text(name: str) -> str:
        return words.text(f"run.option_{name}")

    parser.add_argument("action", metavar="ACTION", help=text("action"))
    parser.add_argument("--param", action="append", default=[], metavar="NAME=VALUE", help=text("param"))
    parser.add_argument(
        "--param-file", action="append", default=[], metavar="NAME=FILE", help=text("param_file")
    )
    parser.add_argument(
        "--param-command", action="append", default=[], metavar="NAME=COMMAND", help=text("param_command")
    )
    parser.add_argument("--plan", action="store_true", help=text("plan"))
    parser.add_argument("--from-plan", type=Path, metavar="FILE", help=text("from_plan"))
    parser.add_argument("--yes", action="store_true", help=text("yes"))
    parser.add_argument("--confirm", default="", metavar="NAME", help=text("confirm"))
    parser.add_argument("--for", dest="lasts", default="", metavar="DURATION", help=text("for"))
    parser.add_argument("--incident", default="", metavar="ID", help=text("incident"))
    parser.add_argument("--runbook", default="", metavar="ID", help=text("runbook"))
    parser.add_argument("--step", default="", metavar="STEP", help=text("step"))
    parser.add_argument("--executor", choices=("local", "celery"), help=text("executor"))
    parser.add_argument("--detach", action="store_true", help=text("detach"))
    parser.add_argument("--read-only", action="store_true", help=text("read_only"))


def run(args: argparse.Namespace, invocation: Invocation) -> int:
    """Exit 0 done and verified, 1 failed or findings, 2 refused: role, confirmation, resource held, plan stale."""
    from actions.errors import ActionRefused, PlanStale
    from core.errors import SourceError
    from incidents.journal.errors import JournalAway
    from tui.cli.incident.submit import NotAllowed

    try:
        return _run(args, invocation)
    except (NotAllowed, ActionRefused, PlanStale, JournalAway, SourceError) as error:
        invocation.print_notice(error.message)
        return ExitCode.UNKNOWN


def _run(args: argparse.Namespace, invocation: Invocation) -> int:
    from actions.planning import plan_to_json
    from actions.registry import find_action
    from response.decision import Refused
    from response.runs import prepare
    from tui.actions.duration import lasts_s as duration_s
    from tui.actions.identity import who
    from tui.actions.words import plan_lines
    from tui.cli.actions.desk import Desk
    from tui.cli.actions.start import Start, start_run
    from tui.cli.incident.submit import NotAllowed, read_situation
    from tui.cli.resources import config_or_default, open_configured_journal
    from tui.config.runs import run_settings

    config = config_or_default(invocation)
    settings = run_settings(config)
    if args.executor:
        chosen = settings.actions.model_copy(update={"executor": args.executor})
        settings = settings.model_copy(update={"actions": chosen})
    confirmed = _read_plan(args.from_plan) if args.from_plan else None
    action = find_action(settings.actions, args.action)
    values = _values(args, action, confirmed, invocation)
    lasts_s = confirmed.lasts_s if confirmed else duration_s(args.lasts)
    with open_configured_journal(invocation, config) as journal:
        identity = who(journal)
        prepared = prepare(
            settings,
            args.action,
            values,
            identity.actor,
            lasts_s=lasts_s,
            read_only=args.read_only,
            warm=not args.plan,
        )
        if isinstance(prepared, Refused):
            raise NotAllowed(prepared.message)
        if confirmed is not None:
            prepared = _held_to(confirmed, prepared, invocation)
        if args.plan:
            if invocation.json:
                invocation.print_json(plan_to_json(prepared.plan))
            else:
                for line in plan_lines(prepared.plan, action, invocation.words):
                    invocation.print_line(line)
            return ExitCode.UNKNOWN if prepared.plan.blockers else ExitCode.OK
        situation = None
        if args.incident:
            named = argparse.Namespace(**{**vars(args), "actor": identity.actor})
            situation = read_situation(named, journal, invocation, config)
        how = Start(
            yes=args.yes,
            typed=args.confirm,
            detach=args.detach,
            read_only=args.read_only,
            situation=situation,
            runbook=args.runbook,
            step=args.step,
        )
        return start_run(Desk(journal, settings, identity, invocation), prepared, how)


def _held_to(confirmed: Plan, prepared: Prepared, invocation: Invocation) -> Prepared:
    """The plan of the file, if it is still the one of now; else the new one is shown."""
    from actions.errors import PlanStale
    from actions.planning import hold_to
    from tui.actions.words import plan_lines
    from tui.runtime.output import write_notice

    try:
        return replace(prepared, plan=hold_to(confirmed, prepared.plan))
    except PlanStale:
        for line in plan_lines(prepared.plan, prepared.action, invocation.words):
            write_notice(line + "\n")
        raise


def _read_plan(file: Path) -> Plan:
    import json

    from actions.errors import BadParameter
    from actions.planning import plan_from_file
    from core.text import clean

    try:
        text = sys.stdin.read(MAX_BYTES) if str(file) == "-" else read_text(file)
        return plan_from_file(json.loads(text), time.time())
    except (OSError, UnicodeDecodeError):
        raise BadParameter(say("run.unreadable", file=clean(str(file), 200))) from None
    except (ValueError, RecursionError):
        raise BadParameter(say("actions.no_plan")) from None


def _values(
    args: argparse.Namespace, action: AnyAction, confirmed: Plan | None, invocation: Invocation
) -> dict[str, str]:
    """The parameters: those of a plan's file, of options, of files; a secret is never an argument, and is asked for."""
    from actions.errors import BadParameter
    from actions.parameters import MASK, secret_names
    from core.text import clean
    from tui.cli.actions.given import given_values

    secret = secret_names(action.parameters)
    values = {} if confirmed is None else {n: v for n, v in confirmed.params.items() if v != MASK}
    for given in args.param:
        name, equals, value = given.partition("=")
        if not equals:
            raise BadParameter(say("run.no_pair", text=clean(given, 80)))
        if name in secret:
            raise BadParameter(say("run.secret_argument", name=name))
        values[name] = value
    values |= given_values(args.param_file, args.param_command)
    for name in sorted(secret - values.keys()):
        if not args.plan and sys.stdin.isatty():
            from getpass import getpass

            # One that need not be given is left out by Enter.
            if answer := getpass(invocation.words.text("run.ask_secret", name=name) + " "):
                values[name] = answer
    return values


COMMAND = Command(group=Group.RESPOND, summary="run.summary", add_arguments=add_arguments, run=run)
