"""The service's own pages, over real HTTP against a real broker and the stand-in of Discord."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer

import pytest
import redis
from prometheus_client import REGISTRY, CollectorRegistry

from sandbox import service
from sandbox.outside import Outside
from sandbox.outside import handler as outside_handler
from sandbox.releases import RELEASES
from tests import plain_http

ALERT = {
    "labels": {"alertname": "QueueStuck", "severity": "page", "service": "chimera"},
    "annotations": {"summary": "stuck", "description": "for an hour"},
}


@pytest.fixture
def address(redis_url: str) -> Iterator[str]:
    registry = CollectorRegistry()
    live = service._Live(redis.Redis.from_url(redis_url), RELEASES[0][0])
    registry.register(live)
    server = ThreadingHTTPServer(("127.0.0.1", 0), service.handler(registry, live))
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def channel(monkeypatch: pytest.MonkeyPatch) -> Iterator[Outside]:
    outside = Outside(1, {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), outside_handler(outside))
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    monkeypatch.setenv(
        "ALERTS_DISCORD_WEBHOOK", f"http://127.0.0.1:{server.server_port}/discord/webhooks/0/alerts"
    )
    yield outside
    server.shutdown()
    server.server_close()


def test_the_release_says_which_it_is(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SANDBOX_TOKEN", raising=False)
    refused = plain_http.post(address + "/switches", json={}, headers={"Authorization": "Bearer t0ken"})
    assert refused.status_code == 401, "a token that is not set lets nobody in"
    assert 'chimera_build_info{version="v2.2.1"} 1.0' in plain_http.get(address + "/metrics").text
    assert plain_http.get(address + "/health").json()["version"] == "v2.2.1"


def test_alerts_reach_the_channel_only_with_the_secret(
    address: str, channel: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {"alerts": [ALERT]}
    assert plain_http.post(address + "/alerts", json=body, headers={"X-Auth-Token": ""}).status_code == 401
    monkeypatch.setenv("ALERT_WEBHOOK_SECRET", "open")
    assert plain_http.post(address + "/alerts", json=body).status_code == 401
    labels = {"route": "webhooks", "source": "alerts", "status": "200", "scope": ""}
    before = REGISTRY.get_sample_value("chimera_discord_requests_total", labels) or 0
    for way in (
        {"headers": {"X-Auth-Token": "open"}},
        {"headers": {"Authorization": "Bearer open"}},
        {"params": {"token": "open"}},
    ):
        told = plain_http.post(address + "/alerts", json=body, **way)  # type: ignore[arg-type]  # either of both
        assert (told.status_code, told.json()) == (200, {"ok": True})
    assert REGISTRY.get_sample_value("chimera_discord_requests_total", labels) == before + 3


def test_a_channel_that_refuses_or_is_not_there_is_an_error_of_the_service(
    address: str, channel: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALERT_WEBHOOK_SECRET", "open")
    key = {"X-Auth-Token": "open"}
    answers = [plain_http.post(address + "/alerts", json={"alerts": [ALERT]}, headers=key) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [500]
    assert answers[5].json() == {"error": "discord send failed"}
    assert plain_http.post(address + "/alerts", content=b"{", headers=key).json() == {
        "error": "discord error"
    }
    monkeypatch.delenv("ALERTS_DISCORD_WEBHOOK")
    assert plain_http.post(address + "/alerts", json={"alerts": []}, headers=key).status_code == 503
