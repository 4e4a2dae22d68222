"""`warroom doctor`: looks at every dependency and every query of the board, and says what to mend."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from signals.clean import clean
from signals.errors import SourceError
from tui.cli import ExitCode

if TYPE_CHECKING:
    import argparse

    from panels.settings import QuerySpec
    from signals.sources import Sources
    from tui.config import Config
    from tui.invocation import Invocation
    from tui.language import Language

PATIENCE_S = 8.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, whether it is well, and what to do when it is not."""

    check: str
    ok: bool
    what: str
    where: str
    fix: str


def add_arguments(parser: argparse.ArgumentParser, words: Language) -> None:
    """No options of its own."""


def run(args: argparse.Namespace, invocation: Invocation) -> int:  # noqa: ARG001  # every command's form
    """Exit 1 when something is to be mended."""
    findings = asyncio.run(_look(invocation.config(), invocation.words))
    if invocation.json:
        invocation.fact_json([asdict(finding) for finding in findings])
    else:
        for each in findings:
            mark = invocation.words.text("doctor.ok" if each.ok else "doctor.bad")
            invocation.fact(" ".join(filter(None, (mark, f"{each.where}:", each.what, each.fix))))
    return ExitCode.OK if all(finding.ok for finding in findings) else ExitCode.BURNING


async def _look(config: Config, words: Language) -> list[Finding]:
    from panels.settings import board
    from signals.sources import open_sources

    findings = []
    if (redis := config.signals.redis) is not None:
        findings.append(await _broker(redis.url.get_secret_value(), redis.timeout_s, words))
    async with open_sources(config.signals, lambda _: None) as sources:
        try:
            exported = await _exported(sources)
        except SourceError as error:
            return [*findings, Finding("metrics", False, words.say(error.message), "metrics", "")]
        count = words.text("doctor.metrics", count=len(exported))
        fix = "" if exported else words.text("doctor.no_metrics")
        findings.append(Finding("metrics", bool(exported), count, "metrics", fix))
        for spec in board(config.panels):
            for query in spec.queries:
                where = f"{spec.id}.{clean(query.name)}"
                findings.append(await _query(query, where, exported, sources, words))
    return findings


async def _exported(sources: Sources) -> frozenset[str]:
    """What is exported; a direct scrape needs a moment for its first page."""
    for _ in range(int(PATIENCE_S / 0.5)):
        try:
            if names := await sources.metrics.metric_names():
                return names
        except SourceError:
            if sources.scrape is None:
                raise
        await asyncio.sleep(0.5)
    return await sources.metrics.metric_names()


async def _query(
    query: QuerySpec, where: str, exported: frozenset[str], sources: Sources, words: Language
) -> Finding:
    from difflib import get_close_matches

    from signals.promql.names import metric_names

    try:
        answer = await sources.metrics.instant(query.expr)
        missing = sorted(metric_names(query.expr) - exported)
    except SourceError as error:
        return Finding("query", False, words.say(error.message), where, "")
    if answer.series or not missing:
        return Finding("query", True, words.text("doctor.series", count=len(answer.series)), where, "")
    near = get_close_matches(missing[0], exported, n=1)
    fix = words.text("doctor.nearest", name=near[0]) if near else words.text("doctor.export")
    return Finding("query", False, words.text("doctor.missing", names=", ".join(missing)), where, fix)


async def _broker(url: str, timeout_s: float, words: Language) -> Finding:
    from redis.asyncio import Redis
    from redis.exceptions import RedisError

    try:
        client = Redis.from_url(url, socket_timeout=timeout_s, socket_connect_timeout=timeout_s)
        async with client:
            memory = await client.info("memory")
    except (RedisError, OSError, ValueError) as error:
        what = words.text("doctor.no_broker", detail=type(error).__name__)
        return Finding("redis", False, what, "signals.redis", words.text("doctor.check_url"))
    policy = clean(str(memory.get("maxmemory_policy", "noeviction")))
    fix = words.text("doctor.eviction") if policy.startswith("allkeys") else ""
    return Finding("redis", not fix, words.text("doctor.policy", policy=policy), "signals.redis", fix)
