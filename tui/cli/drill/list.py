"""`warroom drill list`: the scenarios that can be played, and how often each was."""

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
    """Print a line a scenario; files that can't be used are told on standard error."""
    from core.message import say
    from drills.scenarios.library import load_scenarios, scenario_folders
    from tui.cli.resources import config_or_default

    library = load_scenarios(scenario_folders(config_or_default(invocation).drills))
    words = invocation.words
    if invocation.json:
        invocation.print_json(
            [
                {
                    "id": scenario.id,
                    "title": scenario.title.of(words.code),
                    "about": scenario.about.of(words.code),
                    "runbook": scenario.runbook,
                    "severity": scenario.severity,
                    "where": scenario.where,
                    "limit_s": scenario.limit_s,
                    "faults": sorted({injected.fault for injected in scenario.timeline}),
                    "oracles": [oracle.id for oracle in scenario.oracles],
                }
                for scenario in library.scenarios
            ]
        )
    width = max((len(scenario.id) for scenario in library.scenarios), default=0)
    for scenario in library.scenarios if not invocation.json else ():
        where = words.text(f"drill.where_{scenario.where}")
        invocation.print_line(
            f"{scenario.id:<{width}}  {scenario.severity}  {where}  {scenario.title.of(words.code)}"
        )
    if library.problems:
        invocation.print_notice(say("drill.has_problems", count=len(library.problems)))
    return ExitCode.OK


VERB = Verb(summary="drill.verb_list", add_arguments=add_arguments, run=run)
