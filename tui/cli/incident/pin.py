"""`warroom incident pin`: what a panel shows right now goes into the journal, with its data."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from core.errors import WarroomError
from core.message import say
from core.text import clean
from incidents.settings import actor_name
from panels.evidence import panel_evidence
from tui.cli.incident.write import report_event
from tui.cli.resources import open_configured_journal
from tui.runtime.exit import ExitCode

if TYPE_CHECKING:
    import argparse

    from tui.cli.command import Invocation


def pin(args: argparse.Namespace, invocation: Invocation) -> int:
    """Look once and pin; raises `WarroomError` for an unknown panel."""
    from panels.settings import board
    from tui.cli.commands.status import look

    config = invocation.config()
    known = [spec.id for spec in board(config.panels)]
    if args.panel not in known:
        raise WarroomError(say("incident.no_panel", name=clean(args.panel, 40), known=", ".join(known)))
    actor = clean(args.actor or actor_name(config.journal), 80)
    with open_configured_journal(invocation, config) as journal:
        incident = journal.find(args.incident)
        (state,) = asyncio.run(look(config, 10.0, only=args.panel))  # the others may be silent for long
        event = journal.append(incident, actor, panel_evidence(state, invocation.words.say))
        report_event(event, journal, invocation, config)
    return ExitCode.OK
