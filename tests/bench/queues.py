"""Setting 100 000 messages of a queue aside and putting them back, on the case that costs most: all must be walked."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from actions.queues.set_aside import QueueLists, put_back, set_aside
from sandbox.servers import run_valkey
from signals.connections.redis import open_redis
from signals.settings import RedisSettings
from tests.bench.measure import Measure

if TYPE_CHECKING:
    from redis.asyncio import Redis

MESSAGES, BYTES = 100_000, 800
LIMIT_S = 1.0


def measure() -> list[Measure]:
    """One figure, beside what the server needs to walk as many messages on its own."""
    with tempfile.TemporaryDirectory(prefix="warroom-bench-") as folder, run_valkey(Path(folder)) as server:
        value, floor = asyncio.run(_measure(server.url))
    title = f"hold and release of {MESSAGES} messages (floor: LRANGE of all)"
    return [
        Measure(
            title, f"{value:.2f} s", f"{floor:.2f} s", value / floor, f"≤ {LIMIT_S:.0f} s", value <= LIMIT_S
        )
    ]


async def _measure(url: str) -> tuple[float, float]:
    client = open_redis(RedisSettings.model_validate({"url": url}))
    lists = QueueLists.of("ai", purpose="held", prefix="", steps=(0, 3, 6, 9), separator="\x06\x16")
    await client.lpush("ai", b"first")
    await set_aside(client, lists)
    await _fill(client)
    start = time.perf_counter()
    await set_aside(client, lists)  # one stands there already: the rest joins it message by message
    await put_back(client, lists)
    value = time.perf_counter() - start
    start = time.perf_counter()
    for first in range(0, MESSAGES, 10_000):
        await client.lrange("ai", first, first + 9_999)
    floor = time.perf_counter() - start
    await client.aclose()
    return value, floor


async def _fill(client: Redis) -> None:
    for _ in range(MESSAGES // 1_000):
        await client.lpush("ai", *(b"x" * BYTES for _ in range(1_000)))
