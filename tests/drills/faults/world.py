"""What of a sandbox is as it was, seen from outside: by its own servers, files and processes, never by who breaks it."""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg
import redis

from sandbox.keys import credentials, read_keys
from tests import plain_http
from tests.e2e.stack import Stack, processes_in


def broker(stack: Stack) -> redis.Redis:
    return redis.Redis(
        port=stack.told["valkey"], password=Path(stack.told["valkey_password_file"]).read_text()
    )


def env_has(variable: str) -> Callable[[Stack], bool]:
    return lambda stack: variable in Path(stack.told["env"]).read_text()


def broker_is_away(stack: Stack) -> bool:
    try:
        return not broker(stack).ping()
    except redis.ConnectionError:
        return True


def worker(stack: Stack, name: str) -> list[psutil.Process]:
    """The worker of this name, and what it has started."""
    found = []
    for pid in processes_in(stack.folder):
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            if f"{name}@sandbox" in process.cmdline():
                found.append(process)
    return found


def worker_is_dead(stack: Stack) -> bool:
    return not worker(stack, "analyze")


def worker_stands_still(stack: Stack) -> bool:
    return any(process.status() == psutil.STATUS_STOPPED for process in worker(stack, "fetch"))


def answers_not(part: str, path: str) -> Callable[[Stack], bool]:
    def is_so(stack: Stack) -> bool:
        try:
            return plain_http.get(stack.url(part, path)).status_code >= 400
        except httpx.TransportError:
            return True

    return is_so


def sql(stack: Stack, statement: str) -> Any:
    with psycopg.connect(stack.told["postgres_url"]) as connection:
        row = connection.execute(statement.encode()).fetchone()
    return row[0] if row else None


def table_is_held(stack: Stack) -> bool:
    return bool(
        sql(
            stack,
            "SELECT count(*) FROM pg_locks WHERE relation = 'user_profiles'::regclass AND mode = 'AccessExclusiveLock'",
        )
    )


def slots(stack: Stack) -> Any:
    return plain_http.get(stack.url("service", "/slots")).json()


def live_is(version: str) -> Callable[[Stack], bool]:
    return lambda stack: any(each["live"] and each["version"] == version for each in slots(stack)["releases"])


def database_is_between(stack: Stack) -> bool:
    return bool(sql(stack, "SELECT version_num = '5b7d20c4e9a1' FROM alembic_version"))


def key_is_refused(stack: Stack) -> bool:
    keys = read_keys(Path(stack.told["env"]))
    answer = plain_http.get(stack.url("outside", "/discord/users/@me"), headers=credentials(keys, "discord"))
    return answer.status_code == 401


def key_is_leaked(stack: Stack) -> bool:
    """In the history, not in the tree; and in the log."""
    key = read_keys(Path(stack.told["env"]))["riot"]
    repository = Path(stack.folder) / "repository"
    if not repository.exists():
        return False
    history = subprocess.run(
        ["git", "-C", str(repository), "log", "-p"], capture_output=True, text=True, check=True
    ).stdout
    tree = "".join(path.read_text() for path in repository.iterdir() if path.is_file())
    return key in history and key not in tree and key in (Path(stack.folder) / "bot-debug.log").read_text()


def queue_is_long(stack: Stack) -> bool:
    return int(broker(stack).llen("matches")) > 300


def model_is_dear(stack: Stack) -> bool:
    keys = read_keys(Path(stack.told["env"]))
    answer = plain_http.post(
        stack.url("outside", "/llm/v1/chat/completions"),
        headers=credentials(keys, "llm"),
        json={},
        timeout=80,
    )
    return bool(answer.json()["usage"]["prompt_tokens"] > 5000)


def provider_is_slow(stack: Stack) -> bool:
    began = time.monotonic()
    model_is_dear(stack)
    return time.monotonic() - began > 6


def picture_is_gone(stack: Stack) -> bool:
    file = Path(stack.folder) / "builds" / "probe.json"
    file.write_text(json.dumps({}))
    return plain_http.get(stack.url("service", "/static/builds/probe.json")).status_code == 404


def clock_is_wrong(stack: Stack) -> bool:
    """By the time that a worker's next sign of life carries."""
    from celery import Celery

    password = Path(stack.told["valkey_password_file"]).read_text()
    sent: list[float] = []

    def heard(event: dict[str, Any]) -> None:
        sent.append(event["timestamp"])
        raise KeyboardInterrupt  # Celery's own way to end a capture

    app = Celery(broker=f"redis://:{password}@127.0.0.1:{stack.told['valkey']}/0")
    with app, app.connection() as connection, contextlib.suppress(KeyboardInterrupt):
        receiver = app.events.Receiver(connection, handlers={"worker-heartbeat": heard})
        receiver.capture(limit=None, timeout=80, wakeup=True)
    return abs(sent[0] - time.time()) > 60


BROKEN: dict[str, Callable[[Stack], bool]] = {
    "chaos-redis-down": env_has("CHAOS_REDIS_DOWN=true"),
    "chaos-llm-latency": env_has("CHAOS_LLM_LATENCY_MS=3000"),
    "chaos-llm-errors": env_has("CHAOS_LLM_ERROR_RATE=0.2"),
    "postgres-lock": table_is_held,
    "worker-killed worker=analyze": worker_is_dead,
    "worker-hung worker=fetch": worker_stands_still,
    "leaked-key": key_is_leaked,
    "cost-spike": model_is_dear,
    "llm-provider-slow": provider_is_slow,
    "cdn-404": picture_is_gone,
    "queue-flood": queue_is_long,
    "retry-storm": key_is_refused,
    "bad-release": live_is("v2.2.2"),
    "migration-half-way": database_is_between,
    "prometheus-down": answers_not("prometheus", "/-/ready"),
    "alertmanager-down": answers_not("alertmanager", "/-/ready"),
    "clock-skew": clock_is_wrong,
    "redis-stopped": broker_is_away,
}
"""Each fault, and how it is seen from outside."""
