"""Opens what the configuration names, and closes it again. A source that is down is one that answers with errors."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from signals.alerts.failover import AlertFailover
from signals.metrics.failover import MetricFailover
from signals.settings import CelerySettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from signals.alerts.model import AlertSource
    from signals.celery.fleet import CeleryFleet
    from signals.celery.model import FleetSource, QueueSource
    from signals.celery.queues import RedisQueues
    from signals.connections.breaker import Notice
    from signals.database.model import SchemaSource
    from signals.metrics.model import MetricSource
    from signals.metrics.scrape import ScrapeSource
    from signals.prometheus.source import PrometheusSource
    from signals.settings import SignalsSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Everything that can be asked; None is what the configuration does not name."""

    metrics: MetricFailover
    scrape: ScrapeSource | None = None
    alerts: AlertFailover | None = None
    queues: QueueSource | None = None
    fleet: FleetSource | None = None
    schema: SchemaSource | None = None
    prometheus: PrometheusSource | None = None


@asynccontextmanager
async def open_sources(
    settings: SignalsSettings, notice: Callable[[Notice], None], paused: Callable[[], bool] = lambda: False
) -> AsyncIterator[Sources]:
    """Open all sources and their background work; closes them at the end. While `paused()` workers are not asked by themselves."""
    async with AsyncExitStack() as opened:
        prometheus = _prometheus(settings, opened)
        scrape = _scrape(settings, opened)
        by_name: dict[str, MetricSource | None] = {"prometheus": prometheus, "scrape": scrape}
        metrics = [source for name in settings.metrics if (source := by_name[name]) is not None]
        yield Sources(
            metrics=MetricFailover(metrics, settings, notice),
            scrape=scrape,
            alerts=_alerts(settings, prometheus, scrape, notice, opened),
            queues=_queues(settings, opened),
            fleet=_fleet(settings, opened, paused),
            schema=_schema(settings),
            prometheus=prometheus,
        )


def _prometheus(settings: SignalsSettings, opened: AsyncExitStack) -> PrometheusSource | None:
    if settings.prometheus is None:
        return None
    from signals.prometheus.source import PrometheusSource

    source = PrometheusSource(settings.prometheus)
    opened.push_async_callback(source.close)
    return source


def _scrape(settings: SignalsSettings, opened: AsyncExitStack) -> ScrapeSource | None:
    if settings.scrape is None:
        return None
    from signals.metrics.scrape import ScrapeSource

    source = ScrapeSource(settings.scrape)
    scraping = source.start()
    scraping.add_done_callback(_log_failure)
    opened.push_async_callback(_cancel, scraping)
    return source


def _alerts(
    settings: SignalsSettings,
    prometheus: PrometheusSource | None,
    scrape: ScrapeSource | None,
    notice: Callable[[Notice], None],
    opened: AsyncExitStack,
) -> AlertFailover | None:
    """Prometheus' own alerts, else the rules evaluated here over the scrape; and what the Alertmanager holds."""
    sources: list[AlertSource] = [prometheus] if prometheus else []
    if scrape and settings.scrape and settings.scrape.rule_files:
        from signals.alerts.rules import RuleAlerts

        sources.append(RuleAlerts(scrape, settings.scrape.rule_files))
    manager = None
    if settings.alertmanager:
        from signals.alerts.alertmanager import AlertmanagerSource

        manager = AlertmanagerSource(settings.alertmanager)
        opened.push_async_callback(manager.close)
    if not sources and manager is None:
        return None
    return AlertFailover(sources, settings, notice, manager, prometheus)


def _queues(settings: SignalsSettings, opened: AsyncExitStack) -> RedisQueues | None:
    if settings.redis is None:
        return None
    from signals.celery.queues import RedisQueues

    source = RedisQueues(settings.redis)
    opened.push_async_callback(source.close)
    return source


def _fleet(
    settings: SignalsSettings, opened: AsyncExitStack, paused: Callable[[], bool]
) -> CeleryFleet | None:
    """The workers behind the broker; a configured Redis is taken for one unless told otherwise."""
    celery = settings.celery or (CelerySettings() if settings.redis else None)
    if celery is None or not celery.follow:
        return None
    from signals.celery.fleet import CeleryFleet

    source = CeleryFleet(celery, settings.redis, paused)
    opened.push_async_callback(source.close)
    return source


def _schema(settings: SignalsSettings) -> SchemaSource | None:
    if settings.postgres is None:
        return None
    from signals.database.postgres import PostgresSchema

    return PostgresSchema(settings.postgres)  # it keeps no connection


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        logging.getLogger("warroom.signals").error("background work ended: %r", error, exc_info=error)
