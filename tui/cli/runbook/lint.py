"""What `warroom runbook lint` prints: every finding with file and line, in words or as JSON."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from actions.registry import all_actions
from core.errors import ConfigError, SourceError, WarroomError
from core.files import is_file, is_folder
from core.message import say
from core.text import clean
from runbooks.library import LANGUAGES, Library, language_of, load_library, prepare_checks, read_file
from runbooks.lint.actions import lint_actions
from runbooks.lint.alerts import lint_alerts
from runbooks.lint.drift import drift
from runbooks.lint.finding import CONFIDENCES, from_problem, sort_findings
from runbooks.lint.lint import lint as lint_one
from runbooks.lint.secrets import lint_secrets
from signals.alerts.model import AlertRule
from tui.cli.findings import print_findings
from tui.cli.resources import config_or_default
from tui.cli.runbook.find import resolve_includes, unknown_runbook
from tui.runtime.exit import ExitCode

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Mapping, Sequence

    from core.message import Message
    from runbooks.lint.finding import Finding
    from runbooks.model import Problem, Runbook
    from runbooks.reading.read import Parsed
    from tui.cli.command import Invocation
    from tui.config.model import Config


def lint(args: argparse.Namespace, invocation: Invocation) -> int:
    """Print all findings; exit 1 when one is at least as sure as `--fail-on`."""
    config = invocation.config() if args.live else config_or_default(invocation)
    libraries = {code: load_library(config.runbooks, code) for code in LANGUAGES}
    subjects, problems = _subjects(args.targets, libraries)
    findings = [finding for parsed in subjects for finding in lint_one(parsed)]
    findings += [from_problem(problem) for problem in problems]
    findings += [
        finding
        for parsed in subjects
        for finding in lint_secrets(
            prepare_checks(parsed.runbook, config.runbooks.addresses), config.runbooks
        )
    ]
    actions = {name: action.parameters for name, action in all_actions(config.actions).items()}
    findings += [finding for parsed in subjects for finding in lint_actions(parsed.runbook, actions)]
    findings += _drift(libraries, {parsed.runbook.file for parsed in subjects})
    rules = _rules_of_files(config, invocation)
    if args.live:
        live, more = asyncio.run(_live([parsed.runbook for parsed in subjects], config, invocation))
        findings += live
        rules = [*rules, *more]
    if rules:
        findings += [finding for parsed in subjects for finding in lint_alerts(parsed, rules)]
    if args.repo is not None:
        findings += _against(args.repo, [parsed.runbook.file for parsed in subjects])
    in_order = sort_findings(findings)
    print_findings(in_order, len(subjects), invocation)
    fails = CONFIDENCES[CONFIDENCES.index(args.fail_on) :]
    return ExitCode.BURNING if any(finding.confidence in fails for finding in in_order) else ExitCode.OK


def _subjects(targets: Sequence[str], libraries: Mapping[str, Library]) -> tuple[list[Parsed], list[Problem]]:
    """The files that are meant, and what is wrong with them together: includes, duplicates, folders."""
    everything = {parsed.runbook.file: parsed for library in libraries.values() for parsed in library.parsed}
    shared = [problem for library in libraries.values() for problem in library.problems]
    if not targets:
        return list(everything.values()), shared
    chosen: dict[str, Parsed] = {}
    problems: list[Problem] = []
    for name in targets:
        named = {file: parsed for file, parsed in everything.items() if parsed.runbook.id == name}
        if named:
            chosen |= named
            problems += [problem for problem in shared if problem.file in named]
        elif is_file(Path(name)) or "/" in name or name.endswith(".md"):
            path = Path(name)
            parsed = read_file(path, language_of(path, LANGUAGES[0]))
            chosen[parsed.runbook.file] = parsed
            problems += resolve_includes(parsed, libraries[parsed.runbook.language])[1]
        else:
            raise unknown_runbook(name, sorted({parsed.runbook.id for parsed in everything.values()}))
    return list(chosen.values()), problems


def _drift(libraries: Mapping[str, Library], files: set[str]) -> list[Finding]:
    runbooks, twins = (
        {parsed.runbook.id: parsed.runbook for parsed in libraries[code].parsed} for code in LANGUAGES
    )
    return [
        finding
        for name, runbook in runbooks.items()
        if (twin := twins.get(name)) is not None
        and runbook.language != twin.language
        and {runbook.file, twin.file} & files
        for finding in drift(runbook, twin)
    ]


def _rules_of_files(config: Config, invocation: Invocation) -> list[AlertRule]:
    """The alert rules that the configuration names; a file that can't be read is told, and left aside."""
    from signals.alerts.rules import load_rules, rule_paths

    rules = []
    for path in rule_paths(config.signals.scrape.rule_files if config.signals.scrape else ()):
        try:
            rules += [
                AlertRule(rule.name, rule.expr, rule.for_s, clean(path.name))
                for rule in load_rules(path)
                if rule.kind == "alert"
            ]
        except ConfigError as error:
            invocation.print_notice(say("runbook.not_asked", detail=error.message))
    return rules


async def _live(
    runbooks: Sequence[Runbook], config: Config, invocation: Invocation
) -> tuple[list[Finding], list[AlertRule]]:
    """What the sources say; one that does not answer is told on standard error and finds nothing."""
    from runbooks.lint.live import lint_live
    from tui.cli.resources import open_configured_sources

    rules: tuple[AlertRule, ...] = ()
    async with open_configured_sources(config.signals) as sources:
        revisions, silent = await _revisions(config)
        findings, unanswered = await lint_live(runbooks, sources, revisions)
        if sources.prometheus is not None:
            try:
                rules = await sources.prometheus.rules()
            except SourceError as error:
                unanswered.append(error.message)
    for message in (*silent, *unanswered):
        invocation.print_notice(say("runbook.not_asked", detail=message))
    return findings, list(rules)


async def _revisions(config: Config) -> tuple[frozenset[str] | None, list[Message]]:
    """The revisions of the migration scripts, None where they are not known."""
    if config.signals.postgres is None:
        return None, []
    from signals.database.postgres import PostgresSchema

    try:
        return await PostgresSchema(config.signals.postgres).revisions(), []
    except SourceError as error:
        return None, [error.message]


def _against(repo: Path, files: Iterable[str]) -> list[Finding]:
    """The manuals against a repository; raises `WarroomError`."""
    if not is_folder(repo):
        raise WarroomError(say("runbook.no_repo", path=clean(str(repo))))
    from repolint.lint import lint_manuals

    return lint_manuals([Path(file) for file in files], repo)
