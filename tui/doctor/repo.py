"""What `warroom doctor --repo` adds: what a repository asks of Prometheus, compared with what is live right now."""

from __future__ import annotations

import asyncio
import re
import time
from typing import TYPE_CHECKING

from core.errors import SourceError
from core.message import say
from core.text import clean
from signals.reading import Answer, server_warnings, with_warnings
from tui.doctor import Finding, failed, passed

if TYPE_CHECKING:
    from pathlib import Path

    from panels.no_data.diagnosis import Cause
    from panels.query_cache import QueryCache
    from repolint.project import Project
    from signals.metrics.promql.names import Selector
    from signals.sources import Sources
    from tui.config.model import Config
    from tui.i18n import Language

_MANUAL = re.compile(
    r"(?i)(^|/)[^/]*(runbook|playbook|on-?call|operations|手册|运维)[^/]*\.(md|markdown)$|(^|/)runbooks?/.*\.md$"
)


async def check_repository(repo: Path, config: Config, words: Language) -> list[Finding]:
    """Metrics and labels that are not there now, targets that are not scraped, alerts that are not evaluated."""
    from panels.query_cache import QueryCache
    from repolint.lint import open_project
    from signals.sources import open_sources
    from tui.doctor.queries import exported_names

    project = await asyncio.to_thread(lambda: open_project(manuals(repo), repo))
    selectors = await asyncio.to_thread(_selectors, project)
    async with open_sources(config.signals, lambda _: None) as sources:
        try:
            await exported_names(sources)
            cache = QueryCache(sources.metrics)
            unanswered = await _unanswered(selectors, project, cache, words)
        except SourceError as error:
            return [
                failed("repo", clean(str(repo)), words.say(error.message), words.text("doctor.no_metrics"))
            ]
        return [
            *unanswered,
            *await _unscraped(project, sources, words),
            *await _unevaluated(project, sources, words),
        ]


def manuals(repo: Path) -> list[Path]:
    """The Markdown files of a repository that are operations manuals by their name or folder."""
    from repolint.lint import open_project

    return [
        repo / file for file in open_project([], repo).matching(".md", ".markdown") if _MANUAL.search(file)
    ]


def _selectors(project: Project) -> dict[Selector, str]:
    """Everything that is asked for, with the place where it stands first."""
    from repolint.facts.prometheus.asked import asks
    from repolint.facts.prometheus.dashboards import VARIABLE
    from signals.metrics.promql.names import Selector

    selectors: dict[Selector, str] = {}
    for ask in project.fact(asks):
        if not ask.absent and not ask.name.startswith("ALERTS"):
            matchers = tuple(matcher for matcher in ask.matchers if VARIABLE not in matcher[2])
            selectors.setdefault(
                Selector(ask.name, matchers, ranged=False), f"{_short(ask.file, project)}:{ask.line}"
            )
    return selectors


def _short(file: str, project: Project) -> str:
    return clean(file.removeprefix(f"{project.root}/"), 120)


async def _unanswered(
    selectors: dict[Selector, str], project: Project, cache: QueryCache, words: Language
) -> list[Finding]:
    from panels.no_data.diagnose import diagnose
    from panels.no_data.diagnosis import Cause, no_data_message

    findings: list[Finding] = []
    reported: set[str] = set()
    for selector, where in selectors.items():
        answer = await cache.query(f"count({selector.text()})")
        if not isinstance(answer, Answer):
            raise answer
        if answer.series:
            continue
        diagnosis = await diagnose(selector.text(), cache, time.time())
        # A label's value that is missing may be one that did not happen yet.
        if isinstance(diagnosis, SourceError) or diagnosis.cause > Cause.NO_LABEL:
            continue
        gap = no_data_message(say("panels.text", text=clean(selector.name, 100)), diagnosis)
        what = words.say(with_warnings(gap, server_warnings(answer, diagnosis.known)))
        if what not in reported:
            reported.add(what)
            fix = _fix(selector.name, diagnosis.cause, project, words)
            findings.append(failed("repo", where, what, fix))
    count = words.text("doctor.repo_selectors", count=len(selectors), missing=len(findings))
    return [passed("repo", clean(str(project.root)), count), *findings]


def _fix(name: str, cause: Cause, project: Project, words: Language) -> str:
    """Whether the code would export it: then it is the process that is missing, and not the metric."""
    from panels.no_data.diagnosis import Cause
    from repolint.facts.metrics.exports import exports

    if cause is Cause.DISAPPEARED:
        return words.text("doctor.fix_down")
    defined = project.fact(exports).find(name)
    if defined and cause is not Cause.NO_LABEL:
        return words.text("doctor.repo_defined", place=clean(defined[0].where(), 120))
    return words.text("doctor.repo_export")


async def _unscraped(project: Project, sources: Sources, words: Language) -> list[Finding]:
    """Static targets of the repository's Prometheus configuration that the live one does not have, or finds down."""
    from repolint.facts.prometheus.scrape_jobs import jobs

    if sources.prometheus is None:
        return []
    try:
        live = await sources.prometheus.targets()
    except SourceError:
        return []  # the source has its own line
    scraped = {(target.job, target.instance) for target in live}
    fix = words.text("doctor.repo_scrape")
    return [
        failed(
            "target",
            f"{_short(job.file, project)}:{target.line}",
            words.text("doctor.repo_unscraped", target=clean(target.address, 100), job=clean(job.name, 60)),
            fix,
        )
        for job in project.fact(jobs)
        if not job.dynamic
        for target in job.targets
        if (job.name, target.address) not in scraped
    ]


async def _unevaluated(project: Project, sources: Sources, words: Language) -> list[Finding]:
    """Alerts of the repository that the live Prometheus does not have, has otherwise, or fails to evaluate."""
    from repolint.facts.rule_files import rules

    if sources.prometheus is None:
        return []
    try:
        live = {rule.name: rule for rule in await sources.prometheus.rules()}
    except SourceError:
        return []
    findings: list[Finding] = []
    for rule in project.fact(rules):
        if rule.kind != "alert" or "{{" in rule.expr:
            continue
        loaded = live.get(rule.name)
        where = f"{_short(rule.file, project)}:{rule.line}"
        alert = clean(rule.name, 100)
        if loaded is None:
            what, fix = words.text("doctor.repo_unevaluated", alert=alert), words.text("doctor.repo_load")
        elif loaded.error:
            what, fix = (
                words.text("doctor.repo_rule_error", alert=alert, detail=loaded.error),
                words.text("doctor.change_rule"),
            )
        elif not loaded.evaluated:
            what, fix = words.text("doctor.repo_never", alert=alert), words.text("doctor.repo_load")
        elif _normalized(rule.expr) != _normalized(loaded.expr):
            what, fix = words.text("doctor.repo_other", alert=alert), words.text("doctor.repo_load")
        else:
            continue
        findings.append(failed("rule", where, what, fix))
    return findings


def _normalized(expr: str) -> str:
    """The expression as the grammar prints it, so that spaces and brackets do not count."""
    from repolint.facts.prometheus.promql import tree

    node = tree(expr)
    return " ".join(expr.split()) if node is None else str(node)
