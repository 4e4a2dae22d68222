"""The stand-ins refuse as the real ones publish it, over real HTTP."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer

import httpx
import pytest

from sandbox.outside import Outside, handler


@pytest.fixture
def outside() -> Iterator[httpx.Client]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(Outside(1)))
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    with httpx.Client(base_url=f"http://127.0.0.1:{server.server_port}", trust_env=False) as client:
        yield client
    server.shutdown()
    server.server_close()


def test_riot_counts_the_calls_and_says_which_limit_refuses_and_for_how_long(outside: httpx.Client) -> None:
    first, second = outside.get("/riot/match"), outside.get("/riot/match")
    assert first.headers["X-Method-Rate-Limit"] == "50:10"
    assert first.headers["X-App-Rate-Limit-Count"] == "0:1,0:120"
    assert second.headers["X-App-Rate-Limit-Count"].endswith("1:120")
    answers = [outside.get("/riot/match") for _ in range(30)]
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.headers["X-Rate-Limit-Type"] == "application"
    assert refused.headers["Retry-After"] == "1"


def test_a_service_limit_of_riot_says_neither_its_type_nor_a_wait(outside: httpx.Client) -> None:
    outside.post("/control", json={"riot_down": True})
    refused = outside.get("/riot/match")
    assert refused.status_code == 429
    assert "Retry-After" not in refused.headers
    assert "X-Rate-Limit-Type" not in refused.headers


def test_a_revoked_key_is_refused_until_it_is_lifted(outside: httpx.Client) -> None:
    outside.post("/control", json={"riot_revoked": True})
    assert outside.get("/riot/match").status_code == 403
    outside.post("/control", json={})
    assert outside.get("/riot/match").status_code == 200


def test_the_model_answers_with_usage_and_refuses_as_often_as_asked(outside: httpx.Client) -> None:
    answer = outside.post("/llm/v1/chat/completions", json={}).json()
    assert answer["usage"]["prompt_tokens"] > 0
    outside.post("/control", json={"llm_error_rate": 1.0})
    assert outside.post("/llm/v1/chat/completions", json={}).status_code == 429


def test_too_many_invalid_calls_end_in_a_ban_that_hits_valid_calls_too(outside: httpx.Client) -> None:
    outside.post("/control", json={"ban_at": 3})
    for _ in range(3):
        invalid = outside.patch("/discord/webhooks?bad=1", json={})
        assert invalid.status_code == 401
        assert "X-RateLimit-Remaining" in invalid.headers
    banned = outside.patch("/discord/webhooks", json={})
    assert banned.status_code == 429
    assert "error code: 1015" in banned.text
    assert banned.headers["Content-Type"] == "text/html"
    assert not [name for name in banned.headers if name.lower().startswith("x-ratelimit")]


def test_discord_refuses_the_51st_call_of_a_second_globally(outside: httpx.Client) -> None:
    answers = [outside.patch("/discord/webhooks", json={}) for _ in range(60)]
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.json()["global"] is True
    assert refused.headers["X-RateLimit-Global"] == "true"


def test_an_unknown_control_is_refused(outside: httpx.Client) -> None:
    assert outside.post("/control", json={"nonsense": 1}).status_code == 400
