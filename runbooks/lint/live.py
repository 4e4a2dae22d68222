"""What is wrong in a runbook as soon as the sources are asked: metrics, labels, tables and revisions that are not there."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

from core.errors import SourceError
from core.message import say
from core.text import clean
from core.units import quantity
from runbooks.checks.probe import missing_objects
from runbooks.lint.finding import Finding
from signals.metrics.last_seen import last_seen
from signals.metrics.promql.names import Needs, needs
from signals.reading import server_warnings, with_warnings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from core.message import Message
    from runbooks.model import Check, Runbook, Step
    from signals.database.model import Schema
    from signals.metrics.model import MetricSource
    from signals.metrics.promql.names import Selector
    from signals.sources import Sources

_REVISION = re.compile(r"\balembic\b.*?\b(?:upgrade|downgrade|stamp|show)\s+(?:\S+:)?([0-9a-f]{6,40})\b")
MAX_SUGGESTIONS = 4


async def lint_live(
    runbooks: Sequence[Runbook], sources: Sources, revisions: frozenset[str] | None
) -> tuple[list[Finding], list[Message]]:
    """Findings, and which sources and targets did not answer; where no target did, nobody knows what they export.

    `revisions` are those of the scripts, None where they are not known.
    A metric that is not there now may come with its first event, so none of this is certain.
    """
    findings: list[Finding] = []
    unanswered: list[Message] = []
    checks = [(step.file, check) for runbook in runbooks for step in runbook.steps() for check in step.checks]
    try:
        known = await sources.metrics.metric_names()
        targets = await sources.metrics.targets()
        unanswered += [target.error for target in targets if not target.up and target.error is not None]
        queries = _QueryCache(sources.metrics, known)
        for file, check in checks:
            if check.promql and (not targets or any(target.up for target in targets)):
                findings += await queries.missing(file, check)
    except SourceError as error:
        unanswered.append(error.message)
    schemas = [(file, check) for file, check in checks if check.probe == "schema"]
    if schemas and sources.schema is not None:
        try:
            schema = await sources.schema.schema()
            for file, check in schemas:
                findings += _schema(file, check, schema)
        except SourceError as error:
            unanswered.append(error.message)
    if revisions is not None:
        findings += [finding for runbook in runbooks for finding in _revisions(runbook, revisions)]
    return findings, unanswered


class _QueryCache:
    """Asks the source each question once."""

    def __init__(self, metrics: MetricSource, known: frozenset[str]) -> None:
        self._metrics = metrics
        self._known = known
        self._labels: dict[tuple[str, str], tuple[str, ...] | None] = {}
        self._gone: dict[str, Message] = {}

    async def missing(self, file: str, check: Check) -> list[Finding]:
        """Metrics of the check that nobody exports, and labels and values that no series of theirs has."""
        try:
            needed = needs(check.promql)
        except SourceError:  # the offline part tells that it can't be read
            return []
        return await self._part(file, check, needed)

    async def _part(self, file: str, check: Check, part: Needs | Selector) -> list[Finding]:
        """Of alternatives (`or`) one that is there is enough; beside a number alone, a gap may be meant."""
        if not isinstance(part, Needs):
            return await self._selector(file, check, part)
        by_part = [await self._part(file, check, inner) for inner in part.parts]
        if part.how == "all":
            return [finding for findings in by_part for finding in findings]
        alternatives = [
            findings
            for findings, inner in zip(by_part, part.parts, strict=True)
            if not isinstance(inner, Needs) or inner.selectors()
        ]
        fewest = min(alternatives, key=len, default=[])
        if len(alternatives) == len(by_part):
            return fewest
        return [replace(finding, confidence="hint") for finding in fewest]

    async def _selector(self, file: str, check: Check, selector: Selector) -> list[Finding]:
        if selector.name not in self._known and await self._metrics.has_had(selector.name):
            ago = await self._gone_since(selector.name)
            message = say("lint.metric_gone", metric=selector.name, ago=ago)
            return [Finding(file, check.line, "metric-missing", message, "likely", _one_line(check))]
        if selector.name not in self._known:
            near = get_close_matches(selector.name, self._known, n=1)
            fix = say("lint.did_you_mean", name=near[0]) if near else None
            warnings = server_warnings(self._known)
            message = with_warnings(say("lint.no_metric", metric=selector.name), warnings)
            return [Finding(file, check.line, "metric-missing", message, "likely", _one_line(check), fix)]
        findings = []
        for label, operator, value in selector.matchers:
            values = await self._values(selector.name, label)
            if values is None or operator in ("!=", "!~"):
                continue
            if not values:
                message = say("lint.no_label", metric=selector.name, label=label)
                findings.append(
                    Finding(file, check.line, "label-missing", message, "likely", _one_line(check))
                )
            elif operator == "=" and value not in values:
                message = say("lint.no_value", metric=selector.name, label=label, value=clean(value, 80))
                evidence = ", ".join(get_close_matches(value, values, n=MAX_SUGGESTIONS, cutoff=0.0))
                findings.append(Finding(file, check.line, "value-missing", message, "hint", evidence))
        return findings

    async def _gone_since(self, metric: str) -> Message:
        if metric not in self._gone:
            now = time.time()
            last = await last_seen(metric, self._metrics.query_range, now)
            self._gone[metric] = say("lint.long_ago") if last.at is None else quantity(now - last.at, "s")
        return self._gone[metric]

    async def _values(self, metric: str, label: str) -> tuple[str, ...] | None:
        """What the label is now; None where the metric has no series at all."""
        if (metric, label) not in self._labels:
            answer = await self._metrics.query(f"count by ({label}) ({metric})")
            values = [dict(series.labels).get(label, "") for series in answer.series]
            self._labels[metric, label] = tuple(filter(None, values)) if values else None
        return self._labels[metric, label]


def _one_line(check: Check) -> str:
    return clean(check.promql, 300)


def _schema(file: str, check: Check, schema: Schema) -> Iterator[Finding]:
    """Named tables and indexes; a database that is still before its migration has none of them, so this is no proof."""
    for name in missing_objects(check, schema):
        near = get_close_matches(name, (*schema.tables, *schema.indexes), n=1)
        fix = say("lint.did_you_mean", name=near[0]) if near else None
        message = say("lint.not_in_schema", name=clean(name, 80), place=schema.address)
        yield Finding(file, check.line, "schema-missing", message, "likely", fix=fix)


def _revisions(runbook: Runbook, known: frozenset[str]) -> Iterator[Finding]:
    for step in runbook.steps():
        for line, name in (*_in_commands(step), *_in_checks(step)):
            if not any(revision.startswith(name) for revision in known):
                message = say("lint.unknown_revision", revision=clean(name, 80))
                evidence = ", ".join(sorted(known)[:MAX_SUGGESTIONS])
                yield Finding(step.file, line, "unknown-revision", message, "likely", evidence)


def _in_commands(step: Step) -> Iterator[tuple[int, str]]:
    for command in step.commands:
        for match in _REVISION.finditer(command.text):
            yield command.line + command.text.count("\n", 0, match.start()), match[1]


def _in_checks(step: Step) -> Iterator[tuple[int, str]]:
    for check in step.checks:
        name = (check.parameters or {}).get("revision", "head") if check.probe == "schema" else "head"
        if isinstance(name, str) and name != "head":
            yield check.line, name
