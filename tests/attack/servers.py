"""Hostile servers: a Prometheus, a page and a Redis that send anything. One sentence, in time, in bounded memory."""

from __future__ import annotations

import asyncio
import gzip
import json
import random
import resource
import socket
import time
import zlib
from collections.abc import Callable, Coroutine

from pydantic import SecretStr

from core.errors import SourceError
from signals.celery.queues import RedisQueues
from signals.metrics.scrape import ScrapeSource
from signals.prometheus.source import PrometheusSource
from signals.settings import PrometheusSettings, RedisSettings, ScrapeSettings
from tests.attack.attack import Attack, Broken, Figures, Round, mutate
from tests.bad_servers import BEHAVIOURS, serve

TIMEOUT_S = 1.0
MAX_S = 12.0
"""A deadline of a second, once for each of several questions, on a busy machine."""
GOOD = json.dumps(
    {
        "status": "success",
        "data": {
            "resultType": "vector",
            "result": [{"metric": {"__name__": "up", "a": "b"}, "value": [1_700_000_000, "1"]}] * 3,
        },
    }
).encode()
REDIS = (
    b"+OK\r\n",
    b"$99999999999\r\n",
    b"*99999999\r\n",
    b"*3\r\n" * 50_000,
    b"%100000\r\n",
    b":" + b"9" * 5000 + b"\r\n",
    b"-ERR \x1b]52;c;aGk=\x07\r\n",
    b"$-2\r\n",
    b"$5\r\nab",
    b"_\r\n,inf\r\n#t\r\n",
    b"*-1\r\n*2\r\n$1\r\na\r\n",
)


def run(this: Round) -> Figures:
    """A server that behaves in one random way for each case, and a client of ours."""
    return asyncio.run(_run(this))


async def _run(this: Round) -> Figures:
    figures: Figures = {"exchanges": 0, "answered": 0}
    slowest = 0.0
    await _ask(_prometheus, b"+OK\r\n")  # imports, before anything is measured
    for count in this.cases():
        kind = this.chance.choice((_prometheus, _page, _redis))
        name, behave = _behaviour(this.chance, for_redis=kind is _redis)
        before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
        answered = await _ask(kind, behave)
        took = time.monotonic() - began
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        slowest = max(slowest, took)
        if took > MAX_S or grown > 150:
            raise Broken(f"{kind.__name__} against {name}: {took:.1f} s, {grown:.0f} MB more")
        figures["exchanges"], figures["answered"] = count, int(answered) + int(str(figures["answered"]))
    return figures | {"slowest s": [slowest]}


async def _ask(
    kind: Callable[[str], Coroutine[None, None, object]], behave: bytes | Callable[[socket.socket], None]
) -> bool:
    def send(connection: socket.socket) -> None:
        if callable(behave):
            behave(connection)
        else:
            connection.sendall(behave)

    with serve(send) as url:
        try:
            await kind(url)
        except SourceError:
            return False
        return True


async def _prometheus(url: str) -> object:
    source = PrometheusSource(PrometheusSettings(url=url, timeout_s=TIMEOUT_S))
    try:
        return await source.query("up")
    finally:
        await source.close()


async def _page(url: str) -> object:
    target = {"url": f"{url}/metrics", "timeout_s": TIMEOUT_S}
    source = ScrapeSource(ScrapeSettings.model_validate({"targets": [target]}))
    await source.scrape_once()
    return await source.query("up")


async def _redis(url: str) -> object:
    address = SecretStr(url.replace("http", "redis"))
    source = RedisQueues(RedisSettings.model_validate({"url": address, "timeout_s": TIMEOUT_S}))
    try:
        return await source.queues()
    finally:
        await source.close()


def _behaviour(
    chance: random.Random, *, for_redis: bool
) -> tuple[str, bytes | Callable[[socket.socket], None]]:
    if chance.random() < 0.15:
        name = chance.choice(list(BEHAVIOURS))
        return name, BEHAVIOURS[name]
    if for_redis:
        raw = b"".join(chance.choice(REDIS) for _ in range(chance.randint(1, 20)))
        return f"{raw[:60]!a}", mutate(chance, raw) if chance.random() < 0.5 else raw
    match chance.randrange(6):
        case 0:
            body, encoding = gzip.compress(bytes(chance.choice((1000, 50_000_000)))), "gzip"
        case 1:
            body, encoding = zlib.compress(bytes(50_000_000)), chance.choice(("deflate", "gzip, gzip", "br"))
        case 2:
            body, encoding = chance.choice((b"[", b'{"a":', b'"' + b"\\u0041" * 9)) * 1_000_000, ""
        case 3:
            body, encoding = b"a" * 7_999_000, ""
        case _:
            body, encoding = mutate(chance, GOOD), ""
    more = chance.choice(("", "X: y\r\n" * 5000, f"X: {'y' * 200_000}\r\n", "Content-Length: 3\r\n"))
    status = chance.choice(
        ("200 OK", "200 OK", "204 No", "206 Some", "304 Old", "429 Slow", "503 Away", "999 \x1b[2J")
    )
    head = f"HTTP/1.1 {status}\r\n{more}Content-Encoding: {encoding}\r\nContent-Length: {len(body)}\r\n\r\n"
    return f"{status}, {encoding or 'plain'}, {body[:40]!a}, {more[:20]!a}", head.encode() + body


ATTACK = Attack("servers that send anything, over HTTP and as a Redis", run, max_mb=500, share=2)
