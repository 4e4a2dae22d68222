"""What `warroom incident` writes: from arguments to one event."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from pydantic import ValidationError

from core.errors import WarroomError
from core.message import say
from core.text import clean
from core.times import parse_time
from incidents.events import body as b
from incidents.events.event import write_time
from incidents.events.fold import can_undo
from incidents.report.describe import describe_event, short_time
from incidents.settings import actor_name
from response.guard import objection
from tui.cli.resources import config_or_default, open_configured_journal
from tui.cli.runbook.find import incident_names, incident_runbook
from tui.runtime.exit import ExitCode

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from incidents.events.event import Event
    from incidents.events.incident import Incident
    from incidents.journal import Journal
    from tui.cli.command import Invocation
    from tui.config.load import Config


NAMELESS = ("text", "step", "phase")
"""Arguments that are given without a name."""
AT_WORK = ("start", "tick", "skip", "fail", "confirm", "role", "resolve")
"""What is done while an incident goes on."""


def write(args: argparse.Namespace, invocation: Invocation) -> int:
    """Write what the verb says; prints the incident's id (`open`) or the sentence that was written."""
    config = config_or_default(invocation)
    actor = clean(args.actor or actor_name(config.journal), 80)
    try:
        with open_configured_journal(invocation, config) as journal:
            for one in _each(args, journal, invocation, config):
                report_event(_write(one, journal, actor, invocation, config), journal, invocation, config)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = clean(".".join(str(part) for part in first["loc"])) or "?"
        field = f"--{field}" if field in vars(args) and field not in NAMELESS else field
        if first["type"] == "blank":
            raise WarroomError(say("incident.blank", field=field)) from error
        raise WarroomError(say("incident.bad_value", field=field, detail=clean(first["msg"]))) from error
    return ExitCode.OK


def _each(
    args: argparse.Namespace, journal: Journal, invocation: Invocation, config: Config
) -> Sequence[argparse.Namespace]:
    """One event, but for a phase that is skipped: one for each of its open steps."""
    if args.verb != "skip":
        return (args,)
    from tui.cli.incident.step import each_step

    return each_step(args, journal.load(journal.find(args.incident)), invocation, config)


def _write(
    args: argparse.Namespace, journal: Journal, actor: str, invocation: Invocation, config: Config
) -> Event:
    if args.verb == "open":
        if args.runbook:
            _warn_of_unknown(args.runbook, invocation, config)
        started, detected = (_time(text) if text else None for text in (args.started, args.detected))
        return journal.open_incident(
            actor,
            b.Opened(
                title=args.title, severity=args.severity, runbook=args.runbook, drill=args.drill,
                started_at=started, detected_at=detected,
            ),
        )  # fmt: skip
    incident = journal.load(journal.find(args.incident))
    if "step" in args or "phase" in args:
        from tui.cli.incident.step import with_step

        args = with_step(args, incident, invocation, config)
    body = _body(args, incident, actor)
    if against := objection(incident, actor, body):
        called = incident_names(incident.runbooks, config, invocation)
        raise WarroomError(objection(incident, actor, body, called) or against)
    _tell_resolved(args, incident, journal, invocation)
    return journal.append(incident.id, actor, body)


def _tell_resolved(
    args: argparse.Namespace, incident: Incident, journal: Journal, invocation: Invocation
) -> None:
    """What is done after the end is told; to resolve once more, without a time, is a slip."""
    if incident.status != "resolved" or args.verb not in AT_WORK:
        return
    values = {"label": journal.label(incident.id), "at": short_time(incident.times["resolved"])}
    if args.verb != "resolve":
        invocation.print_notice(say("incident.resolved_since", **values))
    elif not args.at:
        raise WarroomError(say("incident.resolved_already", **values))


def _warn_of_unknown(runbook: str, invocation: Invocation, config: Config) -> None:
    """A slip in a runbook's name must not hinder an incident, and must not pass without a word."""
    from runbooks.library import load_library
    from tui.cli.runbook.find import unknown_runbook

    if incident_runbook(runbook, config, invocation) is None:
        ids = [one.id for one in load_library(config.runbooks, invocation.words.code).runbooks]
        invocation.print_notice(unknown_runbook(runbook, ids).message)


