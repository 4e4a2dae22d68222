"""`warroom drill VERB …`: game days listed, checked, played, reported and compared. Its verbs are files of `tui/cli/drill`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.cli.command import Command, Group
from tui.cli.drill.verb import verbs
from tui.cli.parser import Parser, add_shared_options

if TYPE_CHECKING:
    import argparse

    from tui.cli.command import Invocation
    from tui.i18n import Language


def add_arguments(parser: argparse.ArgumentParser, words: Language) -> None:
    """A parser a verb; the options that all commands share may also stand behind the verb."""
    import argparse

    places = parser.add_subparsers(dest="verb", metavar="VERB", required=True, parser_class=Parser)
    for name, verb in verbs().items():
        text = words.text(verb.summary)
        made = places.add_parser(
            name, help=text, description=text, add_help=False, argument_default=argparse.SUPPRESS
        )
        add_shared_options(made, words, has_json=verb.has_json)
        verb.add_arguments(made, words)


def run(args: argparse.Namespace, invocation: Invocation) -> int:
    """Exit 1 when a lint finds something or a drill did not go well, 3 when it can't be done."""
    return verbs()[args.verb].run(args, invocation)


COMMAND = Command(
    group=Group.RESPOND,
    summary="drill.summary",
    add_arguments=add_arguments,
    run=run,
)
