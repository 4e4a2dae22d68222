"""A broker or a database that behaves badly in any way is an error in time, in one clean sentence; so is broken TLS."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from core.errors import SourceError, TimedOut, Unreachable
from signals.alerts.alertmanager import AlertmanagerSource
from signals.celery.fleet import CeleryFleet
from signals.celery.queues import RedisQueues
from signals.database.postgres import PostgresSchema
from signals.metrics.scrape import ScrapeSource
from signals.prometheus.source import PrometheusSource
from signals.settings import (
    AlertmanagerSettings,
    CelerySettings,
    PostgresSettings,
    PrometheusSettings,
    RedisSettings,
    ScrapeSettings,
    ScrapeTarget,
)
from tests.bad_servers import BEHAVIOURS, answer, serve
from tui.i18n import Language

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

TIMEOUT_S = 0.6
PATIENT_S = 30.0
"""Where a wrong answer is wanted, not none: it ends the question at once, but a busy machine is late to read it."""
SILENT = ("half a minute late", "half-open")
"""Who gives no answer, not a wrong one."""


async def depths(port: str, scheme: str = "redis", timeout_s: float = TIMEOUT_S) -> None:
    source = RedisQueues(
        RedisSettings.model_validate(
            {"url": f"{scheme}://u:hunter2@127.0.0.1:{port}/0", "timeout_s": timeout_s}
        )
    )
    try:
        await source.queues()
    finally:
        await source.close()


async def workers(port: str, scheme: str = "redis", timeout_s: float = TIMEOUT_S) -> None:
    settings = {"broker_url": f"{scheme}://u:hunter2@127.0.0.1:{port}/0", "timeout_s": timeout_s}
    source = CeleryFleet(CelerySettings.model_validate({**settings, "reply_wait_s": 0.2}), None)
    try:
        await source.fleet()
    finally:
        await source.close()


async def schema(port: str, options: str = "", timeout_s: float = TIMEOUT_S) -> None:
    url = f"postgresql://u:hunter2@127.0.0.1:{port}/db{options}"
    await PostgresSchema(PostgresSettings.model_validate({"url": url, "timeout_s": timeout_s})).schema()


async def said(asking: Awaitable[None], within_s: float = 5 * TIMEOUT_S) -> SourceError:
    """The error, which must come in time, be one clean sentence and hold no secret."""
    began = time.monotonic()
    with pytest.raises(SourceError) as caught:
        await asking
    assert time.monotonic() - began < within_s
    for code in ("en", "zh"):
        sentence = Language("zh" if code == "zh" else "en").say(caught.value.message)
        assert sentence.isprintable(), sentence
        assert "hunter2" not in sentence
        assert len(sentence) < 600
    return caught.value


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
@pytest.mark.parametrize("ask", [depths, workers, schema])
async def test_a_bad_server_is_an_error_in_time(
    ask: Callable[[str], Awaitable[None]], behaviour: str
) -> None:
    with serve(BEHAVIOURS[behaviour]) as address:
        error = await said(ask(address.rsplit(":", 1)[1]))
    if behaviour in SILENT:
        assert isinstance(error, TimedOut), error


@pytest.mark.parametrize("ask", [depths, workers])
async def test_a_redis_that_answers_10_mb_is_an_error_in_time(ask: Callable[[str], Awaitable[None]]) -> None:
    flood = answer(b"$10000000\r\n" + b"\x1b[31m#" * 1_700_000 + b"\r\n")
    with serve(flood) as address:
        await said(ask(address.rsplit(":", 1)[1]))


@pytest.mark.parametrize("behaviour", ["html", "garbage", "closing"])
async def test_tls_that_is_broken_is_said_by_every_source(behaviour: str) -> None:
    with serve(BEHAVIOURS[behaviour]) as address:
        port = address.rsplit(":", 1)[1]
        url = f"https://127.0.0.1:{port}"
        prometheus = PrometheusSource(PrometheusSettings(url=url, timeout_s=PATIENT_S))
        alertmanager = AlertmanagerSource(AlertmanagerSettings(url=url, timeout_s=PATIENT_S))
        scrape = ScrapeSource(ScrapeSettings(targets=(ScrapeTarget(url=url, timeout_s=PATIENT_S),)))

        async def metrics() -> None:
            await prometheus.query("up")

        async def alerts() -> None:
            await alertmanager.alerts()

        for asking in (
            metrics(),
            alerts(),
            depths(port, "rediss", PATIENT_S),
            workers(port, "rediss", PATIENT_S),
            schema(port, "?sslmode=require", PATIENT_S),
        ):
            assert isinstance(await said(asking, PATIENT_S), Unreachable)
        await scrape.scrape_once()
        assert (await scrape.query("up")).series[0].values[0] == 0
        assert url in scrape.problems
        await prometheus.close()
        await alertmanager.close()


async def test_a_hanging_source_keeps_no_other_waiting() -> None:
    with serve(BEHAVIOURS["half a minute late"]) as late, serve(BEHAVIOURS["denied"]) as quick:
        hanging = [
            asyncio.create_task(said(ask(late.rsplit(":", 1)[1]))) for ask in (depths, workers, schema)
        ]
        await asyncio.sleep(0.1)
        began = time.monotonic()
        await said(depths(quick.rsplit(":", 1)[1]))
        assert time.monotonic() - began < TIMEOUT_S / 2
        await asyncio.gather(*hanging)
