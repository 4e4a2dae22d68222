"""`warroom keep`: applies what is in force again to what restarts, and takes it back when its time is over."""

from __future__ import annotations

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
    from tui.cli.actions.keep import keep_in_force
    from tui.cli.resources import config_or_default

    keep_in_force(invocation, config_or_default(invocation), once=args.once)
    return ExitCode.OK


COMMAND = Command(
    group=Group.RESPOND, summary="run.keep_summary", add_arguments=add_arguments, run=run, has_json=False
)
