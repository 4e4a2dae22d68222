"""`warroom incident postmortem|stats`: what remains of one incident, and what all of them teach."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from incidents.events.incident import StepKey
from incidents.report.postmortem import impact_window, postmortem
from incidents.report.statistics import format_duration, spans, step_statistics
from incidents.report.timeline import incident_json, timeline_json
from tui.cli.incident.in_force import in_force_until
from tui.cli.incident.read import write_report
from tui.cli.resources import config_or_default, open_configured_journal
from tui.cli.runbook.find import incident_names, incident_runbooks
from tui.incident.exports import impact_lines
from tui.runtime.exit import ExitCode

if TYPE_CHECKING:
    import argparse

    from core.message import Message
    from incidents.events.incident import Incident
    from incidents.journal import Journal
    from incidents.report.describe import Names
    from incidents.report.statistics import Span, StepStatistics
    from tui.cli.command import Invocation
    from tui.config.model import Config


def report(args: argparse.Namespace, invocation: Invocation) -> int:
    """Write what is asked for."""
    config = config_or_default(invocation)
    with open_configured_journal(invocation, config) as journal:
        if args.verb == "stats":
            return _stats(args, journal, config, invocation)
        return _postmortem(args, journal, config, invocation)


def _postmortem(args: argparse.Namespace, journal: Journal, config: Config, invocation: Invocation) -> int:
    incident = journal.load(journal.find(args.incident))
    label = journal.label(incident.id)
    words = invocation.words
    impact = _objectives(config, incident, invocation) if args.numbers else ()
    runbooks = incident_runbooks(incident.runbooks, config, invocation, report_missing=True)
    called = incident_names(incident.runbooks, config, invocation, incident)
    made = postmortem(
        incident,
        label,
        words.say,
        impact=impact,
        prevention=tuple(dict.fromkeys(item for runbook in runbooks for item in runbook.prevention())),
        names=called,
        in_force=in_force_until(journal, config),
    )
    if invocation.json:
        document = incident_json(incident, label, words.say)
        document["timeline"] = timeline_json(incident, words.say, called)
        invocation.print_json(document | {"markdown": made.markdown, "charts": made.charts})
        return ExitCode.OK
    write_report(invocation, args.out, made.markdown, made.charts)
    return ExitCode.OK


def _objectives(config: Config, incident: Incident, invocation: Invocation) -> tuple[str, ...]:
    """What the harm cost of each error budget, and what the panel of objectives says now."""
    import asyncio

    from tui.cli.resources import poll_panels_once

    words = invocation.words.say
    cost = asyncio.run(_harm(config, incident))
    states = asyncio.run(poll_panels_once(config, 10.0))
    return (*map(words, cost), *(line for state in states for line in impact_lines(state, words)))


async def _harm(config: Config, incident: Incident) -> tuple[Message, ...]:
    from panels.budget_impact import error_budget_impact as cost_of
    from tui.cli.resources import open_configured_sources

    start, end = impact_window(incident)
    async with open_configured_sources(config.signals) as sources:
        return await cost_of(config.board(), sources, start, end or dt.datetime.now(dt.UTC))


def _stats(args: argparse.Namespace, journal: Journal, config: Config, invocation: Invocation) -> int:
    history = [each for each in journal.history() if each.drill == args.drill]
    steps = step_statistics(journal.store(), history)
    percentiles = spans(history)
    if invocation.json:
        invocation.print_json(
            {
                "incidents": len(history),
                "spans": {name: span._asdict() for name, span in percentiles.items()},
                "steps": [step._asdict() for step in steps],
            }
        )
        return ExitCode.OK
    for name, span in percentiles.items():
        invocation.print_line(_span_line(name, span, invocation))
    shown = steps[: args.limit]
    called = incident_names(dict.fromkeys(step.runbook for step in shown if step.runbook), config, invocation)
    for step in shown:
        invocation.print_line(_step_line(step, called, invocation))
    return ExitCode.OK


def _span_line(name: str, span: Span, invocation: Invocation) -> str:
    words = invocation.words
    title = words.text(f"postmortem.span_{name}")
    more = words.text("postmortem.backwards", count=span.backwards) if span.backwards else ""
    if span.mean_s is None or span.median_s is None:
        return words.text("postmortem.span_none", name=title) + more
    mean, middle = format_duration(span.mean_s), format_duration(span.median_s)
    return words.text("postmortem.span", name=title, mean=mean, median=middle, count=span.incidents) + more


def _step_line(step: StepStatistics, called: Names, invocation: Invocation) -> str:
    return invocation.words.text(
        "postmortem.step",
        step=f"{step.runbook} {called.step(StepKey(step.runbook, step.step))}".strip(),
        total=format_duration(step.total_s),
        median="–" if step.median_s is None else format_duration(step.median_s),
        ticked=step.ticked,
        skipped=step.skipped,
        failed=step.failed,
    )
