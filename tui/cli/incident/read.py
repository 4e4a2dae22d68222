"""What `warroom incident` shows: the list, one incident, its timeline, and news as they come."""

from __future__ import annotations

import asyncio
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from core.errors import WarroomError
from core.files import open_private
from core.message import say
from core.text import clean
from core.units import duration
from incidents.events.audit_body import ITEM
from incidents.events.body import Role
from incidents.events.event import write_time
from incidents.journal.errors import JournalAway
from incidents.report.actions import describe_story, run_stories
from incidents.report.describe import describe_event, localize, observation_text, short_time
from incidents.report.timeline import incident_json, timeline_json, timeline_markdown
from incidents.updates.update import update_clock
from tui.cli.incident.in_force import in_force_until
from tui.cli.resources import config_or_default, open_configured_journal
from tui.cli.runbook.find import incident_names
from tui.runtime.exit import ExitCode
from tui.runtime.output import flush_results, write_result

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping
    from uuid import UUID

    from incidents.events.incident import Incident
    from incidents.journal import Journal, Summary
    from incidents.report.describe import Names
    from incidents.settings import UpdateSettings
    from tui.cli.command import Invocation
    from tui.config.model import Config
    from tui.i18n import Language

MARKS = {"open": "☐", "started": "▶", "ticked": "✔", "skipped": "–", "failed": "✖"}


def read(args: argparse.Namespace, invocation: Invocation) -> int:
    """Print what is asked for."""
    config = config_or_default(invocation)
    with open_configured_journal(invocation, config) as journal:
        if args.verb == "list":
            return _list(args, journal, invocation)
        if args.verb == "watch":
            return _watch(journal, invocation, config)
        incident = journal.load(journal.find(args.incident))
        label = journal.label(incident.id)
        if args.verb == "timeline":
            return _timeline(args, incident, label, invocation, config)
        if invocation.json:
            invocation.print_json(incident_json(incident, label, invocation.words.say))
        else:
            called = incident_names(incident.runbooks, config, invocation, incident)
            for line in _lines(incident, label, called, config.incidents.updates, invocation.words):
                invocation.print_line(line)
            for line in _run_lines(incident, called, in_force_until(journal, config), invocation.words):
                invocation.print_line(line)
    return ExitCode.OK


def _list(args: argparse.Namespace, journal: Journal, invocation: Invocation) -> int:
    summaries = journal.history(args.search, [args.status] if args.status else (), args.limit)
    if invocation.json:
        invocation.print_json([_summary_json(each) for each in summaries])
        return ExitCode.OK
    for each in summaries:
        drill = f" {invocation.words.text('incident.drill')}" if each.drill else ""
        status = invocation.words.text(f"incident.status_{each.status}")
        at = short_time(each.opened_at)
        invocation.print_line(
            f"{each.label}  {each.severity}  {status}  {at}  {each.commander or '–'}  {each.title}{drill}"
        )
    return ExitCode.OK


def _summary_json(each: Summary) -> dict[str, object]:
    return {
        "id": each.label,
        "uuid": str(each.id),
        "sequence": each.sequence,
        "title": each.title,
        "severity": each.severity,
        "status": each.status,
        "drill": each.drill,
        "runbook": each.runbook,
        "ic": each.commander,
        "opened_at": write_time(each.opened_at),
        "times": {moment: write_time(at) for moment, at in each.times.items()},
    }


def _timeline(
    args: argparse.Namespace, incident: Incident, label: str, invocation: Invocation, config: Config
) -> int:
    called = incident_names(incident.runbooks, config, invocation, incident)
    if invocation.json:
        invocation.print_json(timeline_json(incident, invocation.words.say, called))
        return ExitCode.OK
    write_text(args.out, timeline_markdown(incident, label, invocation.words.say, called))
    return ExitCode.OK


def write_text(out: str, text: str) -> None:
    """Into the file `out`, else on standard output; raises `WarroomError`."""
    if not out:
        write_result(text)
        return
    try:
        with open_private(Path(out)) as file:
            file.write(text)
    except OSError as error:
        raise WarroomError(
            say("journal.unwritable", place=clean(out), detail=error.strerror or "?")
        ) from error


def write_report(invocation: Invocation, out: str, markdown: str, charts: Mapping[str, str]) -> None:
    """Into the file `out`, its charts beside it, else on standard output without them; raises `WarroomError`."""
    write_text(out, markdown)
    if out:
        for name, picture in charts.items():
            write_text(str(Path(out).parent / name), picture)
        invocation.print_notice(say("postmortem.written", file=out, count=len(charts)))


