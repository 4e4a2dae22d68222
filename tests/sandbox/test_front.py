"""The sandbox's front: real slots, one of which is live, and what is asked of it from outside."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from core.own_python import own_environment
from tests import plain_http
from tests.sandbox.fronts import TOKEN, Front, running_front

KEY = {"Authorization": f"Bearer {TOKEN}"}


def control(front: Front, **words: str) -> int:
    return plain_http.post(f"{front.url}/control", json=words, headers=KEY, timeout=120).status_code


def version(front: Front, slot: str = "") -> str:
    path = f"/slots/{slot}/health" if slot else "/health"
    return str(plain_http.get(front.url + path).json().get("version"))


def test_a_release_is_put_into_a_slot_and_switched_to(
    tmp_path: Path, postgres_url: str, redis_url: str
) -> None:
    with running_front(tmp_path, postgres_url, redis_url) as front:
        assert plain_http.get(f"{front.url}/health").status_code == 502, "nothing stands there yet"
        assert plain_http.post(f"{front.url}/control", json={"live": "green"}).status_code == 401
        refused = [
            {"live": "green"},
            {"slot": "red", "version": "v2.2.1"},
            {"slot": "green", "version": "../v2.2.1"},
            {"slot": "green", "version": "live"},
            {"instance": "service", "version": "v2.2.1"},
        ]
        assert [control(front, **words) for words in refused] == [409] * 5
        assert control(front, live="green", slot="blue", more="x") == 409
        assert control(front, slot="blue", version="v2.2.1") == 200
        assert (version(front), version(front, "blue")) == ("v2.2.1", "v2.2.1")
        tool = subprocess.run(
            front.command("deploy", "green", "v2.3.0"),
            env=own_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert (tool.returncode, tool.stdout) == (0, "blue is live\n")
        assert (version(front), version(front, "green")) == ("v2.2.1", "v2.3.0")
        assert control(front, live="green") == 200
        assert (version(front), (front.releases / "live").readlink()) == ("v2.3.0", Path("v2.3.0"))
        assert control(front, slot="green", version="v3.0.0") == 200
        document = plain_http.get(f"{front.url}/slots").json()
        assert document["live"] == "green"
        assert [(each["version"], each["live"]) for each in document["releases"]] == [
            ("v2.2.1", False),
            ("v3.0.0", True),
            ("v2.3.0", False),
        ]
        front.slots._slots["green"].process.kill()
        front.slots._slots["green"].process.wait()
        assert plain_http.get(f"{front.url}/health").status_code == 502
        assert plain_http.get(f"{front.url}/slots").json()["releases"][1]["note"] == "ended (-9)"
        tool = subprocess.run(
            front.command("switch", "green"),
            env=own_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert (tool.returncode, "nothing runs" in tool.stderr) == (1, True)


@pytest.mark.parametrize("words", [[], {"slot": 1, "version": "v"}, {}, "x"])
def test_words_that_mean_nothing_change_nothing(words: object, tmp_path: Path) -> None:
    with running_front(tmp_path, "", "") as front:
        assert plain_http.post(f"{front.url}/control", json=words, headers=KEY).status_code == 400
