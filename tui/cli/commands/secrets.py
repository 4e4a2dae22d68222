"""`warroom secrets`: what the last audits found, and what people decided about each value."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from core.message import say
from tui.cli.command import Command, Group
from tui.runtime.exit import ExitCode

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping
    from pathlib import Path

    from actions.secrets.verdicts import Decision, Item, LastAudit
    from tui.cli.command import Invocation
    from tui.i18n import Language

VERDICTS = ("true", "false", "accepted", "open")


def add_arguments(parser: argparse.ArgumentParser, words: Language) -> None:
    """Its own options."""

    def text(name: str) -> str:
        return words.text(f"verdicts.option_{name}")

    parser.add_argument("verb", nargs="?", default="list", choices=("list", *VERDICTS), help=text("verb"))
    parser.add_argument("fingerprint", nargs="?", default="", metavar="FINGERPRINT", help=text("fingerprint"))
    parser.add_argument("--reason", default="", help=text("reason"))
    parser.add_argument("--incident", default="", metavar="ID", help=text("incident"))
    parser.add_argument("--until", default="", metavar="WHEN", help=text("until"))


def run(args: argparse.Namespace, invocation: Invocation) -> int:
    """Exit 1 while a value is to be worked off, or what is said about it has ended."""
    from actions.runner.folder import runs_folder
    from actions.secrets.verdicts import last_audits, read_decisions
    from tui.cli.incident.submit import NotAllowed
    from tui.cli.resources import config_or_default

    state = runs_folder(config_or_default(invocation).actions).parent / "secrets"
    file = state / "decisions.json"
    audits = last_audits(state)
    if args.verb != "list":
        try:
            _decide(args, file, audits, invocation)
        except NotAllowed as error:  # the verdict stands; the row does not follow it
            invocation.print_notice(error.message)
            return ExitCode.UNKNOWN
        return ExitCode.OK
    return _list(audits, read_decisions(file), invocation)


def _decide(args: argparse.Namespace, file: Path, audits: list[LastAudit], invocation: Invocation) -> None:
    from actions.errors import BadParameter
    from actions.secrets.model import Verdict
    from actions.secrets.verdicts import Decision, decide
    from core.text import clean
    from response.identity import login_name

    now = dt.datetime.now(dt.UTC)
    fingerprint = _find(args.fingerprint, file, audits)
    reason, until = clean(args.reason), _until(args.until, now)
    if args.verb in ("false", "accepted") and not reason:
        raise BadParameter(say("verdicts.reason_missing"))
    if (args.verb == "accepted") != (until is not None):
        raise BadParameter(say("verdicts.until_missing" if until is None else "verdicts.until_unwanted"))
    verdict = Verdict(args.verb)
    decision = Decision(verdict=verdict, reason=reason, by=login_name(), at=now, until=until)
    decide(file, fingerprint, None if verdict is Verdict.OPEN else decision)
    invocation.print_notice(say(f"verdicts.is_{verdict}", fingerprint=fingerprint, until=_day(until)))
    if args.incident and verdict in (Verdict.FALSE, Verdict.ACCEPTED):
        _skip_row(args.incident, fingerprint, decision, invocation)


def _skip_row(incident: str, fingerprint: str, decision: Decision, invocation: Invocation) -> None:
    """The incident's row of this value, left out for the reason that was given; the guard may refuse it."""
    import argparse

    from incidents.events.audit_body import item_step
    from response.steps import skip
    from tui.cli.incident.step import find_part
    from tui.cli.incident.submit import print_event, read_situation, submit
    from tui.cli.resources import config_or_default, open_configured_journal

    config = config_or_default(invocation)
    asked = argparse.Namespace(incident=incident, actor=decision.by, yes=False, no_input=True)
    with open_configured_journal(invocation, config) as journal:
        situation = read_situation(asked, journal, invocation, config)
        name = item_step(fingerprint)
        books = [row.runbook.id for row in situation.rows if row.step is not None and row.step.id == name]
        key = find_part(situation, "step", books[0] if books else "", name)
        reason = f"{decision.verdict}: {decision.reason}"
        for event in submit(skip(situation, key, reason=reason), journal, asked, invocation):
            print_event(event, journal, invocation, config)


