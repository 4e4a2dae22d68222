"""`warroom journal verify|anchor|export|import|stats`: the journal as a whole."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from uuid import UUID

from core.files import open_private, open_regular, read_lines, read_text
from core.message import say
from core.text import clean
from incidents.journal.errors import JournalAway, JournalError
from tui.cli.command import Command, Group
from tui.cli.resources import config_or_default, open_configured_journal
from tui.runtime.exit import ExitCode
from tui.runtime.output import escape_json, write_result

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from incidents.events.event import Record
    from incidents.journal import Journal
    from incidents.journal.anchor import Anchor, Mark
    from tui.cli.command import Invocation
    from tui.i18n import Language


def add_arguments(parser: argparse.ArgumentParser, words: Language) -> None:
    """Its own options."""
    choices = ("verify", "anchor", "export", "import", "stats")
    parser.add_argument("what", choices=choices, help=words.text("journal.option_what"))
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help=words.text("journal.option_file"))
    parser.add_argument("--against", metavar="ANCHOR", help=words.text("journal.option_against"))
    parser.add_argument("--send", action="store_true", help=words.text("journal.option_send"))
    parser.add_argument("--incident", metavar="ID", help=words.text("journal.option_incident"))


def run(args: argparse.Namespace, invocation: Invocation) -> int:
    """Exit 1 when the journal is not whole, 2 when it can't be reached, 3 when it can't be used."""
    with open_configured_journal(
        invocation, read_only=args.what in ("verify", "anchor", "export")
    ) as journal:
        if args.what == "verify":
            return _verify(journal, args.against, invocation)
        if args.what == "anchor" and args.send:
            return _send_anchor(journal, args.file, invocation)
        if args.what == "anchor":
            return _anchor(journal, args.file)
        if args.what == "export":
            return _export(journal, args.file, args.incident, invocation)
        if args.what == "import":
            return _import(journal, args.file, invocation)
        return _stats(journal, invocation)


def _anchor(journal: Journal, file: Path | None) -> int:
    """To be kept elsewhere: `verify --against` it shows what the chains alone can't."""
    from incidents.journal.anchor import anchor_of

    _write(file, [anchor_of(journal.store()).text])
    return ExitCode.OK


def _send_anchor(journal: Journal, file: Path | None, invocation: Invocation) -> int:
    """To whom `[journal.anchors]` names; exit 1 when it did not reach each, or the journal lacks what one knows."""
    from incidents.anchors.send import send_anchor
    from incidents.settings import actor_name

    settings = config_or_default(invocation).journal
    if not settings.anchors.webhooks and not settings.anchors.git:
        raise JournalError(say("journal.no_anchors"))
    if file:
        _anchor(journal, file)
    sent = send_anchor(journal.store(), settings.anchors, journal.place, actor_name(settings))
    results: list[dict[str, object]] = []
    for each in sent:
        lines = [finding.message for finding in each.findings]
        if each.problem:
            lines.append(each.problem)
        reasons = [invocation.words.say(line) for line in lines]
        detail = clean("; ".join([each.detail] * bool(each.detail) + reasons), 1000)
        results.append({"target": each.target, "ok": each.ok, "detail": detail})
        key = (
            "journal.anchor_sent"
            if each.ok
            else "journal.anchor_lacks"
            if each.findings
            else "journal.anchor_not_sent"
        )
        if not invocation.json:
            invocation.print_notice(say(key, target=clean(each.target, 80), detail=detail))
    if invocation.json:
        invocation.print_json({"sent": results})
    return ExitCode.OK if all(each.ok for each in sent) else ExitCode.BURNING


def _anchor_named(name: str, invocation: Invocation) -> Anchor | Mark:
    """A mark as it stands, `git:NAME` of the configuration, or a file with an anchor or a mark in it."""
    from incidents.anchors.git import last_anchor
    from incidents.journal.anchor import read_anchor, read_mark

    if mark := read_mark(name):
        return mark
    text: str | None
    if name.startswith("git:"):
        repositories = config_or_default(invocation).journal.anchors.git
        if name[4:] not in repositories:
            known = ", ".join(repositories) or "–"
            raise JournalError(
                say("journal.no_anchor_named", name=clean(name[4:], 80), known=clean(known, 400))
            )
        text = last_anchor(repositories[name[4:]])
        if text is None:
            raise JournalError(say("journal.no_anchor_yet", name=clean(name[4:], 80)))
    else:
        text = _read(Path(name))
    return read_mark(text) or read_anchor(text)