def report_event(event: Event, journal: Journal, invocation: Invocation, config: Config) -> None:
    """Say what was written."""
    label = journal.label(event.incident)
    if invocation.json:
        invocation.print_json(
            {
                "incident": label,
                "uuid": str(event.incident),
                "event": str(event.id),
                "sequence": event.sequence,
            }
        )
    elif event.body.kind == "opened":
        invocation.print_line(label)
    else:
        incident = journal.load(event.incident)
        text = invocation.words.say(
            describe_event(incident, event, incident_names(incident.runbooks, config, invocation))
        )
        invocation.print_line(
            f"{label} #{event.sequence} {write_time(event.at)[11:19]}Z {event.actor} {text}"
        )


def _body(args: argparse.Namespace, incident: Incident, actor: str) -> b.Body:  # noqa: PLR0911  # one case a verb
    match args.verb:
        case "note":
            return b.Noted(text=args.text)
        case "severity":
            return b.SeverityChanged(severity=args.severity, reason=args.reason)
        case "mark" | "resolve":
            return b.Marked(moment=args.moment if args.verb == "mark" else "resolved", at=_time(args.at))
        case "follow-up":
            return _follow_up(args, incident)
        case "undo":
            return _undo(args, incident, actor)
        case "role" | "alert":
            return _role(args) if args.verb == "role" else _alert(args)
        case _:
            return _checklist(args)


def _checklist(args: argparse.Namespace) -> b.Body:  # noqa: PLR0911  # one case a verb
    if args.verb == "confirm":
        return b.PauseConfirmed(runbook=args.runbook, phase=args.phase)
    if not args.step:
        return b.Reopened(reason=args.reason)
    step = {"runbook": args.runbook, "step": args.step}
    match args.verb:
        case "start":
            return b.StepStarted(**step)
        case "tick":
            return b.StepTicked(**step, observed=args.observed, checks=getattr(args, "checks", ()))
        case "skip":
            return b.StepSkipped(**step, reason=args.reason)
        case "fail":
            return b.StepFailed(**step, reason=args.reason, observed=args.observed)
        case "annotate":
            return b.StepAnnotated(**step, text=args.text)
        case _:
            return b.StepReopened(**step, reason=args.reason)


def _role(args: argparse.Namespace) -> b.Body:
    match args.what:
        case "take":
            return b.RoleTaken(role=args.role, reason=args.reason)
        case "offer":
            return b.RoleOffered(role=args.role, to=args.to)
        case "accept":
            return b.RoleAccepted(role=args.role)
        case _:
            return b.RoleReleased(role=args.role)


def _alert(args: argparse.Namespace) -> b.Body:
    fingerprint = args.fingerprint or args.name
    if args.what == "resolved":
        return b.AlertResolved(fingerprint=fingerprint, at=_time(args.at))
    return b.AlertAttached(fingerprint=fingerprint, name=args.name, since=_time(args.at) if args.at else None)


def _follow_up(args: argparse.Namespace, incident: Incident) -> b.Body:
    if not args.done:
        try:
            due = dt.date.fromisoformat(args.due) if args.due else None
        except ValueError as error:
            raise WarroomError(say("incident.bad_date", text=clean(args.due))) from error
        return b.FollowUpAdded(text=args.text, owner=args.owner, due=due)
    found = [each for each in incident.follow_ups if args.text in (each.text, str(each.event))]
    if not found:
        raise WarroomError(say("incident.no_follow_up", text=clean(args.text)))
    return b.FollowUpDone(follow_up=found[0].event)


def _undo(args: argparse.Namespace, incident: Incident, actor: str) -> b.Body:
    """What is named, else the actor's own last event that can be taken back and is no undo."""
    for event in reversed(incident.events):
        own = event.actor == actor and can_undo(incident, event) and event.body.kind != "undone"
        if event.sequence == args.sequence or (args.sequence is None and own):
            return b.Undone(event=event.id, reason=args.reason)
    raise WarroomError(say("objection.no_undo"))


def _time(text: str) -> dt.datetime:
    """What `--at` says, else now; raises `WarroomError`."""
    if not text:
        return dt.datetime.now(dt.UTC)
    try:
        return dt.datetime.fromtimestamp(parse_time(text), dt.UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise WarroomError(say("query.bad_time", text=clean(text))) from error
