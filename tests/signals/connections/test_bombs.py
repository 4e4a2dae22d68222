"""A limit is a limit after decoding: small answers that would become large, deep or endless are refused at once."""

from __future__ import annotations

import functools
import gzip
import resource
import socket
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from pydantic import SecretStr

from core.errors import BadAnswer, SourceError
from signals.connections.http import MAX_BYTES, HttpClient
from signals.connections.redis import answered, open_redis
from signals.settings import HttpSettings, RedisSettings
from tests import waiting
from tests.bad_servers import answer, serve

ALLOWED_MB = 60
"""What refusing may cost; the bombs would take gigabytes."""


def reply(body: bytes, encoding: str) -> Callable[[socket.socket], None]:
    head = f"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Encoding: {encoding}\r\nContent-Length: {len(body)}\r\n\r\n"
    return answer(head.encode() + body)


@contextmanager
def bounded(seconds: float) -> Iterator[None]:
    """What happens inside takes neither long nor much memory."""
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert time.monotonic() - began < waiting.SLOW * seconds
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < ALLOWED_MB


@functools.cache
def zeros() -> bytes:
    """300 MB of zero bytes, gzipped, made when a test asks: one packed megabyte 300 times (RFC 1952)."""
    packer, million = zlib.compressobj(9, zlib.DEFLATED, -15), bytes(1_000_000)
    packed = packer.compress(million) + packer.flush(zlib.Z_FULL_FLUSH)  # what follows knows nothing of it
    check = functools.reduce(lambda sum_, _: zlib.crc32(million, sum_), range(300), 0)
    head = b"\x1f\x8b\x08\x00" + bytes(4) + b"\x02\xff"
    return head + packed * 300 + packer.flush() + struct.pack("<II", check, 300 * len(million))


BOMBS: dict[str, tuple[Callable[[], bytes], str]] = {
    "gzip of 300 MB": (zeros, "gzip"),
    "gzip in gzip": (lambda: gzip.compress(zeros()), "gzip,gzip"),
    "gzip in gzip, two header words": (lambda: gzip.compress(zeros()), "gzip, gzip"),
    "deflate": (lambda: zlib.compress(bytes(30_000_000), 9), "deflate"),
    "an encoding that nobody asked for": (lambda: b"abc", "br"),
    "broken gzip": (lambda: b"\x1f\x8b\x08garbage", "gzip"),
    "cut gzip": (lambda: gzip.compress(b"x" * 10_000)[:30], "gzip"),
}


@pytest.mark.parametrize("name", BOMBS)
async def test_a_small_answer_that_unpacks_to_too_much_is_refused(name: str) -> None:
    make, encoding = BOMBS[name]
    with serve(reply(make(), encoding)) as url:
        client = HttpClient("prometheus", HttpSettings(url=url, timeout_s=5))
        with bounded(4), pytest.raises(BadAnswer):
            await client.get("/")
        await client.close()


async def test_what_fits_is_unpacked() -> None:
    body = b"x" * (MAX_BYTES - 1)
    for packed, encoding in (
        (gzip.compress(body), "gzip"),
        (zlib.compress(body), "deflate"),
        (body, "identity"),
    ):
        with serve(reply(packed, encoding)) as url:
            client = HttpClient("prometheus", HttpSettings(url=url, timeout_s=5))
            assert (await client.get("/")).body == body
            await client.close()


@pytest.mark.parametrize("opening", ["[", '{"error":'])
async def test_an_answer_that_is_nested_without_end_is_a_bad_answer(opening: str) -> None:
    with serve(reply(opening.encode() * (3_000_000 // len(opening)), "identity")) as url:
        client = HttpClient("prometheus", HttpSettings(url=url, timeout_s=5))
        response = await client.get("/")
        with bounded(4), pytest.raises(BadAnswer):
            client.parsed(response, lambda got: __import__("json").loads(got.body))
        assert response.error_text() == ""
        await client.close()


@contextmanager
def broker(said: bytes, repeat: int = 1) -> Iterator[RedisSettings]:
    """Something on a port that answers every connection with `said`, again and again."""
    listener = socket.create_server(("127.0.0.1", 0))

    def talk() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                try:
                    connection.recv(65_536)
                    for _ in range(repeat):
                        connection.sendall(said)
                except OSError:
                    pass

    threading.Thread(target=talk, daemon=True).start()
    url = f"redis://127.0.0.1:{listener.getsockname()[1]}/0?protocol=2"
    yield RedisSettings(url=SecretStr(url), timeout_s=3)
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


REDIS_BOMBS = {
    "a bulk of 100 GB": (b"$99999999999\r\n" + bytes(1_000_000), 200),
    "an array of a billion": (b"*1000000000\r\n" + b"$1\r\nx\r\n" * 100_000, 100),
    "arrays in arrays": (b"*1\r\n" * 500_000, 4),
    "a line without end": (b"+" + b"x" * 1_000_000, 100),
}


@pytest.mark.parametrize("name", REDIS_BOMBS)
async def test_a_broker_can_not_make_us_read_without_end(name: str) -> None:
    said, repeat = REDIS_BOMBS[name]
    with broker(said, repeat) as settings:
        client = open_redis(settings)
        with bounded(settings.timeout_s + 1), pytest.raises(SourceError):
            async with answered(settings.timeout_s):
                await client.llen("matches")
        await client.aclose()
