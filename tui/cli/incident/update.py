"""`warroom incident update`: a status update, shown first, journalled, and sent if that was asked for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from core.errors import WarroomError
from core.message import say
from core.text import clean, clean_block
from incidents.updates.deliver import deliver
from incidents.updates.update import plan_sendings, update_text
from response.records import write_update
from tui.cli.incident.submit import read_situation, submit
from tui.cli.resources import config_or_default, open_configured_journal
from tui.runtime.exit import ExitCode

if TYPE_CHECKING:
    import argparse

    from incidents.settings import WebhookSettings
    from incidents.updates.deliver import Outcome
    from incidents.updates.update import Sending
    from tui.cli.command import Invocation
    from tui.config.model import Config


def update(args: argparse.Namespace, invocation: Invocation) -> int:
    """Print the update's text; exit 1 when it could not be sent to every target."""
    config = config_or_default(invocation)
    settings = config.incidents.updates
    webhooks = _chosen(args.to, settings.webhooks)
    numbers = _numbers(config, invocation) if args.numbers else ()
    with open_configured_journal(invocation, config) as journal:
        situation = read_situation(args, journal, invocation, config)
        incident, label = situation.incident, situation.label
        text = update_text(
            incident, label, settings, invocation.words.say, clean_block(args.text, 4000), numbers=numbers
        )
        sendings = plan_sendings(text, incident, label, webhooks)
        outcomes: tuple[Outcome, ...] = ()
        if not args.dry_run:
            (event,) = submit(write_update(situation, text), journal, args, invocation)
            if args.send:
                outcomes = asyncio.run(deliver(journal, event, situation.actor, sendings, webhooks))
    if incident.drill:
        invocation.print_notice(say("update.drill_stays"))
    _report(args, invocation, text, sendings, outcomes, drill=incident.drill)
    return ExitCode.OK if all(outcome.ok for outcome in outcomes) else ExitCode.BURNING


def _report(
    args: argparse.Namespace,
    invocation: Invocation,
    text: str,
    sendings: tuple[Sending, ...],
    outcomes: tuple[Outcome, ...],
    *,
    drill: bool,
) -> None:
    if invocation.json:
        plan = [{"target": each.target, "kind": each.kind, "host": each.host} for each in sendings]
        results = [outcome._asdict() for outcome in outcomes]
        invocation.print_json({"text": text, "written": not args.dry_run, "plan": plan, "outcomes": results})
        return
    invocation.print_line(text)
    if not sendings and not drill:
        invocation.print_notice(say("update.no_webhooks"))
    if not outcomes:
        for each in sendings:
            invocation.print_notice(
                say(
                    "update.would_send",
                    target=each.target,
                    kind=each.kind,
                    host=each.host,
                    size=len(each.body),
                )
            )
    for outcome in outcomes:
        target, detail = outcome.target, outcome.detail
        invocation.print_notice(
            say("update.sent", target=target, detail=detail)
            if outcome.ok
            else say("update.not_sent", target=target, detail=detail)
        )
    if args.dry_run:
        invocation.print_notice(say("update.nothing_written"))


def _chosen(names: list[str] | None, webhooks: dict[str, WebhookSettings]) -> dict[str, WebhookSettings]:
    if names is None:
        return webhooks
    if unknown := [name for name in names if name not in webhooks]:
        known = ", ".join(webhooks) or "–"
        raise WarroomError(say("update.no_webhook", name=clean(unknown[0], 80), known=known))
    return {name: webhooks[name] for name in names}


def _numbers(config: Config, invocation: Invocation) -> list[str]:
    """One line for each panel that burns or warns, worst first."""
    from panels.limits import worst_first
    from tui.cli.resources import poll_panels_once
    from tui.incident.exports import attention_lines

    states = worst_first(list(asyncio.run(poll_panels_once(config, 10.0))))
    return attention_lines(states, invocation.words.say)