def _run_lines(
    incident: Incident, called: Names, until: Mapping[str, str] | None, words: Language
) -> Iterator[str]:
    """What was run, by whom, and what of it is still in force."""
    stories = run_stories(incident)
    for story in stories:
        yield "  " + words.say(describe_story(incident, story, called, (until or {}).get(story.key, "")))
    if stories and until is None:
        yield "  " + words.text("postmortem.in_force_unknown")


def _lines(
    incident: Incident, label: str, called: Names, settings: UpdateSettings, words: Language
) -> Iterator[str]:
    drill = f" {words.text('incident.drill')}" if incident.drill else ""
    status = words.text(f"incident.status_{incident.status}")
    yield f"{label}  {incident.severity}  {status}{drill}  {incident.title}"
    yield " · ".join(
        words.text("incident.role", role=say(f"screen.role_{role}"), holder=incident.roles.get(role, "–"))
        for role in get_args(Role)
    )
    times: list[tuple[str, dt.datetime]] = [("opened", incident.opened_at), *incident.times.items()]
    for moment, at in sorted(times, key=lambda pair: pair[1]):
        name = words.text(f"event.moment_{moment}" if moment != "opened" else "incident.moment_opened")
        yield f"  {short_time(at)}  {name}"
    clock = update_clock(incident, settings, dt.datetime.now(dt.UTC))
    if clock:
        key = "incident.update_overdue" if clock.overdue else "incident.update_due"
        yield words.text(key, left=duration(abs(clock.left_s)))
    places = {key: place for place, key in enumerate(called.steps)}
    for key_, step in sorted(
        incident.steps.items(),
        key=lambda entry: (entry[0].runbook, places.get(entry[0], len(places)), entry[0]),
    ):
        reason = f"  {step.reason}" if step.reason else ""
        saw = localize(observation_text(step), words.say)
        seen = f"  [{saw}]" if saw else ""
        yield f"  {MARKS[step.state]} {called.step(key_)}  {step.by} {write_time(step.at)[11:19]}Z{reason}{seen}"
    unworked = (key for key in called.steps if key.step.startswith(ITEM) and key not in incident.steps)
    yield from (f"  {MARKS['open']} {called.step(key)}" for key in unworked)
    for alert in incident.alerts.values():
        yield "  " + words.text(
            "incident.alert_over" if alert.resolved_at else "incident.alert_fires",
            name=alert.name,
            at=short_time(alert.resolved_at or alert.since or alert.attached_at),
        )
    for note in incident.notes:
        yield f"  {write_time(note.at)[11:19]}Z {note.by}: {note.text}"
    for each in incident.follow_ups:
        mark = MARKS["ticked" if each.done else "open"]
        yield f"  {mark} {each.text}  {each.owner or '–'}  {each.due or ''}".rstrip()


def _watch(journal: Journal, invocation: Invocation, config: Config) -> int:
    """Print each event of every incident as it comes, until interrupted."""
    asyncio.run(_follow(journal, invocation, config))
    return ExitCode.OK


async def _follow(journal: Journal, invocation: Invocation, config: Config) -> None:
    from incidents.journal.kinds import INCIDENTS
    from incidents.journal.watch import watch

    try:
        printed: dict[UUID, int] | None = await asyncio.to_thread(
            lambda: journal.store().last_sequences(INCIDENTS)
        )
    except JournalAway as error:
        printed = None
        invocation.print_notice(error.message)
    invocation.print_notice(say("incident.watching", place=journal.place))
    async for changed in watch(journal):
        if printed is None and changed:  # the journal is back: what is in it is no news
            printed = await asyncio.to_thread(lambda: journal.store().last_sequences(INCIDENTS))
            continue
        printed = printed or {}
        for incident_id in changed:
            incident = await asyncio.to_thread(journal.load, incident_id)
            label = await asyncio.to_thread(journal.label, incident_id)
            called = incident_names(incident.runbooks, config, invocation, incident)
            for event in incident.events[printed.get(incident_id, 0) :]:
                text = invocation.words.say(describe_event(incident, event, called))
                if invocation.json:
                    fields = {"sequence": event.sequence, "actor": event.actor, "at": write_time(event.at)}
                    invocation.print_json({"incident": label, **fields, "text": text})
                else:
                    invocation.print_line(
                        f"{label} #{event.sequence} {write_time(event.at)[11:19]}Z {event.actor} {text}"
                    )
            printed[incident_id] = incident.sequence
        flush_results()
