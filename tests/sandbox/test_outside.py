"""The stand-ins refuse as the real ones publish it, over real HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sandbox.keys import credentials, read_keys, write_keys
from sandbox.outside import Outside, handler
from tests import plain_http

if TYPE_CHECKING:
    import httpx


@contextmanager
def serving(stand_ins: Outside) -> Iterator[httpx.Client]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(stand_ins))
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    address, headers = f"http://127.0.0.1:{server.server_port}", {"Authorization": "Bearer t0ken"}
    with plain_http.open_client(base_url=address, headers=headers) as client:
        yield client
    server.shutdown()
    server.server_close()


@pytest.fixture
def outside() -> Iterator[httpx.Client]:
    with serving(Outside(1, {}, "t0ken")) as client:
        yield client


def test_the_control_endpoints_ask_for_the_token(outside: httpx.Client) -> None:
    for path in ("/control", "/portal/riot"):
        for shown in ("", "Bearer", "Bearer other", "Bearer t0ke"):
            assert outside.post(path, json={}, headers={"Authorization": shown}).status_code == 401
        assert outside.post(path, json={}).status_code == 200, "the client's own header shows it"
    with serving(Outside(1, {})) as without_token:
        assert without_token.post("/control", json={}, headers={"Authorization": "Bearer"}).status_code == 401


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


def test_a_revoked_key_is_dead_at_once_and_only_the_new_one_is_taken(tmp_path: Path) -> None:
    write_keys(tmp_path / ".env")
    assert (tmp_path / ".env").stat().st_mode & 0o077 == 0
    old = read_keys(tmp_path / ".env")
    places = {
        "riot": ("/riot/match", 403),
        "discord": ("/discord/users/@me", 401),
        "llm": ("/llm/v1/models", 401),
    }
    assert set(old) == set(places)
    with serving(Outside(1, old, "t0ken")) as outside:
        for provider, (path, refusal) in places.items():
            shown = credentials(old, provider)
            assert outside.get(path).status_code == refusal
            assert outside.get(path, headers=shown).status_code == 200
            (new,) = outside.post(f"/portal/{provider}").json().values()
            assert outside.get(path, headers=shown).status_code == refusal
            assert outside.get(path, headers=credentials({provider: new}, provider)).status_code == 200
        assert outside.post("/portal/nobody").status_code == 404


def test_a_webhook_needs_no_bot_and_a_bot_that_is_refused_counts_as_invalid() -> None:
    with serving(Outside(1, {"discord": "good"}, "t0ken")) as outside:
        assert outside.patch("/discord/webhooks/1/token").status_code == 200
        outside.post("/control", json={"ban_at": 1})
        assert outside.post("/discord/channels/1/messages").status_code == 401
        assert outside.patch("/discord/webhooks/1/token").headers["Content-Type"] == "text/html"


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


def test_discord_refuses_the_51st_call_of_a_second_globally_but_not_an_interaction(
    outside: httpx.Client,
) -> None:
    answers = [outside.post(f"/discord/channels/{channel}/messages", json={}) for channel in range(60)]
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.json()["global"] is True
    assert refused.headers["X-RateLimit-Global"] == "true"
    assert refused.headers["X-RateLimit-Scope"] == "global"
    tokens = [outside.patch(f"/discord/webhooks/1/{token}", json={}) for token in range(60)]
    assert {answer.status_code for answer in tokens} == {200}


def test_every_channel_has_a_bucket_of_its_own_that_says_how_much_is_left(outside: httpx.Client) -> None:
    answers = [outside.post("/discord/channels/1/messages", json={}) for _ in range(6)]
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["4", "3", "2", "1", "0", "0"]
    refused = answers[5]
    assert (refused.status_code, refused.headers["X-RateLimit-Scope"]) == (429, "user")
    assert 0 < refused.json()["retry_after"] <= 5
    assert int(refused.headers["Retry-After"]) >= refused.json()["retry_after"]
    assert refused.json()["global"] is False
    assert outside.post("/discord/channels/2/messages", json={}).status_code == 200


def test_refusals_of_a_shared_limit_do_not_bring_the_ban_nearer_and_others_do(outside: httpx.Client) -> None:
    outside.post("/control", json={"ban_at": 2, "discord_shared": True})
    shared = [outside.post("/discord/channels/1/messages", json={}) for _ in range(5)]
    assert {answer.headers["X-RateLimit-Scope"] for answer in shared} == {"shared"}
    outside.post("/control", json={"ban_at": 2})
    answers = [outside.post("/discord/channels/1/messages", json={}) for _ in range(8)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 3
    assert "1015" not in answers[6].text
    assert "1015" in answers[7].text


def test_the_model_writes_nonsense_as_often_as_asked(outside: httpx.Client) -> None:
    outside.post("/control", json={"llm_invalid_rate": 1.0})
    answer = outside.post("/llm/v1/chat/completions", json={}).json()
    with pytest.raises(ValueError, match="Expecting"):
        json.loads(answer["choices"][0]["message"]["content"])


def test_an_unknown_control_is_refused(outside: httpx.Client) -> None:
    assert outside.post("/control", json={"nonsense": 1}).status_code == 400


def test_what_users_were_shown_can_be_read_by_who_shows_the_token(outside: httpx.Client) -> None:
    place = "/discord/webhooks/1/mine-1/messages/@original"
    assert outside.patch(place, json={"content": "hi", "embeds": [{"title": "analysis"}]}).status_code == 200
    outside.patch("/discord/webhooks/1/mine-2/messages/@original?bad=1", json={"content": "lost"})
    outside.patch("/discord/webhooks/1/mine-3/messages/@original", content=b"no json")
    outside.patch("/discord/webhooks/1/other/messages/@original", json={"content": "x" * 3000})
    read = outside.get("/control/deliveries?prefix=mine").json()["deliveries"]
    assert [(each["token"], each["kind"], each["content"]) for each in read] == [
        ("mine-1", "analysis", "hi"),
        ("mine-3", "", ""),
    ], "what Discord refused was shown to nobody"
    assert len(outside.get("/control/deliveries?prefix=other").json()["deliveries"][0]["content"]) == 2000
    assert outside.get("/control/deliveries", headers={"Authorization": ""}).status_code == 401
