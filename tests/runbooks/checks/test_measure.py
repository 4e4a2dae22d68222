"""A check is measured against real sources, and what could not be evaluated is unknown, never passed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace

import psycopg
import pytest
import redis
from pydantic import SecretStr

from core.message import say
from incidents.events.phrase import Phrase
from runbooks.checks.measure import measure
from runbooks.checks.observation import Observation, check_result
from runbooks.checks.permission import Permission
from runbooks.checks.probe import judge_schema, judge_workers
from runbooks.model import Check
from runbooks.reading.blocks import read_check_block
from signals.celery.model import Fleet, Queue, Queues, Worker, WorkerState
from signals.celery.queues import RedisQueues
from signals.database.model import Drift, Schema
from signals.database.postgres import PostgresSchema
from signals.metrics.failover import MetricFailover
from signals.metrics.scrape import ScrapeSource
from signals.metrics.trend import Direction
from signals.reading import Answer, Series, Verdict
from signals.settings import PostgresSettings, RedisSettings, ScrapeSettings, SignalsSettings
from signals.sources import Sources
from signals.store.ring import Ring
from tests.bad_servers import BEHAVIOURS, answer, body, serve
from tests.chimera import DATABASE
from tests.runbooks.scraped import scraped
from tests.signals.database.test_postgres import HEAD, migrate
from tui.i18n import Language

OK, BURNING, UNKNOWN = Verdict.OK, Verdict.BURNING, Verdict.UNKNOWN


def check(text: str) -> Check:
    found, problems = read_check_block(text, "book.md", 1)
    assert problems == ()
    assert found is not None
    return found


async def seen(text: str, sources: Sources, environment: Mapping[str, str] | None = None) -> Observation:
    bundled = replace(check(text), bundled=True)  # what a team's own may not do: test_permission.py
    return await measure(bundled, sources, time.time(), Permission(environment or {}))


def told(found: Observation, code: str = "en") -> str:
    return Language("zh" if code == "zh" else "en").say(found.text)


RISING, FALLING = (lambda at: 100 + at / 20), (lambda at: 10 - at / 20)


@pytest.mark.parametrize(
    ("expect", "verdict", "text"),
    [
        ("< 200", OK, "100/min rising, expected < 200/min"),
        ("< 20", BURNING, "100/min rising, expected < 20/min"),
        ("falling", BURNING, "100/min rising, expected falling"),
        ("rising", OK, "100/min rising, expected rising"),
        ("not rising", BURNING, "100/min rising, expected not rising"),
        ("some", OK, "1 series, expected some series"),
        ("none", BURNING, "1 series, expected no series"),
    ],
)
async def test_a_metric_is_told_with_its_trend_and_what_was_expected(
    expect: str, verdict: Verdict, text: str
) -> None:
    found = await seen(f"promql: load\nexpect: {expect}\nunit: 1/min", scraped(load=RISING))
    assert (found.verdict, told(found)) == (verdict, text)
    assert (found.source, found.query) == ("scrape", "load")
    assert found.at is not None
    assert abs(found.at - time.time()) < 60
    if expect not in ("some", "none"):
        assert (found.value, found.trend, found.unit) == (100, Direction.RISING, "1/min")


@pytest.mark.parametrize("promql", ["load > 1e9", 'ALERTS{alertname="X"}'])
async def test_no_series_passes_where_the_metric_is_known(promql: str) -> None:
    found = await seen(f"promql: {promql}\nexpect: none", scraped(load=RISING))
    assert (found.verdict, found.value) == (OK, 0)


async def test_both_languages_speak() -> None:
    found = await seen("promql: load\nexpect: not rising\nunit: 1/min", scraped(load=FALLING))
    assert told(found, "zh") == "10/min 下降，预期不上升"


class Partial(ScrapeSource):
    """Says of each answer that a part of it is missing, and another thing of the past."""

    def __init__(self) -> None:
        super().__init__(ScrapeSettings())
        self._ring = Ring(7200)
        for ago in range(1200, -1, -15):
            self._ring.append((("__name__", "load"),), time.time() - ago, 10.0)

    async def query(self, expr: str, at: float | None = None) -> Answer:
        return replace(await super().query(expr, at), warnings=("store 7 timed out",))

    async def query_range(self, expr: str, start: float, end: float, step: float) -> Answer:
        answer = await super().query_range(expr, start, end, step)
        return replace(answer, warnings=("store 7 timed out", "store 8 is slow"))


@pytest.mark.parametrize(
    ("text", "warned"),
    [
        ("load\nexpect: < 20", ["7", "8"]),
        ("load\nexpect: < 20\nfor: 10m", ["7", "8"]),
        ("load\nexpect: < 5\nfor: 10m", ["7", "8"]),
        ("load\nexpect: some", ["7"]),
        ("load > 99\nexpect: none", ["7"]),
        ("load > 99\nexpect: < 20", ["7"]),
    ],
)
async def test_what_a_server_warns_of_stands_behind_the_value_once(text: str, warned: list[str]) -> None:
    sources = Sources(metrics=MetricFailover([Partial()], SignalsSettings(), lambda _: None))
    seen_now = await seen(f"promql: {text}", sources)
    words = {"7": "scrape warns: store 7 timed out", "8": "scrape warns: store 8 is slow"}
    assert told(seen_now).endswith("; " + "; ".join(words[store] for store in warned))
    assert told(seen_now).count("warns") == len(warned)
    result = check_result(seen_now, time.time() + 60)
    assert "store 7" in Phrase.from_message(result, Language("zh").say).words
    Phrase.model_validate_json(Phrase.from_message(result, Language("zh").say).model_dump_json())


async def test_of_several_series_the_worst_speaks_and_is_named() -> None:
    sources = scraped(depth__ai=lambda _: 7, depth__matches=lambda _: 143, depth__mail=lambda _: 90)
    found = await seen("promql: depth\nexpect: < 100", sources)
    assert (found.verdict, found.value) == (BURNING, 143)
    assert told(found) == "queue=matches: 143 steady, expected < 100 (of 3 series)"
    low = await seen("promql: depth\nexpect: >= 5", sources)
    assert (low.verdict, low.value) == (OK, 7)


async def test_of_several_trends_one_that_fails_speaks() -> None:
    found = await seen(
        "promql: depth\nexpect: not rising", scraped(depth__a=lambda at: 500 - at / 2, depth__b=RISING)
    )
    assert (found.verdict, found.value) == (BURNING, 100)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("promql: lod\nexpect: < 5", "s looked at (nearest: load)"),
        ("promql: something_else\nexpect: < 5", "NO DATA: something_else was not exported in the "),
        ('promql: load{a="b"}\nexpect: < 5', "NO DATA: no series"),
        ("promql: load > 1e9\nexpect: < 5", "NO DATA: no series"),
        ("promql: lod > 1e9\nexpect: none", "s looked at (nearest: load)"),
        ("promql: 0 * load / 0\nexpect: < 5", "NaN"),
        ("promql: load and on() vector(1)\nexpect: falling\nwindow: 3s", "too few samples"),
        ("promql: sum(rate(load[5m])\nexpect: < 5", "unclosed left parenthesis"),
        ("probe: queue\nqueue: ai\nexpect: < 5", "[signals.redis] is not configured"),
        ("probe: workers\nexpect: '> 0'", "[signals.celery] is not configured"),
        ("probe: schema", "[signals.postgres] is not configured"),
    ],
)
async def test_what_cannot_be_evaluated_is_unknown_and_says_why(text: str, why: str) -> None:
    found = await seen(text, scraped(load=RISING))
    assert found.verdict is UNKNOWN
    assert why in told(found)
    assert told(found).startswith("unknown: ")


async def test_without_any_source_of_metrics_a_check_is_unknown() -> None:
    found = await seen(
        "promql: up\nexpect: some", Sources(metrics=MetricFailover([], SignalsSettings(), lambda _: None))
    )
    assert (found.verdict, found.value, found.at) == (UNKNOWN, None, None)


NOTHING = Sources(metrics=MetricFailover([], SignalsSettings(), lambda _: None))


@pytest.mark.parametrize(
    ("status", "expect", "verdict"),
    [
        (b"200 OK", "status 200", OK),
        (b"401 Unauthorized", "status 401 or 403", OK),
        (b"200 OK", "status 401 or 403", BURNING),
        (b"503 Busy", "< 500", BURNING),
        (b"302 Found\r\nLocation: http://127.0.0.1:1/login", "status 200", BURNING),
    ],
)
async def test_an_http_answer_is_judged_by_its_own_status(
    status: bytes, expect: str, verdict: Verdict
) -> None:
    with serve(body(b"x", status)) as url:
        found = await seen(f"probe: http\nurl: {url}/me\nexpect: {expect}", NOTHING)
    assert (found.verdict, found.value) == (verdict, float(status[:3]))
    assert (found.source, found.query) == ("http", f"GET {url}/me")
    assert told(found).startswith(f"HTTP {int(status[:3])}, expected")


async def test_secrets_go_to_the_server_and_nowhere_else() -> None:
    heard: list[bytes] = []

    def listen(connection: object) -> None:
        answer(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n")(connection)  # type: ignore[arg-type]  # a socket

    import socket
    import threading

    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        connection, _ = listener.accept()
        with connection:
            heard.append(connection.recv(65536))
            listen(connection)

    thread = threading.Thread(target=accept)
    thread.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    text = f"probe: http\nurl: {url}/?key=${{KEY}}\nheaders:\n  Authorization: Bot ${{TOKEN}}\nexpect: status 401"
    found = await seen(text, NOTHING, {"TOKEN": "s3cret", "KEY": "k3y"})
    thread.join()
    listener.close()
    assert b"authorization: bot s3cret" in heard[0].lower()
    assert b"/?key=k3y" in heard[0]
    assert found.verdict is OK
    everything = repr(found) + told(found)
    assert "s3cret" not in everything
    assert "k3y" not in everything
    assert "${KEY}" in found.query


@pytest.mark.parametrize("value", ["sec\nret", "sec\x00ret", "sécret\u4e2d"])
async def test_a_header_that_cannot_be_sent_is_not_quoted(value: str) -> None:
    with serve(body(b"x")) as url:
        text = f"probe: http\nurl: {url}\nheaders: ['X-Key: ${{KEY}}']\nexpect: status 200"
        found = await seen(text, NOTHING, {"KEY": value})
    assert found.verdict is UNKNOWN
    assert "ret" not in told(found)


async def test_a_missing_variable_is_named_and_nothing_is_asked() -> None:
    found = await seen(
        "probe: http\nurl: http://127.0.0.1:1/${OLD_KEY}\nexpect: status 401", NOTHING, {"OLD_KEY": ""}
    )
    assert found.verdict is UNKNOWN
    assert "OLD_KEY is not set" in told(found)


@pytest.mark.parametrize("behaviour", ["half-open", "closing", "garbage"])
async def test_a_bad_server_is_unknown_in_time(behaviour: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runbooks.checks.probe.TIMEOUT_S", 0.6)
    with serve(BEHAVIOURS[behaviour]) as url:
        began = time.monotonic()
        found = await seen(f"probe: http\nurl: {url}\nexpect: status 200", NOTHING)
        assert time.monotonic() - began < 12
    assert found.verdict is UNKNOWN


@pytest.mark.parametrize("url", ["ftp://x/", "http://", "nonsense", "http://[::1", "http://127.0.0.1:1/"])
async def test_an_address_that_leads_nowhere_is_unknown(url: str) -> None:
    assert (await seen(f"probe: http\nurl: '{url}'\nexpect: status 200", NOTHING)).verdict is UNKNOWN


async def test_a_queue_of_the_broker_is_counted(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.lpush("ai", *(["{}"] * 7))
    queues = RedisQueues(RedisSettings(url=SecretStr(redis_url), queues=("matches", "ai")))
    sources = replace(NOTHING, queues=queues)
    found = await seen("probe: queue\nqueue: ai\nexpect: < 5", sources)
    assert (found.verdict, found.value, told(found)) == (BURNING, 7, "7, expected < 5")
    assert (await seen("probe: queue\nqueue: ai\nexpect: not rising", sources)).verdict is UNKNOWN
    gone = await seen("probe: queue\nqueue: match\nexpect: < 5", sources)
    assert gone.verdict is UNKNOWN
    assert "no queue match (known: matches)" in told(gone)
    await queues.close()


async def test_a_queue_that_was_looked_at_for_a_while_has_a_trend() -> None:
    from runbooks.checks.probe import judge_queue

    depths = Series((), tuple(range(10)), tuple(100.0 - 9 * at for at in range(10)))
    queue = Queue(
        name="ai",
        waiting=19,
        unacked=None,
        by_priority={},
        oldest_s=None,
        oldest_is_floor=False,
        depths=depths,
    )
    found = judge_queue(
        check("probe: queue\nqueue: ai\nexpect: falling"),
        Queues(
            queues=(queue,),
            at=1_800_000_000.0,
            source="redis",
            eviction_policy=None,
            used_bytes=None,
            limit_bytes=None,
        ),
    )
    assert (found.verdict, told(found)) == (OK, "19 falling, expected falling")


def worker(state: WorkerState, *, signed_off: bool = False) -> Worker:
    return Worker(
        name=f"{state}@here",
        state=state,
        evidence=say("fleet.idle", waiting=0),
        last_seen=1_800_000_000.0,
        queues=(),
        pool_size=None,
        active=None,
        reserved=None,
        oldest_active_s=None,
        rate_limits={},
        signed_off=signed_off,
    )


IDLE, BUSY, STUCK = (worker(one) for one in (WorkerState.IDLE, WorkerState.BUSY, WorkerState.STUCK))
SILENT, GONE = worker(WorkerState.UNKNOWN), worker(WorkerState.UNKNOWN, signed_off=True)


@pytest.mark.parametrize(
    ("workers", "expect", "verdict"),
    [
        ((IDLE, BUSY), ">= 2", OK),
        ((IDLE, STUCK), ">= 2", BURNING),
        ((IDLE, SILENT), ">= 1", OK),
        ((IDLE, SILENT), ">= 2", UNKNOWN),
        ((SILENT,), "== 0", UNKNOWN),
        ((GONE,), "== 0", OK),
        ((GONE, IDLE), ">= 2", BURNING),
        ((), "== 0", UNKNOWN),
    ],
)
def test_workers_are_counted_by_what_is_known_of_them(
    workers: tuple[Worker, ...], expect: str, verdict: Verdict
) -> None:
    found = judge_workers(
        check(f"probe: workers\nexpect: {expect}"), Fleet(workers, 1_800_000_000.0, "celery")
    )
    assert found.verdict is verdict


async def test_the_schema_of_a_real_database(postgres_url: str) -> None:
    sources = replace(
        NOTHING, schema=PostgresSchema(PostgresSettings.model_validate({"url": postgres_url, **DATABASE}))
    )
    whole = (
        "probe: schema\ntable: user_profiles\nrevision: head\n"
        "indexes: [idx_user_profiles_puuid, idx_user_profiles_last_updated]"
    )
    before = await seen(whole, sources)
    assert (before.verdict, before.value) == (BURNING, 4)
    assert "user_profiles, idx_user_profiles_puuid" in told(before)
    assert migrate(postgres_url, "upgrade", "head") == 0
    assert [(await seen(text, sources)).verdict for text in (whole, "probe: schema")] == [OK, OK]
    assert (await seen(f"probe: schema\nrevision: {HEAD}", sources)).value == 0
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DROP INDEX idx_user_profiles_puuid")
    after = await seen(whole, sources)
    assert (after.verdict, after.value) == (BURNING, 1)
    unsaid = replace(NOTHING, schema=PostgresSchema(PostgresSettings(url=SecretStr(postgres_url))))
    assert (await seen("probe: schema\nrevision: head", unsaid)).verdict is UNKNOWN, (
        "no scripts say what is new"
    )
    assert (await seen("probe: schema\ntable: user_profiles", unsaid)).verdict is OK
    gone = await seen("probe: schema\ntable: user_profiles\nexpect: '> 0'", sources)
    assert gone.verdict is BURNING


def test_a_database_of_a_newer_release_is_not_at_head() -> None:
    found = Schema(
        revisions=("abc",),
        heads=("h1",),
        drift=Drift.AHEAD,
        missing=(),
        unexpected=(),
        invalid_indexes=(),
        blockers=(),
        connections=1,
        connection_limit=2,
        address="db:5432/app",
        at=1_800_000_000.0,
        source="postgres",
        tables=("t",),
        indexes=("i",),
    )
    seen_ = judge_schema(check("probe: schema\nrevision: head\ntable: t\nindexes: i"), found)
    assert (seen_.verdict, seen_.value) == (BURNING, 1)
    assert "head h1 (ahead: abc)" in told(seen_)
