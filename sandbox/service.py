"""One release of the Chimera-like service, in a slot behind `sandbox.front`: `/metrics`, `/health`, `/ready` and what users send."""

from __future__ import annotations

import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import redis
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector

from sandbox.bot import Bot, open_briefly
from sandbox.breakages.marks import PICTURES_GONE
from sandbox.breakages.state import value_of
from sandbox.guard import follow_supervisor
from sandbox.keys import shows_token
from sandbox.pages import send_page
from sandbox.relay import relay
from sandbox.releases import ServiceRelease, read_release
from sandbox.switches import model_kind, switch_model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

QUEUES = ("matches", "ai", "default")
DATABASE_TIMEOUT_S = 3
NO_TOKEN: tuple[int, dict[str, Any]] = (401, {"error": "no valid token"})


class _Live:
    """What is read at the moment of the scrape: queue lengths, release, start."""

    def __init__(self, broker: redis.Redis, release: ServiceRelease) -> None:
        self.broker = broker
        self.release = release
        self._started = time.time()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """As prometheus_client's collectors do."""
        depth = GaugeMetricFamily("chimera_celery_queue_length", "Waiting messages", labels=["queue"])
        try:
            for queue in QUEUES:
                depth.add_metric([queue], float(self.broker.llen(queue)))
        except redis.RedisError:
            pass  # what nobody knows is no number; the other metrics are still true
        else:
            yield depth
        build = GaugeMetricFamily("chimera_build_info", "The running release", labels=["version"])
        build.add_metric([self.release.version], 1.0)
        yield build
        yield GaugeMetricFamily("process_start_time_seconds", "Start of the service", value=self._started)


def handler(registry: CollectorRegistry, live: _Live) -> type[BaseHTTPRequestHandler]:  # noqa: C901  # a case a page
    """The service's pages. What users type is posted to `/interactions`; with GET it says what has become of these. `/ready` is 200 only if the release can use the schema as it is; `POST /feedback` writes a row."""
    nonce = os.environ.get("SANDBOX_NONCE", "")
    bot = Bot()
    health = {"status": "healthy", "version": live.release.version, "nonce": nonce}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            pages: dict[str, Callable[[], bytes]] = {
                "/metrics": lambda: bytes(generate_latest(registry)),
                "/health": lambda: json.dumps(health).encode(),
                "/switches": lambda: json.dumps({"model": model_kind(live.broker)}).encode(),
            }
            if self.path == "/ready":
                status, answer = use_tables(live.release, live.release.look)
                send_page(self, status, "application/json", json.dumps(answer).encode())
                return
            if urlsplit(self.path).path == "/interactions":
                status, answer = bot.page(self.path) if self._shows_token() else NO_TOKEN
                send_page(self, status, "application/json", json.dumps(answer).encode())
                return
            page = pages.get(self.path) or _build(self.path)
            kind = "text/plain; version=0.0.4" if self.path == "/metrics" else "application/json"
            send_page(self, 200 if page else 404, kind, page() if page else b"not found")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status: int
            answer: dict[str, Any]
            if urlsplit(self.path).path == "/alerts":
                status, answer = relay(self.path, dict(self.headers), body)
            elif self.path == "/interactions":
                status, answer = bot.answer(body) if self._shows_token() else NO_TOKEN
            elif self.path == "/feedback":
                status, answer = _keep_feedback(live.release, body)
            elif self.path != "/switches":
                status, answer = 404, {"error": "not found"}
            elif not self._shows_token():
                status, answer = NO_TOKEN
            else:
                status, answer = switch_model(live.broker, body)
            send_page(self, status, "application/json", json.dumps(answer).encode())

        def _shows_token(self) -> bool:
            return shows_token(self.headers.get("Authorization"), os.environ.get("SANDBOX_TOKEN", ""))

        def log_message(self, *args: object) -> None:
            """Quiet."""

    return Handler


def use_tables(
    release: ServiceRelease, statement: str, values: dict[str, object] | None = None
) -> tuple[int, dict[str, Any]]:
    """Run one of the release's statements; 503 with the server's words where the schema is not what it needs."""
    import psycopg

    try:
        with psycopg.connect(
            os.environ["SANDBOX_POSTGRES"], autocommit=True, connect_timeout=DATABASE_TIMEOUT_S
        ) as connection:
            cursor = connection.execute(statement.encode(), values)
            row = cursor.fetchone() if cursor.description else None
    except (psycopg.Error, KeyError) as error:
        return 503, {"version": release.version, "error": (str(error) or repr(error)).splitlines()[0]}
    return 200, {"version": release.version, "rows": row[0] if row else None}


def _keep_feedback(release: ServiceRelease, body: bytes) -> tuple[int, dict[str, Any]]:
    """What a user thinks of an analysis, kept as this release keeps it."""
    if not release.note:
        return 404, {"error": "not found"}
    try:
        given = json.loads(body)
        values = {"match": str(given["match"]), "rating": int(given["rating"]), "reason": given.get("reason")}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return 400, {"error": repr(error)}
    return use_tables(release, release.note, values)


def _build(path: str) -> Callable[[], bytes] | None:
    """The reader of a file under /static/builds/, if there is one of this name; never of another folder."""
    folder, _, name = path.rpartition("/")
    file = Path(os.environ["SANDBOX_BUILDS"]) / name
    if value_of(PICTURES_GONE):
        return None
    return file.read_bytes if folder == "/static/builds" and file.is_file() else None


def main(port: int, folder: Path) -> None:
    """Serve until killed."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # prometheus_client leaves it so
    live = _Live(open_briefly(), read_release(folder))
    registry.register(live)
    ThreadingHTTPServer(("127.0.0.1", port), handler(registry, live)).serve_forever()


if __name__ == "__main__":
    follow_supervisor()
    main(int(sys.argv[1]), Path(sys.argv[2]))
