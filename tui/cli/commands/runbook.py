"""`warroom runbook VERB …`: the manuals listed, shown, checked, and a first one written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from runbooks.lint.finding import CONFIDENCES
from tui.cli.command import Command, Group
from tui.cli.parser import Parser, add_shared_options

if TYPE_CHECKING:
    import argparse

    from tui.cli.command import Invocation
    from tui.i18n import Language

VERBS = ("list", "show", "lint", "new")


def add_arguments(parser: argparse.ArgumentParser, words: Language) -> None:
    """A parser a verb; the options that all commands share may also stand behind the verb."""
    import argparse

    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True, parser_class=Parser)
    made: dict[str, argparse.ArgumentParser] = {}
    for name in VERBS:
        text = words.text(f"runbook.verb_{name}")
        made[name] = verbs.add_parser(
            name, help=text, description=text, add_help=False, argument_default=argparse.SUPPRESS
        )
        add_shared_options(made[name], words)

    def option(verb: str, name: str, text: str, **more: object) -> None:
        made[verb].add_argument(name, help=words.text(f"runbook.option_{text}"), **more)  # type: ignore[arg-type]  # argparse's own words

    option("list", "--alert", "alert", default="", metavar="NAME")
    option("show", "runbook", "runbook", metavar="ID|FILE")
    option("show", "--plain", "plain", action="store_true", default=False)
    option("lint", "targets", "targets", nargs="*", default=[], metavar="ID|FILE")
    option("lint", "--live", "live", action="store_true", default=False)
    option("lint", "--repo", "repo", type=Path, default=None, metavar="PATH")
    option("lint", "--fail-on", "fail_on", choices=tuple(reversed(CONFIDENCES)), default="certain")
    option("lint", "--rules", "rules", action="store_true", default=False)
    option("lint", "--explain", "explain", default="", metavar="RULE")
    option("new", "id", "id", metavar="ID")
    option("new", "--folder", "folder", type=Path, default=None, metavar="FOLDER")
    option("new", "--title", "title", default="", metavar="TITLE")


def run(args: argparse.Namespace, invocation: Invocation) -> int:
    """Exit 1 when a lint finds something, 3 when it can't be done."""
    match args.verb:
        case "lint" if args.explain:
            from tui.cli.runbook.rules import explain

            return explain(args.explain, invocation)
        case "lint" if args.rules:
            from tui.cli.runbook.rules import list_rules

            return list_rules(invocation)
        case "lint":
            from tui.cli.runbook.lint import lint

            return lint(args, invocation)
        case "new":
            from tui.cli.runbook.new import new

            return new(args, invocation)
        case _:
            from tui.cli.runbook.show import list_all, show

            return show(args, invocation) if args.verb == "show" else list_all(args, invocation)


COMMAND = Command(
    group=Group.RESPOND,
    summary="runbook.summary",
    add_arguments=add_arguments,
    run=run,
)
