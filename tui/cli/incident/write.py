"""What `warroom incident` writes: from arguments to a use case of `response`."""

from __future__ import annotations

import datetime as dt
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from pydantic import ValidationError

from core.errors import WarroomError
from core.invalid import invalid
from core.message import say
from core.text import clean
from core.times import parse_time
from incidents.events.body import AlertAttached
from incidents.journal.errors import JournalError
from incidents.report.describe import short_time
from incidents.settings import actor_name
from response import incident as whole
from response import records, steps
from response.decision import Refused
from response.guard import may_propose
from response.in_force import in_force, is_drill, with_in_force
from response.write import write_opening
from tui.cli.incident.burning import with_burning
from tui.cli.incident.step import find_part, find_phase, measure_step
from tui.cli.incident.submit import print_event, read_situation, submit
from tui.cli.resources import config_or_default, open_configured_journal
from tui.cli.runbook.find import incident_runbook
from tui.config.runs import run_settings
from tui.runtime.exit import ExitCode

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from incidents.journal import Journal
    from response.incident import RoleMove
    from response.situation import Proposal, Situation
    from tui.cli.command import Invocation
    from tui.config.model import Config

NAMELESS = ("text", "step", "phase", "title")
"""Arguments that are given without a name."""
AT_WORK = ("start", "tick", "skip", "fail", "confirm", "role")
"""What is done while an incident goes on: after its end that is told."""


def write(args: argparse.Namespace, invocation: Invocation) -> int:
    """Write what the verb says; prints the incident's id (`open`) or the sentence that was written."""
    config = config_or_default(invocation)
    with _argument_errors(args), open_configured_journal(invocation, config) as journal:
        if args.verb == "open":
            _open(args, journal, invocation, config)
            return ExitCode.OK
        situation = read_situation(args, journal, invocation, config)
        if args.verb == "resolve" or (args.verb == "mark" and args.moment == "resolved"):
            situation = with_burning(situation, config)
            situation = with_in_force(journal, run_settings(config), situation, situation.now)
        proposal = _propose(args, situation, invocation, config)
        events = submit(proposal, journal, args, invocation)
        if situation.incident.status == "resolved" and args.verb in AT_WORK:
            at = short_time(situation.incident.times["resolved"])
            invocation.print_notice(say("incident.resolved_since", label=situation.label, at=at))
        for event in events:
            print_event(event, journal, invocation, config)
    return ExitCode.OK


@contextmanager
def _argument_errors(args: argparse.Namespace) -> Iterator[None]:
    """What an event does not take is said by the name of its argument."""
    try:
        yield
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = clean(".".join(str(part) for part in first["loc"])) or "?"
        field = f"--{field}" if field in vars(args) and field not in NAMELESS else field
        if first["type"] == "blank":
            raise WarroomError(say("incident.blank", field=field)) from error
        raise WarroomError(say("incident.bad_value", field=field, detail=invalid(first))) from error


def _is_drill(journal: Journal, config: Config) -> bool:
    """Whether what burns was broken on purpose; while the journal is away nobody knows, and it counts as real."""
    from drills.announce import announced

    if announced(config.service.environment, config.actions.checkout):
        return True
    settings = run_settings(config)
    with suppress(JournalError):
        return is_drill(in_force(journal, settings, dt.datetime.now(dt.UTC)), settings)
    return False


def _open(args: argparse.Namespace, journal: Journal, invocation: Invocation, config: Config) -> None:
    if args.runbook:
        _warn_of_unknown_runbook(args.runbook, invocation, config)
    opening = whole.Opening(
        title=args.title,
        severity=args.severity,
        runbook=args.runbook,
        drill=args.drill or _is_drill(journal, config),
        started_at=_time(args.started),
        detected_at=_time(args.detected),
        alert=_alert(args.alert, config) if args.alert else None,
        leads=args.lead,
    )
    actor = clean(args.actor or actor_name(config.journal), 80)
    bodies = whole.open_incident(opening, dt.datetime.now(dt.UTC))
    incident = journal.load(write_opening(journal, actor, bodies))
    print_event(incident.events[0], journal, invocation, config)


def _warn_of_unknown_runbook(runbook: str, invocation: Invocation, config: Config) -> None:
    """A slip in a runbook's name must not hinder an incident, and must not pass without a word."""
    from runbooks.library import load_library
    from tui.cli.runbook.find import unknown_runbook

    if incident_runbook(runbook, config, invocation) is None:
        ids = [known.id for known in load_library(config.runbooks, invocation.words.code).runbooks]
        invocation.print_notice(unknown_runbook(runbook, ids).message)


