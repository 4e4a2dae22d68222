"""`warroom incident postmortem|stats`: what remains of one incident, and what all of them teach."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from incidents.incident import StepKey
from incidents.postmortem import length, postmortem
from incidents.statistics import spans, step_statistics
from incidents.timeline import incident_json, timeline_json
from signals.errors import WarroomError
from signals.message import say
from tui.cli import ExitCode
from tui.incident_read import write_text
from tui.journal_of import config_or_default, journal_of
from tui.room.exports import impact_lines
from tui.room.timeline import event_sentence

if TYPE_CHECKING:
    import argparse

    from incidents.incident import Incident
    from incidents.journal import Journal
    from incidents.statistics import Span, StepStatistics
    from runbooks.model import Runbook
    from tui.config import Config
    from tui.invocation import Invocation


def report(args: argparse.Namespace, invocation: Invocation) -> int:
    """Write what is asked for."""
    config = config_or_default(invocation)
    with journal_of(invocation, config) as journal:
        if args.verb == "stats":
            return _stats(args, journal, invocation)
        return _postmortem(args, journal, config, invocation)


def _postmortem(args: argparse.Namespace, journal: Journal, config: Config, invocation: Invocation) -> int:
    incident = journal.load(journal.find(args.incident))
    label = journal.label(incident.id)
    words = invocation.words
    impact = _objectives(config, invocation) if args.numbers else ()
    followed = _followed(incident, config, invocation)
    made = postmortem(
        incident,
        label,
        words.say,
        impact=impact,
        prevention=tuple(dict.fromkeys(item for runbook in followed for item in runbook.prevention())),
        step_texts={StepKey(one.id, step.id): step.text for one in followed for step in one.steps()},
        tell=lambda one, event: event_sentence(one, followed, event),
    )
    if invocation.json:
        document = incident_json(incident, label) | {"timeline": timeline_json(incident, words.say)}
        invocation.fact_json(document | {"markdown": made.markdown, "charts": made.charts})
        return ExitCode.OK
    write_text(args.out, made.markdown)
    if args.out:
        for name, picture in made.charts.items():
            write_text(str(Path(args.out).parent / name), picture)
        invocation.remark(say("postmortem.written", file=args.out, count=len(made.charts)))
    return ExitCode.OK


def _followed(incident: Incident, config: Config, invocation: Invocation) -> tuple[Runbook, ...]:
    """The runbooks of the incident in the asked language; one that is gone since is told and left out."""
    from runbooks.library import load_library
    from tui.runbook_find import find

    library = load_library(config.runbooks, invocation.words.code)
    found = []
    for name in incident.runbooks:
        try:
            found.append(find(name, library)[0])
        except WarroomError as error:
            invocation.remark(error.message)
    return tuple(found)


def _objectives(config: Config, invocation: Invocation) -> tuple[str, ...]:
    """What the panel of objectives says now about the error budget."""
    import asyncio

    from tui.commands.status import look

    states = asyncio.run(look(config, 10.0))
    return tuple(line for state in states for line in impact_lines(state, invocation.words.say))


def _stats(args: argparse.Namespace, journal: Journal, invocation: Invocation) -> int:
    history = [each for each in journal.history() if each.drill == args.drill]
    steps = step_statistics(journal.store(), history)
    found = spans(history)
    if invocation.json:
        invocation.fact_json(
            {
                "incidents": len(history),
                "spans": {name: span._asdict() for name, span in found.items()},
                "steps": [step._asdict() for step in steps],
            }
        )
        return ExitCode.OK
    for name, span in found.items():
        invocation.fact(_span_line(name, span, invocation))
    for step in steps[: args.limit]:
        invocation.fact(_step_line(step, invocation))
    return ExitCode.OK


def _span_line(name: str, span: Span, invocation: Invocation) -> str:
    words = invocation.words
    title = words.text(f"postmortem.span_{name}")
    more = words.text("postmortem.backwards", count=span.backwards) if span.backwards else ""
    if span.mean_s is None or span.median_s is None:
        return words.text("postmortem.span_none", name=title) + more
    mean, middle = length(span.mean_s), length(span.median_s)
    return words.text("postmortem.span", name=title, mean=mean, median=middle, count=span.incidents) + more


def _step_line(step: StepStatistics, invocation: Invocation) -> str:
    return invocation.words.text(
        "postmortem.step",
        step=f"{step.runbook} {step.step}".strip(),
        total=length(step.total_s),
        median="–" if step.median_s is None else length(step.median_s),
        ticked=step.ticked,
        skipped=step.skipped,
        failed=step.failed,
    )
