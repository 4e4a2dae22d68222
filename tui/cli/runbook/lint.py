"""What `warroom runbook lint` prints: every finding with file and line, in words or as JSON."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import ConfigError, SourceError, WarroomError
from core.message import say
from core.text import clean
from runbooks.library import LANGUAGES, Library, language_of, load_library, read_file
from runbooks.lint.alerts import lint_alerts
from runbooks.lint.drift import drift
from runbooks.lint.finding import CONFIDENCES, from_problem, sort_findings
from runbooks.lint.lint import lint as lint_one
from signals.alerts.model import AlertRule
from tui.cli.resources import config_or_default
from tui.cli.runbook.find import resolve_includes, unknown_runbook
from tui.runtime.exit import ExitCode

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Mapping, Sequence

    from core.message import Message
    from runbooks.lint.finding import Finding
    from runbooks.model import Runbook
    from runbooks.reading.problem import Problem
    from runbooks.reading.read import Parsed
    from tui.cli.command import Invocation
    from tui.config.load import Config


def lint(args: argparse.Namespace, invocation: Invocation) -> int:
    """Print all findings; exit 1 when one is at least as sure as `--fail-on`."""
    config = invocation.config() if args.live else config_or_default(invocation)
    libraries = {code: load_library(config.runbooks, code) for code in LANGUAGES}
    subjects, problems = _subjects(args.targets, libraries)
    findings = [finding for one in subjects for finding in lint_one(one)]
    findings += [from_problem(problem) for problem in problems]
    findings += _drift(libraries, {one.runbook.file for one in subjects})
    rules = _rules_of_files(config, invocation)
    if args.live:
        live, more = asyncio.run(_live([one.runbook for one in subjects], config, invocation))
        findings += live
        rules = [*rules, *more]
    if rules:
        findings += [finding for one in subjects for finding in lint_alerts(one, rules)]
    if args.repo is not None:
        findings += _against(args.repo, [one.runbook.file for one in subjects])
    found = sort_findings(findings)
    _print(found, len(subjects), invocation)
    fails = CONFIDENCES[CONFIDENCES.index(args.fail_on) :]
    return ExitCode.BURNING if any(one.confidence in fails for one in found) else ExitCode.OK


def _subjects(targets: Sequence[str], libraries: Mapping[str, Library]) -> tuple[list[Parsed], list[Problem]]:
    """The files that are meant, and what is wrong with them together: includes, duplicates, folders."""
    everything = {one.runbook.file: one for library in libraries.values() for one in library.parsed}
    shared = [problem for library in libraries.values() for problem in library.problems]
    if not targets:
        return list(everything.values()), shared
    chosen: dict[str, Parsed] = {}
    problems: list[Problem] = []
    for name in targets:
        named = {file: one for file, one in everything.items() if one.runbook.id == name}
        if named:
            chosen |= named
            problems += [problem for problem in shared if problem.file in named]
        elif Path(name).exists() or "/" in name or name.endswith(".md"):
            path = Path(name)
            parsed = read_file(path, language_of(path, LANGUAGES[0]))
            chosen[parsed.runbook.file] = parsed
            problems += resolve_includes(parsed, libraries[parsed.runbook.language])[1]
        else:
            raise unknown_runbook(name, sorted({one.runbook.id for one in everything.values()}))
    return list(chosen.values()), problems


def _drift(libraries: Mapping[str, Library], files: set[str]) -> list[Finding]:
    one, other = (
        {parsed.runbook.id: parsed.runbook for parsed in libraries[code].parsed} for code in LANGUAGES
    )
    return [
        finding
        for name, runbook in one.items()
        if (twin := other.get(name)) is not None
        and runbook.language != twin.language
        and {runbook.file, twin.file} & files
        for finding in drift(runbook, twin)
    ]


def _rules_of_files(config: Config, invocation: Invocation) -> list[AlertRule]:
    """The alert rules that the configuration names; a file that can't be read is told, and left aside."""
    from signals.alerts.rules import load_rules

    found = []
    for path in config.signals.scrape.rule_files if config.signals.scrape else ():
        try:
            found += [
                AlertRule(rule.name, rule.expr, rule.for_s, clean(path.name))
                for rule in load_rules(path)
                if rule.kind == "alert"
            ]
        except ConfigError as error:
            invocation.print_notice(say("runbook.not_asked", detail=error.message))
    return found


async def _live(
    runbooks: Sequence[Runbook], config: Config, invocation: Invocation
) -> tuple[list[Finding], list[AlertRule]]:
    """What the sources say; one that does not answer is told on standard error and finds nothing."""
    from runbooks.lint.live import lint_live
    from tui.cli.resources import open_configured_sources

    rules: tuple[AlertRule, ...] = ()
    async with open_configured_sources(config.signals) as sources:
        revisions, silent = await _revisions(config)
        found, more = await lint_live(runbooks, sources, revisions)
        if sources.prometheus is not None:
            try:
                rules = await sources.prometheus.rules()
            except SourceError as error:
                more.append(error.message)
    for message in (*silent, *more):
        invocation.print_notice(say("runbook.not_asked", detail=message))
    return found, list(rules)


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
    if not repo.is_dir():
        raise WarroomError(say("runbook.no_repo", path=clean(str(repo))))
    from repolint.lint import lint_manuals

    return lint_manuals([Path(file) for file in files], repo)


def _print(found: Sequence[Finding], files: int, invocation: Invocation) -> None:
    words = invocation.words
    if invocation.json:
        invocation.print_json(
            [
                {
                    "file": one.file,
                    "line": one.line,
                    "rule": one.rule,
                    "message": words.say(one.message),
                    "confidence": one.confidence,
                    "evidence": one.evidence,
                    "fix": words.say(one.fix) if one.fix else "",
                }
                for one in found
            ]
        )
        return
    for one in found:
        sure = words.text(f"runbook.confidence_{one.confidence}")
        what = words.say(one.message)
        invocation.print_line(
            words.text(
                "runbook.line", file=one.file, line=one.line, confidence=sure, rule=one.rule, what=what
            )
        )
        if one.evidence:
            invocation.print_line(words.text("runbook.evidence", text=one.evidence))
        if one.fix:
            invocation.print_line(words.text("runbook.fix", text=words.say(one.fix)))
    count = Counter(one.confidence for one in found)
    invocation.print_notice(
        say(
            "runbook.found", files=files, certain=count["certain"], likely=count["likely"], hint=count["hint"]
        )
    )
