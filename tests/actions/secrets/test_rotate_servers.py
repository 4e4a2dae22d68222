"""Rotation at servers that decide themselves: Postgres, Valkey and Alertmanager."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import redis
import yaml

from actions.catalogue import secrets_prove, secrets_rotate
from actions.errors import ActionRefused
from actions.secrets.places import PlaceError
from actions.settings import ActionsSettings
from sandbox.servers import run_postgres, run_valkey
from tests import alerting
from tests.actions.build import context
from tests.actions.secrets.providers import providers
from tests.actions.secrets.test_rotate import run_whole
from tests.postgres import open_folder

if TYPE_CHECKING:
    from pathlib import Path

    from actions.model import Context

OLD, NEW = "0ldPassw0rd0ldPassw0rd", "n3wPassw0rd%40/x"


def desk(folder: Path, secret: dict[str, Any], printed: list[str] | None = None, **signals: Any) -> Context:
    settings = ActionsSettings.model_validate({"secrets": {"it": secret}})
    return replace(context(printed, settings=settings, **signals), folder=folder / "ours")


def test_a_password_of_postgres(tmp_path: Path) -> None:
    """Changed as a hash, proven, old sessions ended; a log of all statements never has it."""
    env = tmp_path / ".env"
    with open_folder() as folder, run_postgres(folder / "data", password=OLD) as server:
        env.write_text(
            f'DATABASE_URL="{server.url.replace("postgresql:", "postgresql+asyncpg:")}?ssl=disable"\n'
        )
        with psycopg.connect(server.url, autocommit=True) as admin:
            admin.execute("ALTER SYSTEM SET log_statement = 'all'")
            admin.execute("SELECT pg_reload_conf()")
        intruder = psycopg.connect(server.url, autocommit=True)
        place = {"env_file": str(env), "variable": "DATABASE_URL", "form": "url-password"}
        secret = {"prove": {"server": "postgres"}, "write": [{"server": "postgres"}, place]}
        printed: list[str] = []
        (tmp_path / "own").write_text(OLD)
        address = server.url.replace(f":{OLD}@", "@")
        made = desk(tmp_path, secret, printed, postgres={"url": address, "password_file": tmp_path / "own"})
        plan, outcome, seen = run_whole(secrets_rotate.ACTION, made, {"secret": "it", "value": NEW})
        assert [(each.text.key, each.ok) for each in seen] == [
            ("secrets.is_accepted", True),
            ("secrets.is_refused", True),
            ("secrets.stands_at", True),
        ]
        assert "n3wPassw0rd%2540%2Fx@127.0.0.1" in env.read_text()
        assert [each.key for each in plan.warnings] == ["secrets.own_login", "secrets.nobody_restarted"]
        with pytest.raises(psycopg.OperationalError):
            intruder.execute("SELECT 1")
        assert outcome.undo is not None
        assert outcome.undo.call is not None
        back = dict(outcome.undo.call.params)
        with pytest.raises(ActionRefused):  # the old one is dead
            run_whole(secrets_rotate.ACTION, made, back)
        log = (folder / "data.log").read_text()
    assert "SCRAM-SHA-256$" in log
    shown = log + repr(plan) + repr(seen) + "".join(printed)
    assert not [value for value in (OLD, NEW) if value in shown]


def test_a_server_that_lets_everybody_in_proves_nothing(postgres_url: str, tmp_path: Path) -> None:
    env = tmp_path / ".env"
    env.write_text(f"PASSWORD={OLD}\n")
    secret = {"prove": {"server": "postgres"}, "write": [{"env_file": str(env), "variable": "PASSWORD"}]}
    made = desk(tmp_path, secret, postgres={"url": postgres_url})
    _, _, seen = run_whole(secrets_prove.ACTION, made, {"secret": "it"})
    assert [(each.ok, each.text.values["said"].key) for each in seen] == [(None, "secrets.accepts_anything")]  # type: ignore[union-attr]


def test_a_password_of_redis(tmp_path: Path) -> None:
    with run_valkey(tmp_path / "valkey", password=OLD) as server:
        env = tmp_path / ".env"
        env.write_text(f"BROKER='{server.url}'\n")
        place = {"env_file": str(env), "variable": "BROKER", "form": "url-password"}
        secret = {"prove": {"server": "redis"}, "write": [{"server": "redis"}, place]}
        intruder = redis.Redis.from_url(server.url, retry=None)
        with contextlib.closing(intruder):
            intruder.ping()
            stale = server.url.replace(OLD, "0utdated")  # Warroom's own configuration was forgotten last time
            made = desk(tmp_path, secret, redis={"url": stale})
            _, _, seen = run_whole(secrets_rotate.ACTION, made, {"secret": "it", "value": NEW})
            assert [each.ok for each in seen] == [True, True, True, True]
            with pytest.raises(redis.ConnectionError):
                intruder.ping()
        assert f"requirepass {NEW}" in (tmp_path / "valkey/valkey.conf").read_text().replace('"', "")


@pytest.mark.skipif(bool(alerting.missing()), reason=alerting.missing())
def test_credentials_in_alertmanagers_file(tmp_path: Path) -> None:
    """Edited where they stand, judged by amtool, taken by a reload; what amtool refuses never stands there."""
    config = {
        "route": {"receiver": "chat"},
        "receivers": [
            {
                "name": "chat",
                "webhook_configs": [
                    {"url": "http://127.0.0.1:9/", "http_config": {"authorization": {"credentials": OLD}}}
                ],
            }
        ],
    }
    keys = ["receivers.*.webhook_configs.*.http_config.authorization.credentials"]
    with alerting.alertmanager(tmp_path / "am", config) as url, providers(llm=OLD) as servers:
        file = tmp_path / "am" / "alertmanager.yml"
        file.write_text("# by hand\n" + file.read_text() + "# the end\n")
        before = file.read_text()
        new = servers.outside.keys.regenerate("llm")
        secret = {
            "prove": servers.proof("llm"),
            "write": [{"yaml_file": str(file), "yaml_keys": keys}],
            "restart": ["alertmanager"],
        }
        printed: list[str] = []
        made = desk(tmp_path, secret, printed, alertmanager={"url": url})
        plan, _, seen = run_whole(secrets_rotate.ACTION, made, {"secret": "it", "value": new})
        assert [each.ok for each in seen] == [True, True, True]
        assert file.read_text() == before.replace(OLD, new)
        assert "alertmanager: reloaded" in printed
        assert [step.argv[:2] for step in plan.steps if step.argv] == [("amtool", "check-config")]
        status = alerting.get(f"{url}/api/v2/status")["config"]["original"]
        assert yaml.safe_load(status)["receivers"][0]["webhook_configs"][0]["http_config"]["authorization"]
        file.write_text(file.read_text().replace("receiver: chat", "receiver: nobody"))
        newer = servers.outside.keys.regenerate("llm")
        broken = file.read_text()
        with pytest.raises(PlaceError):
            run_whole(secrets_rotate.ACTION, made, {"secret": "it", "value": newer})
        assert file.read_text() == broken
