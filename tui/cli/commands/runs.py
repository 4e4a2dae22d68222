"""`warroom runs VERB`: lists runs, shows and follows one, ends, approves, starts and takes back."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from core.message import say
from incidents.report.describe import short_time
from tui.cli.command import Command, Group
from tui.runtime.exit import ExitCode

if TYPE_CHECKING:
    import argparse
    from uuid import UUID

    from incidents.journal import Journal
    from tui.cli.actions.desk import Desk
    from tui.cli.command import Invocation
    from tui.i18n import Language


def add_arguments(parser: argparse.ArgumentParser, words: Language) -> None:
    """Its own options."""

    def text(name: str) -> str:
        return words.text(f"run.option_{name}")

    parser.add_argument("verb", nargs="?", default="list", choices=("list", *_VERBS), help=text("verb"))
    parser.add_argument("run", nargs="?", default="", metavar="RUN", help=text("run"))
    parser.add_argument("--active", action="store_true", help=text("active"))
    parser.add_argument("--limit", type=int, default=50, metavar="N", help=text("limit"))
    parser.add_argument("--yes", action="store_true", help=text("yes"))
    parser.add_argument("--confirm", default="", metavar="NAME", help=text("confirm"))
    parser.add_argument(
        "--param-file", action="append", default=[], metavar="NAME=FILE", help=text("param_file")
    )
    parser.add_argument(
        "--param-command", action="append", default=[], metavar="NAME=COMMAND", help=text("param_command")
    )
    parser.add_argument("--for", dest="lasts", default="", metavar="DURATION", help=text("extend"))
    parser.add_argument("--detach", action="store_true", help=text("detach"))


def run(args: argparse.Namespace, invocation: Invocation) -> int:
    """Exit as `run` does; of a list always 0."""
    from actions.errors import ActionRefused, BadParameter, PlanStale
    from core.errors import SourceError
    from incidents.journal.errors import JournalAway
    from tui.actions.identity import who
    from tui.cli.actions.desk import Desk
    from tui.cli.incident.submit import NotAllowed
    from tui.cli.resources import config_or_default, open_configured_journal
    from tui.config.runs import run_settings

    config = config_or_default(invocation)
    settings = run_settings(config)
    try:
        with open_configured_journal(invocation, config) as journal:
            if args.verb == "list":
                return _list(args, journal, invocation)
            if not args.run:
                raise BadParameter(say("run.which_run"))
            desk = Desk(journal, settings, who(journal), invocation)
            return _VERBS[args.verb](args, desk, journal.find_run(args.run))
    except (NotAllowed, ActionRefused, PlanStale, JournalAway, SourceError) as error:
        invocation.print_notice(error.message)
        return ExitCode.UNKNOWN


def _list(args: argparse.Namespace, journal: Journal, invocation: Invocation) -> int:
    from tui.actions.words import run_line
    from tui.cli.actions.follow import lost_text

    rows = journal.runs(active=args.active, limit=args.limit)
    if invocation.json:
        invocation.print_json(
            [
                {
                    "run": label,
                    "action": run.action,
                    "params": dict(run.params),
                    "state": run.state,
                    "verified": run.verified,
                    "planned_by": run.planned_by,
                    "planned_at": run.planned_at.isoformat(),
                    "host": run.host,
                }
                for label, run in rows
            ]
        )
        return ExitCode.OK
    for label, run in rows:
        invocation.print_line(run_line(label, run, invocation.words))
        if run.state in ("claimed", "started", "verified") and (lost := lost_text(journal, run, 0.0)):
            invocation.print_line(f"  {invocation.words.say(lost)}")
    if not rows:
        invocation.print_notice(say("run.no_runs"))
    return ExitCode.OK


def _attach(_: argparse.Namespace, desk: Desk, run_id: UUID) -> int:
    from tui.cli.actions.follow import follow_run

    return follow_run(desk.journal, desk.settings, run_id, desk.invocation)


def _cancel(_: argparse.Namespace, desk: Desk, run_id: UUID) -> int:
    from response.runs import cancel
    from tui.cli.incident.submit import NotAllowed

    refused = cancel(desk.journal, desk.settings, run_id, desk.identity)
    if refused is not None:
        raise NotAllowed(refused.message)
    desk.invocation.print_notice(say("run.cancel_asked", run=desk.journal.run_label(run_id)))
    return ExitCode.OK


def _show(_: argparse.Namespace, desk: Desk, run_id: UUID) -> int:
    """The plan, every event, the head of the output; exit 1 when the output is not the one that was recorded."""
    from actions.runner.folder import RunFolder
    from core.errors import WarroomError
    from incidents.report.describe_run import describe_run_event
    from response.runs import stored_plan
    from tui.actions.integrity import output_lost, output_problem
    from tui.actions.words import plan_lines, run_line
    from tui.cli.actions.follow import lost_text, run_json

    run, label = desk.journal.load_run(run_id), desk.journal.run_label(run_id)
    folder = RunFolder.of(desk.settings.actions, run_id)
    altered = output_problem(run, folder.output)
    code = ExitCode.OK if altered is None else ExitCode.BURNING
    if desk.invocation.json:
        desk.invocation.print_json(run_json(label, run, folder, desk.invocation))
        return code
    desk.invocation.print_line(run_line(label, run, desk.invocation.words))
    try:
        from actions.registry import find_action

        for line in plan_lines(
            stored_plan(run), find_action(desk.settings.actions, run.action), desk.invocation.words
        ):
            desk.invocation.print_line(line)
    except WarroomError as error:
        desk.invocation.print_line(desk.invocation.words.say(error.message))
    for event in run.events:
        text = desk.invocation.words.say(describe_run_event(event))
        desk.invocation.print_line(f"{event.at.strftime('%m-%d %H:%M:%SZ')}  {event.actor}  {text}")
    if (missing := output_lost(run)) is not None:
        desk.invocation.print_notice(missing)
    problem = altered or (lost_text(desk.journal, run, 0.0) if run.was_begun else None)
    if problem is not None:
        desk.invocation.print_notice(problem)
    return code


def _approve(args: argparse.Namespace, desk: Desk, run_id: UUID) -> int:
    """The second person sees the plan, and says yes to it."""
    from actions.registry import find_action
    from response.decision import Reason, Refused
    from response.run_guard import may_approve
    from response.runs import approve, stored_plan
    from tui.actions.words import plan_lines
    from tui.cli.incident.submit import NotAllowed

    run, label = desk.journal.load_run(run_id), desk.journal.run_label(run_id)
    decision = may_approve(run, desk.identity, desk.settings.actions)
    if isinstance(decision, Refused):
        raise NotAllowed(decision.message)
    plan = stored_plan(run)
    for line in plan_lines(plan, find_action(desk.settings.actions, run.action), desk.invocation.words):
        desk.invocation.print_line(line)
    if not args.yes and args.confirm != plan.target:
        raise NotAllowed(Refused(Reason.NOT_CONFIRMED).message)
    approved = approve(desk.journal, desk.settings, run_id, desk.identity)
    if isinstance(approved, Refused):
        raise NotAllowed(approved.message)
    key = "run.approved_for_drill" if run.planned.drill else "run.approved"
    desk.invocation.print_notice(say(key, run=label))
    return ExitCode.OK


def _start(args: argparse.Namespace, desk: Desk, run_id: UUID) -> int:
    from response.decision import Refused
    from response.runs import start
    from tui.cli.actions.follow import follow_run
    from tui.cli.actions.given import given_values
    from tui.cli.incident.submit import NotAllowed

    secrets = given_values(args.param_file, args.param_command)
    begun = start(desk.journal, desk.settings, run_id, desk.identity, secrets)
    if isinstance(begun, Refused):
        raise NotAllowed(begun.message)
    return ExitCode.OK if args.detach else follow_run(desk.journal, desk.settings, run_id, desk.invocation)


def _undo(args: argparse.Namespace, desk: Desk, run_id: UUID) -> int:
    from response.decision import Refused
    from response.runs import prepare, undo_call
    from tui.cli.actions.start import Start, start_run
    from tui.cli.incident.submit import NotAllowed

    call = undo_call(desk.journal.load_run(run_id))
    if isinstance(call, Refused):
        raise NotAllowed(call.message)
    prepared = prepare(desk.settings, call.id, call.params, desk.identity.actor, lasts_s=0.0)
    if isinstance(prepared, Refused):
        raise NotAllowed(prepared.message)
    how = Start(yes=args.yes, typed=args.confirm, detach=args.detach, undoes=run_id)
    return start_run(desk, prepared, how)


def _extend(args: argparse.Namespace, desk: Desk, run_id: UUID) -> int:
    """What it did stays in force for so long from now."""
    from actions.errors import BadParameter
    from response.in_force import extend
    from tui.actions.duration import lasts_s
    from tui.cli.incident.submit import NotAllowed

    seconds = lasts_s(args.lasts)
    if seconds is None:
        raise BadParameter(say("run.extend_how_long"))
    until = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds)
    refused = extend(desk.journal, desk.settings, run_id, desk.identity, until)
    if refused is not None:
        raise NotAllowed(refused.message)
    desk.invocation.print_notice(
        say("run.extended", run=desk.journal.run_label(run_id), until=short_time(until))
    )
    return ExitCode.OK


def _orphan(_: argparse.Namespace, desk: Desk, run_id: UUID) -> int:
    """A person says that nobody knows how it ended; its resource is free then, and it is never run again by itself."""
    from response.orphans import declare_orphaned
    from tui.cli.incident.submit import NotAllowed

    refused = declare_orphaned(desk.journal, run_id, desk.identity)
    if refused is not None:
        raise NotAllowed(refused.message)
    desk.invocation.print_notice(say("run.is_orphaned", run=desk.journal.run_label(run_id)))
    return ExitCode.OK


_VERBS = {
    "show": _show,
    "attach": _attach,
    "cancel": _cancel,
    "undo": _undo,
    "approve": _approve,
    "start": _start,
    "extend": _extend,
    "orphan": _orphan,
}
COMMAND = Command(group=Group.RESPOND, summary="run.runs_summary", add_arguments=add_arguments, run=run)
