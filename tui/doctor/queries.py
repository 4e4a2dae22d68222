"""What `warroom doctor` finds in the board's queries and the alert rules: whether the source has what they name."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from core.errors import ConfigError, SourceError
from core.message import say
from core.text import clean
from profiles.profile import recognised
from signals.reading import Answer, server_warnings, with_warnings
from tui.doctor import Finding, failed, passed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from panels.no_data.diagnosis import Diagnosis
    from panels.query_cache import QueryCache
    from panels.spec import PanelSpec
    from signals.alerts.rules import Rule
    from signals.sources import Sources
    from tui.config.model import Config
    from tui.i18n import Language

FIRST_SCRAPE_TIMEOUT_S, RETRY_S = 8.0, 0.5


async def check_queries(config: Config, words: Language) -> list[Finding]:
    """The source of metrics, then every query of the board and of the alert rules."""
    from panels.query_cache import QueryCache
    from signals.sources import open_sources

    async with open_sources(config.signals, lambda _: None) as sources:
        try:
            exported = await exported_names(sources)
            cache = QueryCache(sources.metrics)
            findings = [_names(exported, words), *await _down(sources, cache, words)]
            findings += _profile(config, exported, words)
            for spec in config.board():
                for name, expr, optional in _expressions(spec):
                    findings.append(await _query(spec.id, name, expr, cache, words, optional=optional))
            return findings + await _rules(config, cache, words)
        except SourceError as error:
            fix = words.text("doctor.no_metrics")
            return [failed("metrics", "metrics", words.say(error.message), fix)]


async def exported_names(sources: Sources) -> frozenset[str]:
    """What is exported; a direct scrape needs a moment for its first page. Raises `SourceError`."""
    for _ in range(int(FIRST_SCRAPE_TIMEOUT_S / RETRY_S)):
        try:
            if names := await sources.metrics.metric_names():
                return names
        except SourceError:
            if sources.scrape is None:
                raise
        await asyncio.sleep(RETRY_S)
    return await sources.metrics.metric_names()


def _profile(config: Config, exported: frozenset[str], words: Language) -> list[Finding]:
    """Where none is chosen: whether one that comes with the program knows these metrics."""
    if config.service.profile:
        return []
    known = recognised(exported)
    if known is None:
        return [passed("profile", "service.profile", words.text("doctor.no_profile"))]
    what = words.text("doctor.profile", title=known.title)
    fix = words.text("doctor.fix_profile", name=known.id)
    return [failed("profile", "service.profile", what, fix)]


def _names(exported: frozenset[str], words: Language) -> Finding:
    count = words.text("doctor.metrics", count=len(exported))
    if exported:
        return passed("metrics", "metrics", " ".join((count, *map(words.say, server_warnings(exported)))))
    return failed("metrics", "metrics", count, words.text("doctor.no_metrics"))


async def _down(sources: Sources, cache: QueryCache, words: Language) -> list[Finding]:
    answer = await cache.query("up == 0")
    if not isinstance(answer, Answer):
        return []  # whoever can't answer this answers no query below, and says it there
    down = sorted(clean(dict(series.labels).get("instance", "?"), 80) for series in answer.series)
    errors = await _scrape_errors(sources, words) if down else {}
    findings = []
    for instance in down:
        error = errors.get(instance)
        what = words.text("doctor.down_why", detail=error) if error else words.text("doctor.down")
        findings.append(failed("up", instance, what, words.text("doctor.fix_down")))
    return findings


async def _scrape_errors(sources: Sources, words: Language) -> dict[str, str]:
    """What the last scrape of each exporter said, where the source knows it."""
    try:
        targets = await sources.metrics.targets()
        return {target.instance: words.say(target.error) for target in targets if target.error}
    except SourceError:
        return {}


def _expressions(spec: PanelSpec) -> Iterator[tuple[str, str, bool]]:
    """The name of each query, its PromQL, and whether the panel is complete without it."""
    for query in spec.asking().queries:  # the broker answers the others
        yield clean(query.name), query.expr, query.optional
    for objective in spec.objectives:  # no failures are good news, so only what counts all requests is asked
        total = objective.buckets or objective.total
        yield clean(objective.name), total.replace("$window", "5m"), False
    if spec.budget is not None and spec.budget.spend:
        yield "budget", spec.budget.spend.replace("$window", "5m"), False


async def _query(
    panel: str, name: str, expr: str, cache: QueryCache, words: Language, *, optional: bool
) -> Finding:
    from panels.no_data.diagnose import diagnose
    from panels.no_data.diagnosis import Cause, no_data_message

    where = f"{panel}.{name}"
    answer = await cache.query(expr)
    if isinstance(answer, Answer) and answer.series:
        count = words.text("doctor.series", count=len(answer.series))
        return passed("query", where, " ".join((count, *map(words.say, server_warnings(answer)))))
    diagnosis = await diagnose(expr, cache, time.time()) if isinstance(answer, Answer) else answer
    if isinstance(diagnosis, SourceError):
        return failed("query", where, words.say(diagnosis.message), words.text("doctor.change"))
    gap = no_data_message(say("panels.text", text=name), diagnosis)
    what = words.say(with_warnings(gap, server_warnings(answer, diagnosis.known)))
    if optional or diagnosis.cause in (Cause.NO_TRAFFIC, Cause.ONE_SAMPLE):  # nothing to fix in silence alone
        return passed("query", where, what)
    return failed("query", where, what, _fix(diagnosis, words))


def _fix(diagnosis: Diagnosis, words: Language) -> str:
    from panels.no_data.diagnosis import Cause

    if diagnosis.cause is Cause.NEVER_EXPORTED:
        return words.text("doctor.export")
    if diagnosis.cause in (Cause.EXPORTER_DOWN, Cause.DISAPPEARED):
        return words.text("doctor.fix_down")
    return words.text("doctor.change")


async def _rules(config: Config, cache: QueryCache, words: Language) -> list[Finding]:
    """Every rule on disk: one whose metrics nobody exports never fires, and nobody notices."""
    from signals.alerts.rules import load_rules, rule_paths

    findings = []
    for path in rule_paths(config.signals.scrape.rule_files if config.signals.scrape else ()):
        try:
            rules = load_rules(path)
        except ConfigError as error:
            findings.append(failed("rule", clean(str(path)), words.say(error.message)))
            continue
        recorded = {rule.name for rule in rules if rule.kind == "record"}
        for rule in rules:
            where = f"{clean(path.name)}: {clean(rule.name, 60)}"
            findings.append(await _rule(rule, where, recorded, cache, words))
    return findings


async def _rule(rule: Rule, where: str, recorded: set[str], cache: QueryCache, words: Language) -> Finding:
    """Silence of a rule is its normal state: only a metric that nobody has makes it blind."""
    from panels.no_data.diagnose import diagnose
    from panels.no_data.diagnosis import Cause, no_data_message

    answer = await cache.query(rule.expr)
    if not isinstance(answer, Answer):
        return failed("rule", where, words.say(answer.message), words.text("doctor.change_rule"))
    if answer.series:
        return passed("rule", where, words.text("doctor.rule_holds"))
    diagnosis = await diagnose(rule.expr, cache, time.time())
    if isinstance(diagnosis, SourceError) or (
        diagnosis.cause > Cause.DISAPPEARED or diagnosis.metric in recorded
    ):
        return passed("rule", where, words.text("doctor.rule_silent"))
    gap = no_data_message(say("panels.text", text=clean(rule.name, 60)), diagnosis)
    what = words.say(with_warnings(gap, server_warnings(answer, diagnosis.known)))
    return failed("rule", where, what, words.text("doctor.change_rule"))