def _verify(journal: Journal, against: str | None, invocation: Invocation) -> int:
    from incidents.journal.verify import verify

    anchor = _anchor_named(against, invocation) if against else None
    try:
        proof = verify(journal.store(), anchor)
    except JournalAway as error:  # not looked at is neither whole nor broken
        invocation.print_notice(error.message)
        return ExitCode.UNKNOWN
    spoiled = [say("verify.spool", event=clean(event, 200)) for event in journal.spoiled()]
    spoiled += [say("verify.spool_removed", at=clean(at, 40)) for at in journal.spool_removed()]
    whole = not proof.findings and not spoiled
    if invocation.json:
        invocation.print_json(
            {
                "whole": whole,
                "incidents": proof.incidents,
                "runs": proof.runs,
                "events": proof.events,
                "newest": clean(proof.newest, 40),
                "against": against,
                "findings": [
                    {
                        "incident": finding.label,
                        "sequence": finding.sequence,
                        "event": finding.event,
                        "what": invocation.words.say(finding.message),
                    }
                    for finding in proof.findings
                ],
                "spool": [invocation.words.say(line) for line in spoiled],
                "ends": dict(proof.heads),
            }
        )
    elif whole:
        line = say(
            "journal.whole",
            place=journal.place,
            events=proof.events,
            incidents=proof.incidents,
            runs=proof.runs,
        )
        invocation.print_line(invocation.words.say(line))
        if anchor is None and proof.events:
            invocation.print_notice(say("journal.not_compared", newest=clean(proof.newest, 40)))
    else:
        for message in (*(finding.message for finding in proof.findings), *spoiled):
            invocation.print_line(invocation.words.say(message))
    return ExitCode.OK if whole else ExitCode.BURNING


def _export(journal: Journal, file: Path | None, ref: str | None, invocation: Invocation) -> int:
    """Everything goes out; exit 1 names the events that can't be read (an import will refuse them)."""
    from incidents.journal import export_lines

    unreadable: list[Record] = []
    lines = export_lines(journal.store(), journal.find(ref) if ref else None, unreadable)
    _write(file, (escape_json(line) + "\n" for line in lines))
    for record in unreadable:
        event = say(
            "journal.unreadable_event", incident=_label(journal, record.chain), sequence=record.sequence
        )
        invocation.print_notice(event)
    return ExitCode.BURNING if unreadable else ExitCode.OK


def _write(file: Path | None, lines: Iterable[str]) -> None:
    if file is None:
        for line in lines:
            write_result(line)
        return
    try:
        with open_private(file) as out:
            out.writelines(lines)
    except OSError as error:
        raise JournalError(
            say("journal.unwritable", place=clean(str(file)), detail=error.strerror or "?")
        ) from error


def _read(file: Path) -> str:
    try:
        return read_text(file)
    except (OSError, UnicodeDecodeError) as error:
        detail = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise JournalError(say("journal.unreadable", place=clean(str(file)), detail=detail or "?")) from error


def _label(journal: Journal, incident: str) -> str:
    try:
        return journal.label(UUID(incident))
    except ValueError:  # the id itself is damaged
        return clean(incident, 40)


def _import(journal: Journal, file: Path | None, invocation: Invocation) -> int:
    from incidents.journal import import_lines

    place = clean(str(file)) if file else invocation.words.text("journal.standard_input")
    try:
        with open_regular(file) if file else _standard_input() as lines:
            read, fresh = import_lines(journal.store(), read_lines(lines))
    except OSError as error:
        raise JournalError(say("journal.unreadable", place=place, detail=error.strerror or "?")) from error
    except UnicodeDecodeError as error:
        raise JournalError(say("journal.unreadable", place=place, detail="not UTF-8")) from error
    if invocation.json:
        invocation.print_json({"read": read, "fresh": fresh})
    else:
        invocation.print_line(invocation.words.text("journal.imported", read=read, fresh=fresh))
    return ExitCode.OK


def _standard_input() -> BinaryIO:
    if sys.stdin is None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    return sys.stdin.buffer


def _stats(journal: Journal, invocation: Invocation) -> int:
    history = journal.history()
    facts: dict[str, str | int] = {
        "place": journal.place,
        "incidents": len(history),
        "open": sum(incident.status != "resolved" for incident in history),
        "events": sum(incident.sequence for incident in history),
        "spooled": journal.spooled(),
        "read_only": journal.read_only,
    }
    if invocation.json:
        invocation.print_json(facts)
    else:
        note = invocation.words.text("journal.stats_read_only") if journal.read_only else ""
        invocation.print_line(invocation.words.text("journal.stats", **(facts | {"read_only": note})))
    return ExitCode.OK


COMMAND = Command(
    group=Group.RESPOND,
    summary="journal.summary",
    add_arguments=add_arguments,
    run=run,
)
