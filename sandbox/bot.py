"""What Discord's users type: an interaction is deferred at once, enqueued behind that, and answered later by its webhook.

`POST /interactions` takes what Discord posts (developer documentation, "Receiving and Responding to Interactions"): type 2
with a command's name is answered with type 5, "thinking …". The broker is met in threads of their own with short timeouts:
however it fails, the user is deferred in time and then told. Discord signs what it posts; here the sandbox's token proves it.
"""

from __future__ import annotations

import json
import os
import queue
import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from sandbox import metrics
from sandbox.pages import NO_TLS

PING, COMMAND = 1, 2
PONG, MESSAGE, DEFERRED = 1, 4, 5
TASKS = {
    "analyze": "src.tasks.analysis_tasks.analyze_match_task",
    "team-analyze": "src.tasks.team_tasks.analyze_team_task",
}
"""Which task a command enqueues."""
QUEUE = "ai"
THREADS, WAITING = 4, 2_000
CONNECT_S, SOCKET_S = 1.0, 2.0
KEPT = 20_000
"""So many interactions are remembered: enough to account for a load test."""


_IMPORTING = threading.Lock()
"""Celery's package puts another module in its own place while it is imported: another thread would meet it half done."""


@dataclass(frozen=True, slots=True)
class Interaction:
    """One command of a user; `token` is its webhook's, `match` what it asks about."""

    id: str
    application: str
    token: str
    command: str
    match: str
    at: float


class Bot:
    """Answers interactions; `start` is not needed, threads begin with the first."""

    def __init__(self) -> None:
        self._waiting: queue.Queue[Interaction] = queue.Queue(WAITING)
        self._refused: dict[str, str | None] = {}
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []

    def answer(self, body: bytes) -> tuple[int, dict[str, Any]]:
        """Status and JSON at once; nothing here waits for anything."""
        try:
            document = json.loads(body)
            if document["type"] == PING:
                return 200, {"type": PONG}
            interaction = _read(document)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return 400, {"error": repr(error)}
        with self._lock:
            self._refused[interaction.id] = None
            if len(self._refused) > KEPT:
                del self._refused[next(iter(self._refused))]
            while len(self._threads) < THREADS:
                self._threads.append(threading.Thread(target=self._work, daemon=True))
                self._threads[-1].start()
        try:
            self._waiting.put_nowait(interaction)
        except queue.Full:
            self._fail(interaction, "too many wait to be enqueued")
            return 200, {"type": MESSAGE, "data": {"content": "error: too busy"}}
        return 200, {"type": DEFERRED}

    def page(self, path: str) -> tuple[int, dict[str, Any]]:
        """What has become of the interactions whose id begins with `?prefix=`: waiting, succeeded, failed, or unknown."""
        prefix = "".join(parse_qs(urlsplit(path).query).get("prefix", ()))
        with self._lock:
            refused = {each: why for each, why in self._refused.items() if each.startswith(prefix)}
        asked = [each for each, why in refused.items() if why is None]
        results = _results(asked)
        records = [
            {"id": each, "state": "failed" if why is not None else results[each], "error": why or ""}
            for each, why in refused.items()
        ]
        return 200, {"records": records}

    def _work(self) -> None:
        producer = None
        while True:
            interaction = self._waiting.get()
            try:
                producer = producer or _producer()
                _enqueue(producer, interaction)
            except Exception as error:  # noqa: BLE001  # whatever the transport raises: the user is told, the next one tried
                producer = None
                self._fail(interaction, f"{type(error).__name__}: {error}"[:300])
                _tell(interaction, "error: the analysis could not be started")

    def _fail(self, interaction: Interaction, why: str) -> None:
        with self._lock:
            self._refused[interaction.id] = why
        metrics.REQUESTS.labels(interaction.command, "failed").inc()


def _read(document: dict[str, Any]) -> Interaction:
    """Raises what a document of another shape does."""
    data = document["data"]
    if document["type"] != COMMAND or data["name"] not in TASKS:
        raise ValueError("no such command")
    options = {str(each["name"]): str(each["value"]) for each in data.get("options") or ()}
    return Interaction(
        id=str(document["id"])[:100],
        application=str(document["application_id"])[:100],
        token=str(document["token"])[:200],
        command=data["name"],
        match=options.get("match", "")[:100],
        at=time.time(),
    )


def _producer() -> Any:
    with _IMPORTING:
        from celery import Celery  # a start of the service need not wait for it

    app = Celery("bot", broker=os.environ["SANDBOX_REDIS"] + "/0", set_as_current=False, fixups=())
    app.conf.update(
        task_publish_retry=False,
        broker_pool_limit=1,
        broker_transport_options={
            "socket_timeout": SOCKET_S,
            "socket_connect_timeout": CONNECT_S,
            "max_retries": 1,  # else Kombu tries for ever, and whoever waits is never told
            "interval_start": 0.1,
            "interval_step": 0.1,
            "interval_max": 0.2,
        },
    )
    return app


def open_briefly(database: str = "") -> redis.Redis:
    """A client that soon gives up on a Redis that is away or hangs, and does not try again."""
    return redis.Redis.from_url(
        os.environ["SANDBOX_REDIS"] + database,
        socket_timeout=SOCKET_S,
        socket_connect_timeout=CONNECT_S,
        retry=Retry(NoBackoff(), 0),
    )


def _enqueue(producer: Any, interaction: Interaction) -> None:
    with open_briefly() as broker:  # Kombu tries several times, and the client below it does, too
        broker.ping()
    producer.send_task(
        TASKS[interaction.command],
        (interaction.at, 0.5),
        {
            "interaction": {
                "application": interaction.application,
                "token": interaction.token,
                "match": interaction.match,
            }
        },
        queue=QUEUE,
        task_id=interaction.id,
        ignore_result=False,
    )


def _tell(interaction: Interaction, text: str) -> None:
    """Replace "thinking …"; one attempt, counted."""
    path = f"/discord/webhooks/{interaction.application}/{interaction.token}/messages/@original"
    try:
        response = httpx.patch(
            os.environ["SANDBOX_OUTSIDE"] + path,
            json=message(text, "error"),
            timeout=10,
            trust_env=False,
            verify=NO_TLS,
        )
    except httpx.HTTPError:
        response = None
    metrics.count_discord("webhooks", "bot", response)


def message(text: str, kind: str) -> dict[str, object]:
    """A message whose first embed says what it is."""
    return {"content": text, "embeds": [{"title": kind}]}


def _results(ids: list[str]) -> dict[str, str]:
    """What Celery's result backend holds of the tasks; unknown where it does not answer."""
    if not ids:
        return {}
    try:
        with open_briefly("/1") as backend:
            raw: Any = backend.mget([f"celery-task-meta-{each}" for each in ids])
            states = [None if each is None else json.loads(each)["status"] for each in raw]
    except (redis.RedisError, OSError, ValueError, KeyError):
        return dict.fromkeys(ids, "unknown")
    words = {"SUCCESS": "succeeded", "FAILURE": "failed"}
    return {each: words.get(str(state), "waiting") for each, state in zip(ids, states, strict=True)}
