"""`warroom drill lint [ID|FILE …]`: everything that is wrong in scenarios, with file and line; with `--live` also metrics."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tui.cli.drill.verb import Verb
from tui.runtime.exit import ExitCode

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Sequence

    from drills.scenarios.library import ScenarioLibrary
    from drills.scenarios.lint import Known
    from drills.scenarios.read import ScenarioFile
    from runbooks.lint.finding import Finding
    from tui.cli.command import Invocation
    from tui.config.model import Config
    from tui.i18n import Language


def add_arguments(parser: argparse.ArgumentParser, words: Language) -> None:
    """Which scenarios, and whether sources are asked."""
    parser.add_argument(
        "targets", nargs="*", default=[], metavar="ID|FILE", help=words.text("drill.option_targets")
    )
    parser.add_argument("--live", action="store_true", default=False, help=words.text("drill.option_live"))


def run(args: argparse.Namespace, invocation: Invocation) -> int:
    """Exit 1 when something is certainly wrong."""
    from runbooks.lint.finding import sort_findings
    from tui.cli.findings import print_findings
    from tui.cli.resources import config_or_default

    config = invocation.config() if args.live else config_or_default(invocation)
    findings, files = lint_targets(args.targets, config)
    if args.live:
        findings += _live(files, config, invocation)
    print_findings(sort_findings(findings), len(files), invocation)
    certain = any(finding.confidence == "certain" for finding in findings)
    return ExitCode.BURNING if certain else ExitCode.OK


def lint_targets(targets: Sequence[str], config: Config) -> tuple[list[Finding], list[ScenarioFile]]:
    """Findings of the scenarios that are meant, all without any; raises `WarroomError` for one that is not there."""
    from drills.scenarios.library import load_scenarios, scenario_folders
    from drills.scenarios.lint import lint_scenario
    from runbooks.lint.finding import from_problem

    library = load_scenarios(scenario_folders(config.drills))
    files = _files(targets, library)
    findings = [] if targets else [from_problem(problem) for problem in library.problems]
    for read in files:
        findings += lint_scenario(read, known(config, Path(read.file).parent))
    return findings, files


def known(config: Config, folder: Path) -> Known:
    """What a scenario of this folder may name: the runbooks of its own profile, too, whichever is configured."""
    from actions.registry import all_actions
    from core.files import is_folder
    from drills.faults.registry import faults
    from drills.oracles.registry import oracle_kinds
    from drills.scenarios.lint import Known
    from runbooks.library import load_library

    beside = folder.absolute().parent / "runbooks"
    folders = (*((beside,) if is_folder(beside) else ()), *config.runbooks.folders)
    library = load_library(config.runbooks.model_copy(update={"folders": folders}), "en")
    return Known(
        faults=faults(),
        actions={name: action.parameters for name, action in all_actions(config.actions).items()},
        steps={book.id: frozenset(step.id for step in book.steps()) for book in library.runbooks},
        kinds=tuple(oracle_kinds()),
        chaos={name: chaos.value for name, chaos in config.actions.chaos.items()},
    )


def _files(targets: Sequence[str], library: ScenarioLibrary) -> list[ScenarioFile]:
    from drills.scenarios.library import is_bundled, unknown_scenario
    from drills.scenarios.read import read_scenario_file

    if not targets:
        return list(library.files)
    files: list[ScenarioFile] = []
    for name in targets:
        named = [read for read in library.files if read.scenario is not None and read.scenario.id == name]
        if named:
            files += named
        elif "/" in name or name.endswith((".yaml", ".yml")):
            files.append(read_scenario_file(Path(name), bundled=is_bundled(Path(name))))
        else:
            raise unknown_scenario(library, name)
    return files


def _live(files: Iterable[ScenarioFile], config: Config, invocation: Invocation) -> list[Finding]:
    """Metrics that the configured system does not have; a source that does not answer is told on standard error."""
    import asyncio

    from core.message import say
    from drills.scenarios.calls import as_runbook
    from runbooks.lint.live import lint_live
    from tui.cli.resources import open_configured_sources

    runbooks = [as_runbook(read, read.scenario, {}) for read in files if read.scenario is not None]

    async def ask() -> list[Finding]:
        async with open_configured_sources(config.signals) as sources:
            findings, silent = await lint_live(runbooks, sources, None)
        for message in silent:
            invocation.print_notice(say("runbook.not_asked", detail=message))
        return findings

    return asyncio.run(ask())


VERB = Verb(summary="drill.verb_lint", add_arguments=add_arguments, run=run)
