"""A server that answers at the last moment, or a moment later: no connection is kept for good, and it is asked again.

Sixteen connections that count as busy for ever would be all: the source would not answer any more until the program ends.
"""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

from core.errors import SourceError
from signals.connections.http import HttpClient
from signals.settings import HttpSettings
from tests.attack.attack import Attack, Broken, Figures, Round

TIMEOUT_S, ASKERS, EACH = 0.04, 6, 60
MORE_FDS = 2


def run(this: Round) -> Figures:
    """Several askers at once, whose patience ends about when the answer comes."""
    return asyncio.run(_run(this))


async def _run(this: Round) -> Figures:
    server = await asyncio.start_server(
        lambda reader, writer: _serve(this.chance, reader, writer), "127.0.0.1", 0
    )
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    client = HttpClient("late", HttpSettings(url=url, timeout_s=TIMEOUT_S))
    figures: Figures = {"asked": 0, "answered": 0}
    await _ask(client, 5)
    await asyncio.sleep(0.5)
    before = _fds()
    for _ in this.cases():
        answered = await asyncio.gather(*(_ask(client, EACH) for _ in range(ASKERS)))
        figures = {
            "asked": int(str(figures["asked"])) + ASKERS * EACH,
            "answered": int(str(figures["answered"])) + sum(answered),
        }
    await asyncio.sleep(0.5)
    if (more := _fds() - before) > MORE_FDS:
        raise Broken(f"{more} connections are still open after {figures}")
    patient = HttpClient("late", HttpSettings(url=url, timeout_s=5))
    if not await _ask(patient, 20):
        raise Broken("a patient asker gets no answer")
    return figures


async def _ask(client: HttpClient, times: int) -> int:
    answered = 0
    for _ in range(times):
        try:
            await client.get("/")
        except SourceError:
            continue
        answered += 1
    return answered


async def _serve(chance: random.Random, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(chance.choice((0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.2)))
        if chance.random() < 0.8:
            writer.write(b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nab")
        await writer.drain()
        await asyncio.sleep(chance.choice((0, 0.01, 0.02, 0.05)))
        writer.write(b"c")
        await writer.drain()
    except (OSError, asyncio.IncompleteReadError):
        pass  # it has given up
    finally:
        writer.close()


def _fds() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


ATTACK = Attack("a server that answers when the patience of its askers ends", run)
