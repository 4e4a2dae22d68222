"""The Chimera-like service: `/metrics`, `/health`, and a small community that asks it for analyses."""

from __future__ import annotations

import json
import math
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import redis
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector

from sandbox.community import arrivals, match_of
from sandbox.guard import follow_supervisor
from sandbox.keys import shows_token
from sandbox.relay import relay
from sandbox.switches import are_producers_paused, model_kind, switch_model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

QUEUES = ("matches", "ai", "default")
VERSION = "v2.2.1"
DIGESTS = 0.2
"""The share of those who ask whose channel gets a digest, too."""


class _Live:
    """What is read at the moment of the scrape: queue lengths, release, start."""

    def __init__(self, broker: redis.Redis) -> None:
        self.broker = broker
        self.deploy(VERSION)

    def deploy(self, version: str) -> None:
        """Another release runs from now on."""
        self._version, self._started = version, time.time()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """As prometheus_client's collectors do."""
        depth = GaugeMetricFamily("chimera_celery_queue_length", "Waiting messages", labels=["queue"])
        for queue in QUEUES:
            depth.add_metric([queue], float(self.broker.llen(queue)))
        yield depth
        build = GaugeMetricFamily("chimera_build_info", "The running release", labels=["version"])
        build.add_metric([self._version], 1.0)
        yield build
        yield GaugeMetricFamily("process_start_time_seconds", "Start of the service", value=self._started)


def handler(registry: CollectorRegistry, live: _Live) -> type[BaseHTTPRequestHandler]:
    """The service's pages; `POST /control` with the sandbox's token and a `version` deploys another release."""
    health = {"status": "healthy", "nonce": os.environ.get("SANDBOX_NONCE", "")}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            pages: dict[str, Callable[[], bytes]] = {
                "/metrics": lambda: bytes(generate_latest(registry)),
                "/health": lambda: json.dumps(health).encode(),
                "/switches": lambda: json.dumps({"model": model_kind(live.broker)}).encode(),
            }
            page = pages.get(self.path) or _build(self.path)
            kind = "text/plain; version=0.0.4" if self.path == "/metrics" else "application/json"
            self._respond(200 if page else 404, page() if page else b"not found", kind)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status: int
            answer: dict[str, Any]
            if urlsplit(self.path).path == "/alerts":
                status, answer = relay(self.path, dict(self.headers), body)
            elif self.path not in ("/control", "/switches"):
                status, answer = 404, {"error": "not found"}
            elif not shows_token(self.headers.get("Authorization"), os.environ.get("SANDBOX_TOKEN", "")):
                status, answer = 401, {"error": "no valid token"}
            else:
                status, answer = (
                    _control(live, body) if self.path == "/control" else switch_model(live.broker, body)
                )
            self._respond(status, json.dumps(answer).encode(), "application/json")

        def _respond(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Quiet."""

    return Handler


def _control(live: _Live, body: bytes) -> tuple[int, dict[str, Any]]:
    try:
        version = json.loads(body)["version"]
    except (ValueError, KeyError, TypeError) as error:
        return 400, {"error": repr(error)}
    live.deploy(str(version))
    return 200, {"version": str(version)}


def _build(path: str) -> Callable[[], bytes] | None:
    """The reader of a file under /static/builds/, if there is one of this name; never of another folder."""
    folder, _, name = path.rpartition("/")
    file = Path(os.environ["SANDBOX_BUILDS"]) / name
    return file.read_bytes if folder == "/static/builds" and file.is_file() else None


def generate_load(seed: int, load: float, broker: redis.Redis) -> None:
    """The community asks, day after day, at its own moments; while producers are paused it is not let in."""
    from sandbox.app import fetch, post_digest  # here, so that /metrics need not wait for Celery

    began = time.monotonic()
    for at, own in arrivals(seed, math.inf, load):
        time.sleep(max(0.0, began + at - time.monotonic()))
        if are_producers_paused(broker):
            continue
        fetch.delay(time.time(), own)
        if own < DIGESTS:
            post_digest.delay(match_of(own))


def main(port: int, seed: int, load: float) -> None:
    """Serve until killed."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # prometheus_client leaves it so
    live = _Live(redis.Redis.from_url(os.environ["SANDBOX_REDIS"]))
    registry.register(live)
    threading.Thread(target=generate_load, args=(seed, load, live.broker), daemon=True).start()
    ThreadingHTTPServer(("127.0.0.1", port), handler(registry, live)).serve_forever()


if __name__ == "__main__":
    follow_supervisor()
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
