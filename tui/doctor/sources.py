"""What `warroom doctor` finds in the configured sources: whether they answer, and whether their state is sound."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from core.errors import SourceError
from core.text import clean

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

SKEW_S = 5.0
"""HTTP dates are whole seconds and travel a while; from here on ages and forecasts are visibly wrong."""
CROWDED = 0.9
"""The share of Postgres' connections from which on the next burst is refused."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, whether it is well, and what to do when it is not."""

    check: str
    ok: bool
    what: str
    where: str
    fix: str = ""


async def look_at_sources(settings: SignalsSettings, words: Language) -> list[Finding]:
    """Every source that is configured, all at once: a slow one delays itself alone."""
    looks = []
    if settings.prometheus:
        looks.append(_http("signals.prometheus", settings.prometheus, "/api/v1/query?query=vector(1)", words))
    for number, target in enumerate(settings.scrape.targets if settings.scrape else ()):
        looks.append(_http(f"signals.scrape.targets.{number}", target, "", words))
    if settings.alertmanager:
        looks.append(_http("signals.alertmanager", settings.alertmanager, "/api/v2/status", words))
    if settings.redis:
        looks.append(_broker(settings.redis, words))
    if settings.celery and settings.celery.broker_url:
        looks.append(_workers(settings.celery, words))
    if settings.postgres:
        looks.append(_database(settings.postgres, words))
    return [finding for found in await asyncio.gather(*looks) for finding in found]


async def _http(where: str, settings: HttpSettings, path: str, words: Language) -> list[Finding]:
    from signals.connections.http import HttpClient

    source = HttpClient(where.removeprefix("signals."), settings)
    began = time.time()
    try:
        page = await source.get(path)
    except SourceError as error:
        return [_silent("http", where, error, words)]
    finally:
        await source.close()
    took = words.text("doctor.answers", milliseconds=round(1000 * (time.time() - began)))
    findings = [Finding("http", ok=True, what=took, where=where)]
    skew = _skew(page, time.time())
    if skew is not None and abs(skew) > SKEW_S:
        what = words.text("doctor.skew", seconds=f"{skew:+.0f}")
        findings.append(Finding("clock", ok=False, what=what, where=where, fix=words.text("doctor.fix_skew")))
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
        found = await source.queues()
    except SourceError as error:
        return [_silent("redis", where, error, words)]
    finally:
        await source.close()
    policy = found.eviction_policy
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
        return [Finding("celery", ok=False, what=what, where=where, fix=fix)]
    if not names:
        what = words.text("doctor.no_workers", seconds=settings.reply_wait_s)
        return [Finding("celery", ok=False, what=what, where=where, fix=words.text("doctor.start_workers"))]
    what = words.text("doctor.workers", count=len(names), names=", ".join(names))
    return [Finding("celery", ok=True, what=what, where=where)]


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
        found = await PostgresSchema(settings).schema()
    except SourceError as error:
        return [_silent("postgres", where, error, words)]
    compared = found.drift is not Drift.NOT_COMPARED
    current = found.drift is Drift.CURRENT
    what = words.text(
        "doctor.revision",
        drift=words.text(f"doctor.drift_{found.drift}"),
        revision=", ".join(found.revisions) or "-",
        heads=", ".join(found.heads) or "-",
    )
    fix = "" if current or not compared else words.text("doctor.fix_revision")
    findings = [Finding("schema", not fix, what, where, fix)]
    if not fix and found.missing:
        what = words.text("doctor.shape", names=", ".join(found.missing))
        findings.append(
            Finding("schema", ok=False, what=what, where=where, fix=words.text("doctor.fix_shape"))
        )
    crowded = found.connections > CROWDED * found.connection_limit
    what = words.text("doctor.connections", count=found.connections, limit=found.connection_limit)
    fix = words.text("doctor.fix_connections") if crowded else ""
    return [*findings, Finding("connections", not crowded, what, where, fix)]


def _silent(check: str, where: str, error: SourceError, words: Language) -> Finding:
    fix = words.text("doctor.check_section", section=where.partition(".targets")[0])
    return Finding(check, ok=False, what=words.say(error.message), where=where, fix=fix)
