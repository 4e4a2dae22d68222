"""Carries out what a verb of `warroom incident` proposes: asks on a terminal what the guard asks, writes, says what was written."""

from __future__ import annotations

import datetime as dt
import sys
from typing import TYPE_CHECKING, Literal

from core.errors import WarroomError
from core.message import say
from core.text import clean
from incidents.events.event import write_time
from incidents.report.describe import describe_event, join_parts
from incidents.settings import actor_name
from response.audit_items import with_found_items
from response.checklist import Missing
from response.decision import ALLOWED, Ask, Refused
from response.guard import may_propose
from response.situation import Situation
from response.write import write
from tui.cli.runbook.find import incident_names, incident_runbook
from tui.runtime.output import is_terminal, write_notice

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from core.message import Message
    from incidents.events.event import Event
    from incidents.journal import Journal
    from response.decision import Decision
    from response.situation import Proposal
    from tui.cli.command import Invocation
    from tui.config.model import Config

YES = ("y", "yes", "是")


class NotAllowed(WarroomError):
    """The guard refused it, or nobody answered its question with yes: exit code 2."""


def read_situation(
    args: argparse.Namespace, journal: Journal, invocation: Invocation, config: Config
) -> Situation:
    """The incident that `args` name, with the runbooks that it follows and the one that `--runbook` names."""
    incident = journal.load(journal.find(args.incident))
    asked = getattr(args, "runbook", "")
    names = dict.fromkeys((*incident.runbooks, *((asked,) if asked else ())))
    return Situation(
        label=journal.label(incident.id),
        incident=incident,
        actor=clean(args.actor or actor_name(config.journal), 80),
        now=dt.datetime.now(dt.UTC),
        runbooks=with_found_items(
            (incident_runbook(name, config, invocation) or Missing(name) for name in names), incident
        ),
    )


def submit(
    proposal: Proposal | Refused, journal: Journal, args: argparse.Namespace, invocation: Invocation
) -> tuple[Event, ...]:
    """Write it, once every question is answered with yes. Raises `NotAllowed` or a `JournalError`."""
    if isinstance(proposal, Refused):
        raise NotAllowed(proposal.message)
    decision = may_propose(proposal)
    while True:
        if isinstance(decision, Refused):
            raise NotAllowed(decision.message)
        if isinstance(decision, Ask):
            proposal = proposal.answered(decision, _answer(proposal, decision, args, invocation))
        written = write(journal, proposal)
        decision = written.decision
        if written.events or decision == ALLOWED:
            return written.events


def _answer(
    proposal: Proposal, question: Ask, args: argparse.Namespace, invocation: Invocation
) -> Literal["asked", "--yes"]:
    """Yes, or `NotAllowed`: without a terminal nobody can be asked, and all that would be asked is listed."""
    if args.yes:
        return "--yes"
    if args.no_input or not (is_terminal(sys.stdin) and is_terminal(sys.stderr)):
        asked = [_unanswered(each) for each in _questions(proposal, question)]
        raise NotAllowed(say("response.unanswered", asked=join_parts(asked, "event.and")))
    for line in question.details:
        invocation.print_notice(line)
    write_notice(f"{invocation.words.say(question.message)} [y/N] ")
    if sys.stdin.readline().strip().lower() not in YES:
        raise NotAllowed(say("incident.nothing_written"))
    return "asked"


def _unanswered(question: Ask) -> Message:
    details = join_parts(question.details or (question.problem,))
    return say("response.unanswered_question", problem=question.problem, details=details)


def _questions(proposal: Proposal, first: Ask) -> Iterator[Ask]:
    """The first one, and those that follow when each is answered with yes."""
    question: Decision = first
    while isinstance(question, Ask):
        yield question
        proposal = proposal.answered(question, "--yes")
        question = may_propose(proposal)


def print_event(event: Event, journal: Journal, invocation: Invocation, config: Config) -> None:
    """Say what was written; of an opening only the incident's name."""
    label = journal.label(event.chain)
    if invocation.json:
        invocation.print_json(
            {
                "incident": label,
                "uuid": str(event.chain),
                "event": str(event.id),
                "sequence": event.sequence,
            }
        )
    elif event.body.kind == "opened":
        invocation.print_line(label)
    else:
        incident = journal.load(event.chain)
        names = incident_names(incident.runbooks, config, invocation, incident)
        text = invocation.words.say(describe_event(incident, event, names))
        time = write_time(event.at)[11:19]
        invocation.print_line(f"{label} #{event.sequence} {time}Z {event.actor} {text}")
