"""Opens what the configuration names, and closes it again. A source that is down is one that answers with errors."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager, suppress
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
    from signals.connections.breaker import Notice
    from signals.database.model import SchemaSource
    from signals.metrics.model import MetricSource
    from signals.metrics.prometheus import PrometheusSource
    from signals.metrics.scrape import ScrapeSource
    from signals.settings import SignalsSettings


@dataclass(frozen=True, slots=True)
class Sources:
    """Everything that can be asked; None is what the configuration does not name."""

    metrics: MetricFailover
    scrape: ScrapeSource | None = None
    alerts: AlertSource | None = None
    queues: QueueSource | None = None
    fleet: FleetSource | None = None
    schema: SchemaSource | None = None
    prometheus: PrometheusSource | None = None


@asynccontextmanager
async def open_sources(  # noqa: C901  # one branch a source
    settings: SignalsSettings, notice: Callable[[Notice], None]
) -> AsyncIterator[Sources]:
    """Open all sources and their background work; closes them at the end."""
    from signals.metrics.prometheus import PrometheusSource
    from signals.metrics.scrape import ScrapeSource

    prometheus = PrometheusSource(settings.prometheus) if settings.prometheus else None
    scrape = ScrapeSource(settings.scrape) if settings.scrape else None
    known: dict[str, MetricSource | None] = {"prometheus": prometheus, "scrape": scrape}
    order = [source for name in settings.metrics if (source := known[name]) is not None]
    alerting: list[AlertSource] = [prometheus] if prometheus else []
    if scrape and settings.scrape and settings.scrape.rule_files:
        from signals.alerts.rules import RuleAlerts

        alerting.append(RuleAlerts(scrape, settings.scrape.rule_files))
    silencer = None
    if settings.alertmanager:
        from signals.alerts.alertmanager import AlertmanagerSource

        silencer = AlertmanagerSource(settings.alertmanager)
        alerting.append(silencer)
    alerts = AlertFailover(alerting, settings, notice, silencer) if alerting else None
    queues = schema = None
    if settings.redis:
        from signals.celery.queues import RedisQueues

        queues = RedisQueues(settings.redis)
    if settings.postgres:
        from signals.database.postgres import PostgresSchema

        schema = PostgresSchema(settings.postgres)
    fleet = _fleet(settings)
    background = [asyncio.create_task(scrape.run())] if scrape else []
    for task in background:
        task.add_done_callback(_report)
    try:
        yield Sources(
            MetricFailover(order, settings, notice), scrape, alerts, queues, fleet, schema, prometheus
        )
    finally:
        for task in background:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        if queues:
            await queues.close()
        if fleet:
            await fleet.close()
        if prometheus:
            await prometheus.close()
        if silencer:
            await silencer.close()


def _fleet(settings: SignalsSettings) -> CeleryFleet | None:
    """The workers behind the broker; a configured Redis is taken for one unless told otherwise."""
    following = settings.celery or (CelerySettings() if settings.redis else None)
    if following is None or not following.follow:
        return None
    from signals.celery.fleet import CeleryFleet

    return CeleryFleet(following, settings.redis)


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        logging.getLogger("warroom.signals").error("background work ended: %r", error, exc_info=error)
