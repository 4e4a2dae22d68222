"""`warroom drill faults`: what can be broken, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.cli.drill.verb import Verb
from tui.runtime.exit import ExitCode

if TYPE_CHECKING:
    import argparse

    from tui.cli.command import Invocation
    from tui.i18n import Language


def add_arguments(_parser: argparse.ArgumentParser, _words: Language) -> None:
    """None of its own."""


def run(_args: argparse.Namespace, invocation: Invocation) -> int:
    """Print a line a fault, with its parameters and their defaults."""
    from actions.parameters import asked_parameters
    from drills.faults.registry import faults

    words, known = invocation.words, faults()
    if invocation.json:
        invocation.print_json(
            [
                {
                    "id": fault.id,
                    "title": words.text(f"faults.{fault.id}"),
                    "why": words.text(f"faults.{fault.id}-why"),
                    "where": sorted(fault.where),
                    "for_s": fault.default_s,
                    "params": {each.name: each.default for each in asked_parameters(fault.parameters)},
                }
                for fault in known.values()
            ]
        )
        return ExitCode.OK
    width = max(map(len, known))
    for fault in known.values():
        asked = " ".join(f"{each.name}={each.default}" for each in asked_parameters(fault.parameters))
        where = words.text("faults.anywhere") if "configured" in fault.where else ""
        title = words.text(f"faults.{fault.id}")
        invocation.print_line("  ".join(filter(None, (f"{fault.id:<{width}}", title, asked, where))))
        invocation.print_line(f"{'':<{width}}  {words.text(f'faults.{fault.id}-why')}")
    return ExitCode.OK


VERB = Verb(summary="faults.verb_faults", add_arguments=add_arguments, run=run)
