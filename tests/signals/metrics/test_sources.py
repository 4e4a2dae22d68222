"""Sources that fail say so in one clean sentence, in time; good ones answer; a switch is announced."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from core.errors import BadQuery, CircuitOpen, Denied, SourceError, TimedOut, Unreachable
from core.message import say
from sandbox.servers import free_port
from signals.connections.breaker import Breaker, Circuit
from signals.metrics import scrape
from signals.metrics.failover import MetricFailover
from signals.metrics.scrape import ScrapeSource
from signals.prometheus.source import PrometheusSource
from signals.settings import PrometheusSettings, ScrapeSettings, ScrapeTarget, SignalsSettings
from signals.sources import open_sources
from tests.bad_servers import BEHAVIOURS, body, serve
from tui.i18n import Language

if TYPE_CHECKING:
    from pathlib import Path

    from signals.connections.breaker import Notice


def clean_sentence(error: SourceError) -> bool:
    text = Language("en").say(error.message)
    return "\x1b" not in text and "\n" not in text and not text.startswith("signals.")


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
async def test_a_bad_prometheus_is_an_error_in_time(behaviour: str) -> None:
    patient = 60 if behaviour == "denied" else 0.6  # this one answers, and on a busy machine after 0.6 s too
    with serve(BEHAVIOURS[behaviour]) as url:
        source = PrometheusSource(PrometheusSettings(url=url, timeout_s=patient))
        for ask in (lambda: source.query("up"), source.metric_names, source.alerts):
            began = time.monotonic()
            with pytest.raises(SourceError) as caught:
                await ask()
            assert time.monotonic() - began < 12
            assert clean_sentence(caught.value)
            if behaviour == "denied":
                assert isinstance(caught.value, Denied)
        await source.close()


@pytest.mark.parametrize("behaviour", [name for name in BEHAVIOURS if name not in ("html", "wrong-shape")])
async def test_a_bad_page_is_an_error_in_time(behaviour: str) -> None:
    with serve(BEHAVIOURS[behaviour]) as url:
        target = ScrapeTarget(url=url, timeout_s=0.6)
        source = ScrapeSource(ScrapeSettings(targets=(target,), max_bytes=1_000_000))
        began = time.monotonic()
        await source.scrape_once()
        assert time.monotonic() - began < 12
        assert (await source.query("up")).series[0].values[0] == 0
        assert url in source.problems


async def test_remarks_of_the_server_come_with_the_answer_they_belong_to() -> None:
    result = b'{"status":"success","data":{"resultType":"vector","result":[]}%s}'
    remarks = b',"warnings":["\\u001b[31mpartial"],"infos":["not a counter"]'
    for extra, expected in ((remarks, ("partial", "not a counter")), (b"", ())):
        with serve(body(result % extra)) as url:
            source = PrometheusSource(PrometheusSettings(url=url))
            assert (await source.query("up")).warnings == expected
            await source.close()


async def test_nobody_listens() -> None:
    source = PrometheusSource(PrometheusSettings(url=f"http://127.0.0.1:{free_port()}", timeout_s=1))
    with pytest.raises(Unreachable):
        await source.query("up")


async def test_broken_tls() -> None:
    with serve(BEHAVIOURS["html"]) as url:
        source = PrometheusSource(PrometheusSettings(url=url.replace("http", "https"), timeout_s=1))
        with pytest.raises(SourceError):
            await source.query("up")
        with pytest.raises(SourceError):
            await source.metric_names()


async def test_a_page_is_scraped_and_evaluated() -> None:
    page = b'# TYPE jobs counter\njobs_total{code="200",job="theirs"} 5\n'
    with serve(body(page)) as url:
        source = ScrapeSource(ScrapeSettings(targets=(ScrapeTarget(url=url, job="app"),)))
        await source.scrape_once()
        answer = await source.query("jobs_total")
    assert answer.series[0].values[0] == 5
    assert dict(answer.series[0].labels)["job"] == "app"
    assert dict(answer.series[0].labels)["exported_job"] == "theirs"


async def test_100_000_series_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them, however slow the machine: how fast is a matter of `make bench`."""
    monkeypatch.setattr(scrape, "EVALUATION_S", 120.0)
    page = b"".join(b'm{i="%d"} %d\n' % (i, i) for i in range(100_000))
    with serve(body(page)) as url:
        settings = ScrapeSettings(targets=(ScrapeTarget(url=url, timeout_s=120),), max_series=150_000)
        source = ScrapeSource(settings)
        await source.scrape_once()
        assert (await source.query("count(m)")).series[0].values[0] == 100_000