def _find(given: str, file: Path, audits: list[LastAudit]) -> str:
    """The value that is meant, by its fingerprint or the beginning of it; one that nobody has seen is a slip."""
    from actions.errors import BadParameter
    from actions.secrets.verdicts import read_decisions
    from core.text import clean

    known = {item.fingerprint for audit in audits for item in audit.items} | set(read_decisions(file))
    meant = sorted(each for each in known if given and each.startswith(given.lower()))
    if len(meant) == 1:
        return meant[0]
    key = "verdicts.several" if meant else "verdicts.unknown"
    raise BadParameter(say(key, fingerprint=clean(given, 40) or "–", count=len(meant)))


def _until(text: str, now: dt.datetime) -> dt.datetime | None:
    """A date, a time or a duration from now, in the future."""
    from actions.errors import BadParameter
    from core.text import clean
    from core.times import parse_duration, parse_time

    if not text:
        return None
    try:
        seconds = parse_time(text) if "-" in text else now.timestamp() + parse_duration(text)
        until = dt.datetime.fromtimestamp(seconds, dt.UTC)
    except (ValueError, OverflowError, OSError):
        until = now
    if until <= now:
        raise BadParameter(say("verdicts.bad_until", text=clean(text, 40)))
    return until


def _list(audits: list[LastAudit], decisions: Mapping[str, Decision], invocation: Invocation) -> int:
    from actions.secrets.model import Verdict
    from actions.secrets.verdicts import verdict_of

    now = dt.datetime.now(dt.UTC)
    verdicts = {
        item.fingerprint: verdict_of(decisions.get(item.fingerprint), now)
        for audit in audits
        for item in audit.items
    }
    left = any(verdict in (Verdict.OPEN, Verdict.TRUE) for verdict in verdicts.values())
    if invocation.json:
        invocation.print_json([_as_json(audit, decisions, verdicts) for audit in audits])
        return ExitCode.BURNING if left else ExitCode.OK
    for audit in audits:
        count = sum(verdicts[item.fingerprint] in (Verdict.OPEN, Verdict.TRUE) for item in audit.items)
        head = say("verdicts.audited", path=audit.path, at=audit.at.strftime("%Y-%m-%d %H:%MZ"), count=count)
        invocation.print_line(invocation.words.say(head))
        if audit.unread:
            invocation.print_line(f"  {invocation.words.text('verdicts.unread', count=audit.unread)}")
        for item in sorted(audit.items, key=lambda item: list(Verdict).index(verdicts[item.fingerprint])):
            line = _line(item, decisions.get(item.fingerprint), verdicts[item.fingerprint], invocation.words)
            invocation.print_line(line)
        for fingerprint in sorted(audit.gone):
            invocation.print_line(f"  {invocation.words.text('verdicts.gone', fingerprint=fingerprint)}")
    if not audits:
        invocation.print_notice(say("verdicts.never"))
        return ExitCode.UNKNOWN
    return ExitCode.BURNING if left else ExitCode.OK


def _line(item: Item, decision: Decision | None, verdict: str, words: Language) -> str:
    more = f" (+{item.places - 1})" if item.places > 1 else ""
    head = " HEAD" if item.in_head else ""
    new = f"  {words.text('verdicts.new')}" if item.is_new else ""
    decided = ""
    if decision is not None:
        key = "verdicts.said"
        if decision.until is not None:
            key = "verdicts.said_until" if decision.verdict == verdict else "verdicts.over"
        decided = "  " + words.text(
            key, by=decision.by, reason=decision.reason or "–", until=_day(decision.until)
        )
    name = words.text(f"verdicts.{verdict}")
    return f"  {name}  {item.fingerprint}  {item.rule}  {item.where}  {item.place}{more}{head}{new}{decided}"


def _as_json(
    audit: LastAudit, decisions: Mapping[str, Decision], verdicts: Mapping[str, str]
) -> dict[str, object]:
    from dataclasses import asdict

    def decided(fingerprint: str) -> dict[str, object] | None:
        decision = decisions.get(fingerprint)
        if decision is None:
            return None
        until = None if decision.until is None else decision.until.isoformat()
        decided = {"verdict": decision.verdict, "reason": decision.reason, "by": decision.by}
        return {**decided, "at": decision.at.isoformat(), "until": until}

    return {
        "path": audit.path,
        "at": audit.at.isoformat(),
        "unread": audit.unread,
        "gone": sorted(audit.gone),
        "items": [
            {
                **asdict(item),
                "verdict": verdicts[item.fingerprint],
                "decision": decided(item.fingerprint),
            }
            for item in audit.items
        ],
    }


def _day(until: dt.datetime | None) -> str:
    return "–" if until is None else until.strftime("%Y-%m-%d %H:%MZ")


COMMAND = Command(group=Group.RESPOND, summary="verdicts.summary", add_arguments=add_arguments, run=run)
