"""Why a number is missing: each cause is told apart from the others, on real answers of the real scrape source."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from core.errors import Unreachable
from core.message import Message, say
from incidents.events.phrase import Phrase
from panels.no_data.diagnose import deciding, diagnose
from panels.no_data.diagnosis import Cause, Diagnosis, no_data_message
from panels.query_cache import QueryCache
from signals.metrics.failover import MetricFailover
from signals.metrics.model import NEVER_S
from signals.metrics.promql import evaluate, evaluate_range
from signals.metrics.promql.names import Needs, Selector, needs
from signals.metrics.scrape import ScrapeSource
from signals.reading import Answer
from signals.settings import ScrapeSettings, ScrapeTarget, SignalsSettings
from signals.store.ring import Ring, Sample
from tests.page import Page, page_server
from tui.i18n import Language

Q = say("panels.text", text="q")


def words(message: Message) -> str:
    return Language("en").say(message)


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        ("rate(a[5m])", "a*"),
        ("a or b", "any(all(a), all(b))"),
        ("sum(rate(a[5m]) or rate(b[5m])) / c", "any(all(a*), all(b*)), c"),
        ("a or vector(0)", "any(all(a), all())"),
        ("a unless b", "a"),
        ("a and b", "a, b"),
        ("absent(a)", ""),
        ("-(max_over_time(a[1h:1m]))", "a"),
        ('topk(3, a{x="1\\"2"})', 'a{x="1\\"2"}'),
    ],
)
def test_what_an_expression_cannot_do_without(expr: str, expected: str) -> None:
    def show(part: Needs | Selector) -> str:
        if isinstance(part, Selector):
            return part.text() + "*" * part.ranged
        inner = ", ".join(show(one) for one in part.parts)
        return f"{part.how}({inner})"

    assert show(needs(expr)) == f"all({expected})"


NEVER, QUIET = Diagnosis(Cause.NEVER_EXPORTED, "m", watched_s=NEVER_S), Diagnosis(Cause.NO_TRAFFIC, "m")
LABEL = Diagnosis(Cause.NO_LABEL, "m", label="x")


@pytest.mark.parametrize(
    ("expr", "stages", "expected"),
    [
        ("a", {"a": NEVER}, "never exported"),
        ("a or b", {"a": NEVER, "b": QUIET}, "nothing was counted"),
        ("a / b", {"a": NEVER, "b": QUIET}, "never exported"),
        ("a / b or c", {"a": NEVER, "b": QUIET, "c": LABEL}, "no label 'x'"),
        ("a or vector(0)", {"a": NEVER}, "never exported"),
        ("vector(0)", {}, "nothing was counted"),
    ],
)
def test_the_alternative_that_got_furthest_speaks(
    expr: str, stages: dict[str, Diagnosis], expected: str
) -> None:
    wanted = needs(expr)
    assert expected in words(
        no_data_message(Q, deciding(wanted, {one: stages[one.name] for one in wanted.selectors()}))
    )


@pytest.mark.parametrize(
    ("up", "instance", "expected"),
    [
        (None, "", "m disappeared, last seen 3 min ago"),
        (None, "app:1", "with its exporter app:1, which is no longer scraped"),
        (0.0, "app:1", "the exporter app:1 does not answer (up = 0); m last seen 3 min ago"),
        (1.0, "app:1", "although app:1 answers"),
    ],
)
def test_a_metric_that_is_gone_says_when_and_with_whom(
    up: float | None, instance: str, expected: str
) -> None:
    evidence = Diagnosis(Cause.DISAPPEARED, "m", last_seen_s=180, up=up, instance=instance)
    assert expected in words(no_data_message(Q, evidence))


@dataclass
class Service:
    """It does not answer well until it has a page."""

    address: str = ""
    text: str = ""
    status: int = 503

    def page(self, _: str) -> Page:
        return Page(self.text.encode(), 200 if self.text else self.status)


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    with page_server(made.page) as url:
        made.address = url.removeprefix("http://")
        yield made


async def sentence(expr: str, cache: QueryCache) -> str:
    diagnosis = await diagnose(expr, cache, time.time())
    assert isinstance(diagnosis, Diagnosis)
    return words(no_data_message(Q, diagnosis))


async def asked(expr: str, scrape: ScrapeSource) -> str:
    answer = await scrape.query(expr)
    assert not answer.series, "only a query without an answer is explained"
    return await sentence(expr, QueryCache(scrape))


async def test_the_scrape_source_is_asked_for_each_cause(service: Service) -> None:
    target = ScrapeTarget(url=f"http://{service.address}/metrics", timeout_s=30)
    scrape = ScrapeSource(ScrapeSettings(targets=(target,)))
    for service.status, service.text, reason in (
        (503, "", "HTTP 503"),
        (401, "", "refused the credentials (HTTP 401)"),
        (200, "<!doctype html><title>Log in</title>", "HTML and no metrics"),
    ):
        await scrape.scrape_once()
        said = await asked("hits_total", scrape)
        assert re.search(r"hits_total was not seen in the [\d.]+ m?s looked at; ", said)
        assert reason in said
        assert "does not answer" not in said

    service.text = 'hits_total{code="200",path="/a"} 1\nhits_total{code="500",path="/b"} 1\n'
    await scrape.scrape_once()
    assert "hits_total has one sample" in await asked("rate(hits_total[5m])", scrape)
    await scrape.scrape_once()

    assert "s looked at (nearest: hits_total)" in await asked("rate(hit_total[5m])", scrape)
    assert "hits_total has no label 'status'" in await asked('hits_total{status="500"}', scrape)
    assert 'has code="404"; there are: 200, 500' in await asked('hits_total{code="404"}', scrape)
    assert "none meets all of them" in await asked('hits_total{code="200",path="/b"}', scrape)
    assert "nothing was counted" in await asked('hits_total{code!~"200|500"}', scrape)
    assert "nothing was counted" in await asked("hits_total > 9", scrape)


class Away(ScrapeSource):
    """A source that does not answer."""

    name = "first"

    async def metric_names(self) -> frozenset[str]:
        raise Unreachable(say("signals.no_source"))


@pytest.mark.parametrize(("since_s", "span"), [(20, "20 s"), (7200, "10 min")])
@pytest.mark.parametrize("expr", ["misses_total", "hit_total"])
async def test_a_scrape_says_how_long_it_has_looked_and_never_says_never(
    service: Service, expr: str, since_s: float, span: str
) -> None:
    settings = ScrapeSettings(
        targets=(ScrapeTarget(url=f"http://{service.address}/metrics"),), retention_s=600
    )
    scrape, signals = ScrapeSource(settings), SignalsSettings()
    service.text = "hits_total 1\n"
    await scrape.scrape_once()
    scrape.since = time.time() - since_s
    for source in (scrape, MetricFailover([Away(settings), scrape], signals, lambda _: None)):
        diagnosis = await diagnose(expr, QueryCache(source), time.time())
        assert isinstance(diagnosis, Diagnosis)
        message = no_data_message(Q, diagnosis)
        assert f"{expr} was not exported in the {span} looked at" in Language("en").say(message)
        assert "从未" not in Language("zh").say(message)
        Phrase.from_message(message, words)  # a key that is not listed is an error here


async def test_a_scrape_that_never_got_a_page_says_how_long_it_tried() -> None:
    evidence = Diagnosis(Cause.EXPORTER_DOWN, "m", down=("app:1",), watched_s=20.0)
    assert "m was not seen in the 20 s looked at, and app:1 does not answer" in words(
        no_data_message(Q, evidence)
    )


async def test_who_cannot_say_how_far_back_it_knows_says_so() -> None:
    source = Stored()
    source.scrape(5, hits_total=1.0)
    failover = MetricFailover([source], SignalsSettings(), lambda _: None)  # no `up`: pushed, not scraped
    for expr, near in (("hit_total", " (nearest: hits_total)"), ("misses", "")):
        said = await sentence(expr, QueryCache(failover))
        assert f"{expr} is not exported{near}; how far back its source knows is unknown" in said
    source.scrape(4, up=1.0)
    assert await failover.watched_s(time.time()) is None, "one answer for some seconds"
    later = time.time() + 6
    source.scrape(4 - 6, up=1.0)
    assert (await failover.watched_s(later) or 0) > 0


class Stored:
    """Stands for a Prometheus: a ring that counts what it is asked, and names only what it has seen in the last hour."""

    remote = False

    def __init__(self) -> None:
        self.name = "first"
        self.asked: list[str] = []
        self.ring = Ring(7200)

    def scrape(self, ago_s: float, **values: float) -> None:
        """One page of one target, `ago_s` seconds ago."""
        target = (("instance", "app:1"), ("job", "app"))
        samples = [Sample((("__name__", name), *target), value) for name, value in values.items()]
        self.ring.scrape("t", time.time() - ago_s, samples)

    async def query(self, expr: str, at: float | None = None) -> Answer:
        self.asked.append(expr)
        return evaluate(expr, self.ring, time.time() if at is None else at, self.name)

    async def query_range(self, expr: str, start: float, end: float, step: float) -> Answer:
        return evaluate_range(expr, self.ring, start, end, step, self.name)

    async def metric_names(self) -> frozenset[str]:
        now_ms = int(time.time() * 1000)
        recent = self.ring.select((), now_ms - 3_600_000, now_ms)
        return frozenset(dict(series.labels)["__name__"] for series in recent)

    async def has_had(self, metric: str) -> bool:
        return metric in self.ring.metric_names()


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ({"up": 1.0}, "although app:1 answers"),
        ({"up": 0.0}, "the exporter app:1 does not answer (up = 0)"),
        ({}, "with its exporter app:1, which is no longer scraped"),
    ],
)
async def test_a_metric_that_left_is_looked_for_in_the_past(now: dict[str, float], expected: str) -> None:
    source = Stored()
    for ago_s in (1260, 1230, 1200):
        source.scrape(ago_s, up=1.0, hits_total=5.0)
    source.scrape(1170, **now)
    source.scrape(5, **now)
    said = await sentence("rate(hits_total[5m])", QueryCache(source))
    assert expected in said
    assert "20 min" in said


async def test_a_metric_that_was_there_for_a_moment_is_not_called_never_seen() -> None:
    source = Stored()
    now = time.time()
    between = now % 2.5 + 100 - 0.5  # between two of the moments that are looked at: they stand 2.5 s apart
    for later_s in (0.0, 0.5):
        source.scrape(between - later_s, up=1.0, hits_total=5.0)
    source.scrape(between - 1.0, up=0.0)
    source.scrape(1, up=0.0)
    said = await sentence("hits_total", QueryCache(source))
    assert "the exporter app:1 does not answer (up = 0)" in said
    gone = no_data_message(Q, Diagnosis(Cause.DISAPPEARED, "m"))
    assert "m disappeared; when is not known" in words(gone)


async def test_equal_questions_are_asked_once_and_slow_ones_kept() -> None:
    source = Stored()
    source.scrape(0, x=1.0)
    cache = QueryCache(source)
    await asyncio.gather(*(cache.query("x") for _ in range(5)))
    assert source.asked == ["x"]
    await asyncio.sleep(0.6)
    await cache.query("x", max_age_s=60)
    assert source.asked == ["x"], "a kept answer is good enough for this question"
    await cache.query("x")
    await cache.query("nothing", max_age_s=60)
    await asyncio.sleep(0.6)
    await cache.query("nothing", max_age_s=60, empty_max_age_s=60)
    assert source.asked == ["x", "x", "nothing"], "silence will do when the question says so"
    await cache.query("nothing", max_age_s=60)
    assert source.asked == ["x", "x", "nothing", "nothing"], "else it is asked about anew"
    source.name = "second"
    await cache.query("x", max_age_s=60)
    assert source.asked[-1] == "x", "another source has other numbers"


async def test_a_question_that_broke_is_asked_again() -> None:
    source = Stored()
    cache = QueryCache(source)
    real = source.query

    async def broken(expr: str, at: float | None = None) -> Answer:
        raise RuntimeError(expr)

    source.query = broken  # type: ignore[method-assign]
    with pytest.raises(RuntimeError):
        await cache.query("x", max_age_s=60)
    source.query = real  # type: ignore[method-assign]
    assert isinstance(await cache.query("x", max_age_s=60), Answer)


async def test_nothing_is_left_waiting_at_the_end() -> None:
    source = Stored()
    cache = QueryCache(source)
    asked, ended = asyncio.Event(), asyncio.Event()

    async def hanging(expr: str, at: float | None = None) -> Answer:
        asked.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()
        raise AssertionError

    source.query = hanging  # type: ignore[method-assign]
    waiter = asyncio.create_task(cache.query("x"))
    await asked.wait()
    waiter.cancel()
    await asyncio.gather(waiter, return_exceptions=True)
    assert not ended.is_set(), "another may still wait for it"
    await cache.close()
    assert ended.is_set()
