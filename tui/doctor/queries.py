"""What `warroom doctor` finds in the board's queries and the alert rules: whether the source has what they name."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from core.errors import ConfigError, SourceError
from core.message import say
from core.text import clean
from profiles.profile import recognised
from signals.reading import Answer
from tui.doctor.sources import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from panels.no_data.diagnosis import Diagnosis
    from panels.query_cache import QueryCache
    from panels.spec import PanelSpec
    from signals.alerts.rules import Rule
    from signals.sources import Sources
    from tui.config.load import Config
    from tui.i18n import Language

PATIENCE_S = 8.0


async def look_at_questions(config: Config, words: Language) -> list[Finding]:
    """The source of metrics, then every question that the board and the rules put to it."""
    from panels.query_cache import QueryCache
    from signals.sources import open_sources

    async with open_sources(config.signals, lambda _: None) as sources:
        try:
            exported = await exported_names(sources)
            cache = QueryCache(sources.metrics)
            findings = [_names(exported, words), *await _down(sources, cache, words)]
            findings += _profile(config, exported, words)
            for spec in config.board():
                for where, expr, optional in _expressions(spec):
                    findings.append(await _query(where, expr, cache, words, optional=optional))
            return findings + await _rules(config, cache, words)
        except SourceError as error:
            fix = words.text("doctor.no_metrics")
            return [Finding("metrics", ok=False, what=words.say(error.message), where="metrics", fix=fix)]


async def exported_names(sources: Sources) -> frozenset[str]:
    """What is exported; a direct scrape needs a moment for its first page. Raises `SourceError`."""
    for _ in range(int(PATIENCE_S / 0.5)):
        try:
            if names := await sources.metrics.metric_names():
                return names
        except SourceError:
            if sources.scrape is None:
                raise
        await asyncio.sleep(0.5)
    return await sources.metrics.metric_names()


def _profile(config: Config, exported: frozenset[str], words: Language) -> list[Finding]:
    """Where none is chosen: whether one that comes with the program knows these metrics."""
    if config.service.profile:
        return []
    known = recognised(exported)
    if known is None:
        return [Finding("profile", ok=True, what=words.text("doctor.no_profile"), where="service.profile")]
    what = words.text("doctor.profile", title=known.title)
    fix = words.text("doctor.fix_profile", name=known.id)
    return [Finding("profile", ok=False, what=what, where="service.profile", fix=fix)]


def _names(exported: frozenset[str], words: Language) -> Finding:
    count = words.text("doctor.metrics", count=len(exported))
    fix = "" if exported else words.text("doctor.no_metrics")
    return Finding("metrics", bool(exported), count, "metrics", fix)


async def _down(sources: Sources, cache: QueryCache, words: Language) -> list[Finding]:
    answer = await cache.query("up == 0")
    if not isinstance(answer, Answer):
        return []  # whoever can't answer this answers no query below, and says it there
    down = sorted(clean(dict(one.labels).get("instance", "?"), 80) for one in answer.series)
    why = await _scrape_errors(sources) if down else {}
    fix = words.text("doctor.fix_down")
    return [
        Finding(
            "up",
            ok=False,
            what=words.text("doctor.down_why", detail=why[name])
            if why.get(name)
            else words.text("doctor.down"),
            where=name,
            fix=fix,
        )
        for name in down
    ]


async def _scrape_errors(sources: Sources) -> dict[str, str]:
    """What the last scrape of each exporter said, where a Prometheus knows it."""
    if sources.prometheus is None:
        return {}
    try:
        return {target.instance: target.error for target in await sources.prometheus.targets()}
    except SourceError:
        return {}


def _expressions(spec: PanelSpec) -> Iterator[tuple[str, str, bool]]:
    """Where each question stands, its PromQL, and whether the panel is whole without it."""
    for query in spec.queries:
        yield f"{spec.id}.{clean(query.name)}", query.expr, query.optional
    for objective in spec.objectives:  # no failures are good news, so only what counts all requests is asked
        yield (
            f"{spec.id}.{clean(objective.name)}",
            (objective.buckets or objective.total).replace("$window", "5m"),
            False,
        )
    if spec.budget is not None:
        yield f"{spec.id}.budget", spec.budget.spend.replace("$window", "5m"), False


async def _query(
    where: str, expr: str, cache: QueryCache, words: Language, *, optional: bool = False
) -> Finding:
    from panels.no_data.diagnose import diagnose
    from panels.no_data.diagnosis import Cause, no_data_message

    answer = await cache.query(expr)
    if isinstance(answer, Answer) and answer.series:
        count = words.text("doctor.series", count=len(answer.series))
        return Finding("query", ok=True, what=count, where=where)
    diagnosis = await diagnose(expr, cache, time.time()) if isinstance(answer, Answer) else answer
    if isinstance(diagnosis, SourceError):
        what, fix = words.say(diagnosis.message), words.text("doctor.change")
        return Finding("query", ok=False, what=what, where=where, fix=fix)
    what = words.say(no_data_message(say("panels.text", text=where.rpartition(".")[2]), diagnosis))
    # Silence alone needs no mending.
    ok = optional or diagnosis.cause in (Cause.NO_TRAFFIC, Cause.ONE_SAMPLE)
    return Finding("query", ok, what, where, "" if ok else _fix(diagnosis, words))


def _fix(diagnosis: Diagnosis, words: Language) -> str:
    from panels.no_data.diagnosis import Cause

    if diagnosis.cause is Cause.NEVER_EXPORTED:
        return words.text("doctor.export")
    if diagnosis.cause in (Cause.EXPORTER_DOWN, Cause.DISAPPEARED):
        return words.text("doctor.fix_down")
    return words.text("doctor.change")


async def _rules(config: Config, cache: QueryCache, words: Language) -> list[Finding]:
    """Every rule on disk: one whose metrics nobody exports never fires, and nobody notices."""
    from signals.alerts.rules import load_rules

    findings = []
    for path in config.signals.scrape.rule_files if config.signals.scrape else ():
        try:
            rules = load_rules(path)
        except ConfigError as error:
            findings.append(Finding("rule", ok=False, what=words.say(error.message), where=clean(str(path))))
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
        fix = words.text("doctor.change_rule")
        return Finding("rule", ok=False, what=words.say(answer.message), where=where, fix=fix)
    if answer.series:
        return Finding("rule", ok=True, what=words.text("doctor.rule_holds"), where=where)
    diagnosis = await diagnose(rule.expr, cache, time.time())
    if isinstance(diagnosis, SourceError) or (
        diagnosis.cause > Cause.DISAPPEARED or diagnosis.metric in recorded
    ):
        return Finding("rule", ok=True, what=words.text("doctor.rule_silent"), where=where)
    what = words.say(no_data_message(say("panels.text", text=clean(rule.name, 60)), diagnosis))
    return Finding("rule", ok=False, what=what, where=where, fix=words.text("doctor.change_rule"))
