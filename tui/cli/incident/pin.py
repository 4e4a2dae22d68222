"""`warroom incident pin`: what a panel shows right now goes into the journal, with its data."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from core.errors import WarroomError
from core.message import say
from core.text import clean
from panels.evidence import panel_evidence
from response.records import pin as pin_evidence
from tui.cli.incident.submit import print_event, read_situation, submit
from tui.cli.resources import open_configured_journal
from tui.runtime.exit import ExitCode

if TYPE_CHECKING:
    import argparse

    from tui.cli.command import Invocation


def pin(args: argparse.Namespace, invocation: Invocation) -> int:
    """Look once and pin; raises `WarroomError` for an unknown panel."""
    from tui.cli.resources import poll_panels_once

    config = invocation.config()
    known = [spec.id for spec in config.board()]
    if args.panel not in known:
        raise WarroomError(say("incident.no_panel", name=clean(args.panel, 40), known=", ".join(known)))
    with open_configured_journal(invocation, config) as journal:
        situation = read_situation(args, journal, invocation, config)
        (state,) = asyncio.run(
            poll_panels_once(config, 10.0, only=args.panel)
        )  # the others may be silent for long
        proposal = pin_evidence(situation, panel_evidence(state, invocation.words.say))
        for event in submit(proposal, journal, args, invocation):
            print_event(event, journal, invocation, config)
    return ExitCode.OK
