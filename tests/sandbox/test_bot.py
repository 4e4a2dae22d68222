"""Users of the sandbox's bot are deferred at once, whatever its broker does, and told what became of it."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import ThreadingHTTPServer

import pytest
import redis

from sandbox.bot import MESSAGE, PONG, Bot
from sandbox.outside import Outside, handler
from sandbox.servers import free_port
from tests.waiting import until


def interaction(number: int = 0, command: str = "analyze", match: str = "NA1_1") -> bytes:
    return json.dumps(
        {
            "type": 2,
            "id": f"id-{number}",
            "application_id": "1",
            "token": f"token-{number}",
            "data": {"name": command, "options": [{"name": "match", "value": match}]},
        }
    ).encode()


@pytest.fixture
def discord(monkeypatch: pytest.MonkeyPatch) -> Iterator[Outside]:
    stand_ins = Outside(1, {}, "t0ken")
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(stand_ins))
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    monkeypatch.setenv("SANDBOX_OUTSIDE", f"http://127.0.0.1:{server.server_port}")
    yield stand_ins
    server.shutdown()
    server.server_close()


def shown(discord: Outside) -> dict[str, str]:
    document = json.loads(discord.deliveries.document("deliveries?prefix=token-"))
    return {each["token"]: each["kind"] for each in document["deliveries"]}


@pytest.fixture(params=["refuses", "hangs"])
def dead_broker(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nobody listens, or somebody who never says a word."""
    with socket.socket() as silent:
        if request.param == "hangs":
            silent.bind(("127.0.0.1", 0))
            silent.listen(64)
            port = silent.getsockname()[1]
        else:
            port = free_port()
        monkeypatch.setenv("SANDBOX_REDIS", f"redis://127.0.0.1:{port}")
        yield


@pytest.mark.usefixtures("dead_broker")
def test_without_a_broker_users_are_deferred_at_once_and_told_that_it_failed(discord: Outside) -> None:
    bot = Bot()
    for number in range(4):
        began = time.monotonic()
        assert bot.answer(interaction(number)) == (200, {"type": 5})
        assert time.monotonic() - began < 4
    until(lambda: len(shown(discord)) == 4, seconds=15)
    assert set(shown(discord).values()) == {"error"}
    _, page = bot.page("/interactions?prefix=id-")
    assert [each["state"] for each in page["records"]] == ["failed"] * 4
    assert all(each["error"] for each in page["records"])


@pytest.mark.usefixtures("discord")
def test_a_command_becomes_a_task_of_its_name_and_waits(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = redis_url.rpartition("/")[0] if redis_url.count("/") > 2 else redis_url
    monkeypatch.setenv("SANDBOX_REDIS", address)
    bot = Bot()
    bot.answer(interaction(1, "team-analyze"))
    with redis.Redis.from_url(address + "/0") as broker:
        until(lambda: broker.llen("ai"), seconds=15)
        headers = json.loads(broker.lindex("ai", 0))["headers"]
    assert (headers["task"], headers["id"]) == ("src.tasks.team_tasks.analyze_team_task", "id-1")
    assert bot.page("/interactions?prefix=id-1")[1]["records"][0]["state"] == "waiting"
    assert bot.page("/interactions?prefix=other")[1] == {"records": []}


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b'{"type": 2}', interaction(command="help")],
    ids=["empty", "list", "nameless", "help"],
)
def test_what_is_no_command_is_refused(body: bytes) -> None:
    assert Bot().answer(body)[0] == 400


def test_a_ping_is_answered_and_a_full_waiting_room_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Bot().answer(b'{"type": 1}') == (200, {"type": PONG})
    monkeypatch.setattr("sandbox.bot.THREADS", 0)
    monkeypatch.setattr("sandbox.bot.WAITING", 1)
    bot = Bot()
    assert [bot.answer(interaction(number))[1]["type"] for number in range(2)] == [5, MESSAGE]
