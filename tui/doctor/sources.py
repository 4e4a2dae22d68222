"""What `warroom doctor` finds in the configured sources: whether they answer, and whether their state is sound."""

from __future__ import annotations

import asyncio
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from core.errors import SourceError
from core.text import clean
from tui.doctor import Finding, failed, passed

if TYPE_CHECKING:
    from signals.connections.http import HttpResponse
    from signals.settings import (
        CelerySettings,
        HttpSettings,
        PostgresSettings,
        RedisSettings,
        SignalsSettings,
    )
    from tui.i18n import Language

MAX_SKEW_S = 5.0
"""HTTP dates are whole seconds and travel a while; from here on ages and forecasts are visibly wrong."""
CONNECTIONS_WARN_SHARE = 0.9
"""The share of Postgres' connections from which on the next burst is refused."""


async def check_sources(settings: SignalsSettings, words: Language) -> list[Finding]:
    """Every source that is configured, all at once: a slow one delays itself alone."""
    checks = []
    if settings.prometheus:
        checks.append(
            _http(
                "signals.prometheus",
                "signals.prometheus",
                settings.prometheus,
                "/api/v1/query?query=vector(1)",
                words,
            )
        )
    for number, target in enumerate(settings.scrape.targets if settings.scrape else ()):
        checks.append(_http("signals.scrape", f"signals.scrape.targets.{number}", target, "", words))
    if settings.alertmanager:
        checks.append(
            _http(
                "signals.alertmanager", "signals.alertmanager", settings.alertmanager, "/api/v2/status", words
            )
        )
    if settings.redis:
        checks.append(_broker(settings.redis, words))
    if settings.celery and settings.celery.broker_url:
        checks.append(_workers(settings.celery, words))
    if settings.postgres:
        checks.append(_database(settings.postgres, words))
    return [finding for findings in await asyncio.gather(*checks) for finding in findings]


async def _http(
    section: str, where: str, settings: HttpSettings, path: str, words: Language
) -> list[Finding]:
    from signals.connections.http import HttpClient

    source = HttpClient(where.removeprefix("signals."), settings)
    began = time.time()
    try:
        page = await source.get(path)
    except SourceError as error:
        return [_unreachable("http", section, where, error, words)]
    finally:
        await source.close()
    took = words.text("doctor.answers", milliseconds=round(1000 * (time.time() - began)))
    findings = [passed("http", where, took)]
    skew = _skew(page, time.time())
    if skew is not None and abs(skew) > MAX_SKEW_S:
        what = words.text("doctor.skew", seconds=f"{skew:+.0f}")
        findings.append(failed("clock", where, what, words.text("doctor.fix_skew")))
    return findings


def _skew(page: HttpResponse, now: float) -> float | None:
    """Seconds that the server's clock is ahead of ours; None where it does not say."""
    try:
        return parsedate_to_datetime(page.date).timestamp() - now
    except ValueError:
        return None


async def _broker(settings: RedisSettings, words: Language) -> list[Finding]:
    from signals.celery.queues import RedisQueues

    where, source = "signals.redis", RedisQueues(settings)
    try:
        queues = await source.queues()
    except SourceError as error:
        return [_unreachable("redis", where, where, error, words)]
    finally:
        await source.close()
    policy = queues.eviction_policy
    what = words.text("doctor.policy", policy=policy or "?")
    fix = words.text("doctor.eviction") if policy and policy.startswith("allkeys") else ""
    return [Finding("redis", not fix, what, where, fix)]


async def _workers(settings: CelerySettings, words: Language) -> list[Finding]:
    """Asks all workers for a sign of life. Silence is no proof of death: a full solo pool does not answer either."""
    where = "signals.celery"
    try:
        names = await asyncio.to_thread(_ping, settings)
    except Exception as error:  # noqa: BLE001  # kombu lets every transport's own errors through
        what = words.text("doctor.no_broker", detail=type(error).__name__)
        fix = words.text("doctor.check_section", section=where)
        return [failed("celery", where, what, fix)]
    if not names:
        what = words.text("doctor.no_workers", seconds=settings.reply_wait_s)
        return [failed("celery", where, what, words.text("doctor.start_workers"))]
    what = words.text("doctor.workers", count=len(names), names=", ".join(names))
    return [passed("celery", where, what)]


def _ping(settings: CelerySettings) -> list[str]:
    from signals.connections.broker import ensure_connected, open_broker

    app, connection = open_broker(settings, None)
    with connection:
        ensure_connected(connection, settings.timeout_s)
        replies = app.control.ping(timeout=settings.reply_wait_s, connection=connection)
    return sorted(clean(str(name), 60) for reply in replies or () for name in reply)


async def _database(settings: PostgresSettings, words: Language) -> list[Finding]:
    from signals.database.model import Drift
    from signals.database.postgres import PostgresSchema

    where = "signals.postgres"
    try:
        schema = await PostgresSchema(settings).schema()
    except SourceError as error:
        return [_unreachable("postgres", where, where, error, words)]
    compared = schema.drift is not Drift.NOT_COMPARED
    current = schema.drift is Drift.CURRENT
    what = words.text(
        "doctor.revision",
        drift=words.text(f"doctor.drift_{schema.drift}"),
        revision=", ".join(schema.revisions) or "-",
        heads=", ".join(schema.heads) or "-",
    )
    fix = "" if current or not compared else words.text("doctor.fix_revision")
    findings = [Finding("schema", not fix, what, where, fix)]
    if not fix and schema.missing:
        what = words.text("doctor.shape", names=", ".join(schema.missing))
        findings.append(failed("schema", where, what, words.text("doctor.fix_shape")))
    crowded = schema.connections > CONNECTIONS_WARN_SHARE * schema.connection_limit
    what = words.text("doctor.connections", count=schema.connections, limit=schema.connection_limit)
    fix = words.text("doctor.fix_connections") if crowded else ""
    return [*findings, Finding("connections", not crowded, what, where, fix)]


def _unreachable(check: str, section: str, where: str, error: SourceError, words: Language) -> Finding:
    return failed(check, where, words.say(error.message), words.text("doctor.check_section", section=section))
