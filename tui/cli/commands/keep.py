"""`warroom keep`: applies what is in force again to what restarts, and takes it back when its time is over."""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING

from tui.cli.command import Command, Group
from tui.runtime.exit import ExitCode

if TYPE_CHECKING:
    import argparse

    from tui.cli.command import Invocation
    from tui.i18n import Language


def add_arguments(parser: argparse.ArgumentParser, words: Language) -> None:
    """Its own options."""
    parser.add_argument("--once", action="store_true", help=words.text("run.option_once"))


def run(args: argparse.Namespace, invocation: Invocation) -> int:
    """Go round until it is interrupted."""
    from actions.runner.keeper import ROUND_S, sign
    from core.errors import WarroomError
    from response.in_force import keep_round
    from tui.actions.identity import who
    from tui.cli.resources import config_or_default, open_configured_journal
    from tui.config.runs import run_settings

    config = config_or_default(invocation)
    settings = run_settings(config)
    with open_configured_journal(invocation, config) as journal:
        while True:
            try:
                for message in keep_round(journal, settings, who(journal), dt.datetime.now(dt.UTC)):
                    invocation.print_line(invocation.words.say(message))
                sign(settings.actions)
            except WarroomError as error:
                if args.once:
                    raise
                invocation.print_notice(error.message)
            if args.once:
                return ExitCode.OK
            time.sleep(ROUND_S)


COMMAND = Command(
    group=Group.RESPOND, summary="run.keep_summary", add_arguments=add_arguments, run=run, has_json=False
)