def _alert(name: str, config: Config) -> AlertAttached:
    """The alert as it fires now; by its name alone where no source can say more."""
    import asyncio

    from core.errors import SourceError
    from tui.cli.incident.step import has_sources
    from tui.cli.resources import open_configured_sources

    async def alerts() -> AlertAttached:
        async with open_configured_sources(config.signals) as sources:
            firing = await sources.alerts.alerts() if sources.alerts else None
            return whole.alert_event(name, firing)

    if not has_sources(config):
        return whole.alert_event(name, None)
    try:
        return asyncio.run(alerts())
    except SourceError:
        return whole.alert_event(name, None)


def _propose(  # noqa: C901, PLR0911  # one case a verb
    args: argparse.Namespace, situation: Situation, invocation: Invocation, config: Config
) -> Proposal | Refused:
    match args.verb:
        case "note":
            return records.note(situation, args.text)
        case "title":
            return whole.change_title(situation, args.title)
        case "severity":
            return whole.change_severity(situation, args.severity, reason=args.reason)
        case "mark":
            return whole.mark(situation, args.moment, at=_time(args.at))
        case "resolve":
            return whole.resolve(situation, at=_time(args.at))
        case "role":
            return _change_role(args, situation)
        case "alert":
            return _change_alert(args, situation)
        case "follow-up":
            return _follow_up(args, situation)
        case "undo":
            return _undo(args, situation)
        case "confirm":
            return steps.confirm_pause(situation, find_part(situation, "phase", args.runbook, args.phase))
        case _ if not args.step:
            return whole.reopen_incident(situation, reason=args.reason)
        case _:
            return _change_step(args, situation, invocation, config)


def _change_step(  # noqa: PLR0911  # one case a verb
    args: argparse.Namespace, situation: Situation, invocation: Invocation, config: Config
) -> Proposal | Refused:
    phase = find_phase(situation, args.runbook, args.step) if args.verb == "skip" else None
    if phase is not None:
        return steps.skip_phase(situation, phase, reason=args.reason)
    key, words = find_part(situation, "step", args.runbook, args.step), invocation.words.say
    match args.verb:
        case "start":
            return steps.start(situation, key)
        case "tick":
            proposal = steps.tick(situation, key, words, observed=args.observed)
            if args.observed or args.no_check or isinstance(may_propose(proposal), Refused):
                return proposal
            return steps.tick(measure_step(situation, key, invocation, config, approve=args.yes), key, words)
        case "skip":
            return steps.skip(situation, key, reason=args.reason)
        case "fail":
            return steps.fail(situation, key, words, reason=args.reason, observed=args.observed)
        case "annotate":
            return steps.annotate(situation, key, args.text)
        case _:
            return steps.reopen(situation, key, reason=args.reason)


def _change_role(args: argparse.Namespace, situation: Situation) -> Proposal:
    what: RoleMove = "take_over" if args.what == "take" and args.reason else args.what
    return whole.change_role(situation, whole.RoleChoice(what, args.role), args.to or args.reason)


def _change_alert(args: argparse.Namespace, situation: Situation) -> Proposal:
    fingerprint, at = args.fingerprint or args.name, _time(args.at)
    if args.what == "resolved":
        return whole.resolve_alert(situation, fingerprint, at=at)
    return whole.attach_alert(situation, AlertAttached(fingerprint=fingerprint, name=args.name, since=at))


def _follow_up(args: argparse.Namespace, situation: Situation) -> Proposal:
    if not args.done:
        try:
            due = dt.date.fromisoformat(args.due) if args.due else None
        except ValueError as error:
            raise WarroomError(say("incident.bad_date", text=clean(args.due))) from error
        return records.add_follow_up(situation, args.text, owner=args.owner, due=due)
    known = situation.incident.follow_ups
    follow_up = next((item for item in known if args.text in (item.text, str(item.event))), None)
    if follow_up is None:
        raise WarroomError(say("incident.no_follow_up", text=clean(args.text)))
    return records.finish_follow_up(situation, follow_up.event)


def _undo(args: argparse.Namespace, situation: Situation) -> Proposal | Refused:
    """What is named, else the actor's own last event that can be taken back."""
    events = situation.incident.events
    named = next((event for event in events if event.sequence == args.sequence), None)
    event = records.last_own_event(situation) if args.sequence is None else named
    return records.undo(situation, event, reason=args.reason)


def _time(text: str) -> dt.datetime | None:
    """What `--at` says; None where it says nothing. Raises `WarroomError`."""
    if not text:
        return None
    try:
        return dt.datetime.fromtimestamp(parse_time(text), dt.UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise WarroomError(say("query.bad_time", text=clean(text))) from error
