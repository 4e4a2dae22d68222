"""`warroom doctor` over a real broker, and over one that is not there."""

from __future__ import annotations

import json
from pathlib import Path

import redis

from tests.tui.test_config import warroom


def look(tmp_path: Path, url: str) -> dict[str, object]:
    path = tmp_path / "warroom.toml"
    path.write_text(f'[signals.redis]\nurl = "{url}"\n')
    done = warroom("doctor", "--json", "--config", str(path), folder=tmp_path)
    assert done.returncode == 1, done.stderr
    findings = json.loads(done.stdout)
    assert any(finding["where"] == "metrics" and not finding["ok"] for finding in findings)
    found: dict[str, object] = findings[0]
    return found


def test_a_policy_that_deletes_queues_is_found(tmp_path: Path, redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert look(tmp_path, redis_url)["ok"] is True
        client.config_set("maxmemory-policy", "allkeys-lru")
        try:
            assert look(tmp_path, redis_url)["ok"] is False
        finally:
            client.config_set("maxmemory-policy", "noeviction")


def test_a_broker_that_is_away_is_found(tmp_path: Path) -> None:
    assert look(tmp_path, "redis://127.0.0.1:1/0")["ok"] is False