async def test_the_first_question_waits_for_the_first_pages_of_all_targets() -> None:
    """Not "not queried yet" for two seconds, and no sum over half of the targets."""

    def late(connection: socket.socket) -> None:
        time.sleep(0.3)
        body(b"jobs 2\n")(connection)

    with serve(body(b"jobs 1\n")) as one, serve(late) as other:
        scrape_settings = ScrapeSettings(targets=(ScrapeTarget(url=one), ScrapeTarget(url=other)))
        async with open_sources(SignalsSettings(scrape=scrape_settings), lambda _: None) as sources:
            await asyncio.sleep(0.1)  # the first page is there
            assert sources.metrics is not None
            assert (await sources.metrics.query("sum(jobs)")).series[0].values[0] == 3


async def test_a_target_that_hangs_keeps_the_first_questions_waiting_only_once() -> None:
    with serve(body(b"jobs 1\n")) as one, serve(BEHAVIOURS["half a minute late"]) as other:
        scrape_settings = ScrapeSettings(targets=(ScrapeTarget(url=one), ScrapeTarget(url=other)))
        async with open_sources(SignalsSettings(scrape=scrape_settings), lambda _: None) as sources:
            assert sources.metrics is not None
            for limit_s in (scrape.FIRST_PAGES_S + 5, scrape.FIRST_PAGES_S / 2):
                async with asyncio.timeout(limit_s):
                    assert (await sources.metrics.query("sum(jobs)")).series[0].values[0] == 1


async def test_a_switch_is_announced_once_and_so_is_the_return() -> None:
    notices: list[Notice] = []
    port = free_port()
    with serve(body(b"m 1\n")) as url:
        settings = SignalsSettings(
            prometheus=PrometheusSettings(url=f"http://127.0.0.1:{port}", timeout_s=1),
            scrape=ScrapeSettings(targets=(ScrapeTarget(url=url, interval_s=0.2),)),
            breaker_failures=1,
            breaker_rest_s=0.3,
        )
        async with open_sources(settings, notices.append) as sources:
            await asyncio.sleep(0.5)
            for _ in range(3):
                assert (await sources.metrics.query("m")).source == "scrape"
            assert [notice.message.key for notice in notices] == ["signals.switched"]
            with pytest.raises(BadQuery):
                await sources.metrics.query("sum(")


def test_a_circuit_opens_after_failures_in_a_row_and_lets_one_try_later() -> None:
    circuit = Circuit(limit=2, rest_s=10)
    circuit.record_failure(0, 0)
    assert not circuit.retry_in_s(0)
    circuit.record_failure(1, 1)
    assert circuit.retry_in_s(2) == 9
    assert not circuit.retry_in_s(11)
    circuit.record_failure(11, 11)
    assert circuit.retry_in_s(12) == 9
    circuit.record_success(12)
    assert not circuit.retry_in_s(12)


async def test_the_questions_of_one_round_fail_once() -> None:
    async def late() -> None:
        await asyncio.sleep(0.01)
        raise TimedOut(say("signals.timed_out", source="t", seconds=1))

    breaker = Breaker("t", SignalsSettings(breaker_failures=3), remote=True)
    for _ in range(3):
        answers = await asyncio.gather(*(breaker.ask(late) for _ in range(37)), return_exceptions=True)
        assert {type(answer) for answer in answers} == {TimedOut}
    with pytest.raises(CircuitOpen) as caught:
        await breaker.ask(late)
    assert caught.value.message.values["failures"] == 3


