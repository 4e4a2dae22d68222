"""A service with a real `/metrics` whose number the test turns, and the configuration of a board over it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def exporting(registry: CollectorRegistry) -> Iterator[str]:
    """The address at which `registry` can be scraped."""
    server, thread = start_http_server(0, "127.0.0.1", registry)
    try:
        yield f"http://127.0.0.1:{server.server_port}/metrics"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def depth_exporter(depth: float = 0) -> Iterator[tuple[str, Gauge]]:
    """The address of one gauge, and the gauge."""
    registry = CollectorRegistry()
    gauge = Gauge("depth", "Depth.", registry=registry)
    gauge.set(depth)
    with exporting(registry) as address:
        yield address, gauge


@contextmanager
def refusals_exporter() -> Iterator[tuple[str, Counter]]:
    """The address of a service that counts what Discord answers, and its counter of refused calls."""
    registry = CollectorRegistry()
    labels = ("route", "scope", "source", "status")
    calls = Counter("chimera_discord_requests", "Calls to Discord", labels, registry=registry)
    with exporting(registry) as address:
        yield address, calls.labels("channels", "", "digest", "429")


def depth_board(address: str) -> str:
    """The configuration of a board that shows the depth at `address` and nothing else."""
    return f"""
service.profile = "chimera"
[[signals.scrape.targets]]
url = "{address}"
interval_s = 1
[panels]
show = ["depth"]
[[panels.add]]
id = "depth"
title = "Depth"
chart = "depth"
interval_s = 1
queries = [{{ name = "depth", unit = "count", expr = "depth", warn = 50, burning = 100 }}]
"""