async def test_after_a_rest_one_question_tries_and_the_others_go_by_its_outcome() -> None:
    settings = SignalsSettings(breaker_failures=1)
    breaker, tried = Breaker("p", settings, remote=True), 0

    async def away() -> str:
        nonlocal tried
        tried += 1
        await asyncio.sleep(0)
        raise Unreachable(say("signals.no_source"))

    async def back() -> str:
        nonlocal tried
        tried += 1
        await asyncio.sleep(0)
        return "there"

    with pytest.raises(Unreachable):
        await breaker.ask(away)
    breaker._circuit.open_until = 0.0
    failed = await asyncio.gather(*(breaker.ask(away) for _ in range(37)), return_exceptions=True)
    assert [type(error) for error in failed] == [Unreachable] + 36 * [CircuitOpen]
    assert tried == 2

    breaker._circuit.open_until = 0.0
    probe = asyncio.create_task(breaker.ask(back))
    others = [asyncio.create_task(breaker.ask(back)) for _ in range(36)]
    await asyncio.sleep(0)
    assert tried == 3
    probe.cancel()  # then another one is the probe
    assert await asyncio.gather(*others) == 36 * ["there"]


async def test_no_source_is_said() -> None:
    failover = MetricFailover([], SignalsSettings(), lambda _: None)
    with pytest.raises(Unreachable):
        await failover.query("up")


if shutil.which("prometheus"):

    async def test_a_real_prometheus_answers(tmp_path: Path) -> None:
        port = free_port()
        rules = tmp_path / "rules.yml"
        rules.write_text(
            "groups: [{name: g, interval: 1s, rules: [{alert: Always, expr: vector(2) > 1, labels: {severity: page},"
            " annotations: {summary: 'value {{ $value }}'}}]}]\n"
        )
        (tmp_path / "p.yml").write_text(
            f"global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nrule_files: ['{rules}']\n"
            f"scrape_configs: [{{job_name: self, static_configs: [{{targets: ['127.0.0.1:{port}']}}]}}]\n"
        )
        server = subprocess.Popen(  # noqa: ASYNC220  # it starts at once
            [
                "prometheus",
                f"--config.file={tmp_path}/p.yml",
                f"--storage.tsdb.path={tmp_path}/d",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        source = PrometheusSource(PrometheusSettings(url=f"http://127.0.0.1:{port}"))
        try:
            alerts = None
            for _ in range(100):
                await asyncio.sleep(0.2)
                try:
                    alerts = await source.alerts()
                    if alerts.alerts and (await source.query("up")).series:
                        break
                except SourceError:
                    continue
            assert alerts is not None
            assert alerts.alerts[0].name == "Always"
            assert alerts.alerts[0].annotations["summary"] == "value 2"
            assert (await source.query("up")).series[0].values[0] == 1
            assert (await source.query("1 + 1")).series[0].values[0] == 2
            long = "vector(1)" + " + vector(1)" * 1_000
            assert len(long) > 8_192
            assert (await source.query(long)).series[0].values[0] == 1_001
            assert (await source.query_range(long, time.time() - 60, time.time(), 30)).series
            now = time.time()
            span = await source.query_range("vector(7)", now - 10.5, now - 0.5, 5)
            assert span.series[0].times == pytest.approx((now - 10.5, now - 5.5, now - 0.5), abs=0.001)
            assert "up" in await source.metric_names()
            young = MetricFailover([source], SignalsSettings(), lambda _: None)
            watched_s = await young.watched_s(time.time())
            assert watched_s is not None
            assert watched_s < 300, "a Prometheus that has just started knows minutes, not 30 d"
            with pytest.raises(BadQuery):
                await source.query("sum(")
        finally:
            server.terminate()
            server.wait(40)
            await source.close()


async def test_everything_that_is_configured_can_be_asked(redis_url: str, postgres_url: str) -> None:
    settings = SignalsSettings.model_validate(
        {"redis": {"url": redis_url}, "postgres": {"url": postgres_url}}
    )
    async with open_sources(settings, lambda _: None) as sources:
        assert sources.queues is not None
        assert sources.fleet is not None
        assert sources.schema is not None
