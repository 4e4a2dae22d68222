"""Who shares the machine with a sandbox: nobody else gets in, and nobody else's server is taken for a part of it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import astuple, replace
from pathlib import Path

import psycopg
import pytest
import redis

from core.own_python import module_command, own_environment
from sandbox.access import write_access
from sandbox.ports import choose_ports
from sandbox.servers import Server
from tests import plain_http
from tests.e2e.stack import running, wait_gone
from tests.terminal import PROGRAM


def test_another_user_of_the_machine_does_not_get_in_and_the_starter_does() -> None:
    with running() as stack:
        postgres, valkey = stack.told["postgres"], stack.told["valkey"]
        for password in ("", "postgres"):
            with pytest.raises(psycopg.OperationalError, match="password"):
                psycopg.connect(f"postgresql://postgres:{password}@127.0.0.1:{postgres}/postgres")
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(port=valkey).ping()
        for part, path in (("outside", "/control"), ("outside", "/portal/riot"), ("service", "/control")):
            assert plain_http.post(stack.url(part, path), json={}).status_code == 401

        with psycopg.connect(stack.told["postgres_url"]) as connection:
            assert connection.execute("SELECT count(*) FROM user_profiles").fetchone() == (0,)
        valkey_password = Path(stack.told["valkey_password_file"]).read_text()
        assert redis.Redis(port=valkey, password=valkey_password).ping()
        assert (
            plain_http.post(stack.url("outside", "/control"), json={}, headers=stack.control()).status_code
            == 200
        )

        folder = Path(stack.folder)
        secrets = {
            *(stack.control()["Authorization"].split()[1:]),
            valkey_password,
            (folder / "postgres.password").read_text(),
        }
        assert len(secrets) == 3
        printed = json.dumps(stack.told)
        commands = subprocess.run(["ps", "-ewwo", "args"], capture_output=True, text=True, check=True).stdout
        assert not [secret for secret in secrets if secret in printed or secret in commands]
        own = [path for path in folder.iterdir() if path.is_file()]
        assert {path.name for path in own} > {"warroom.toml", "control.header", "pgpass", ".env", "stack.log"}
        assert not [path for path in own if path.stat().st_mode & 0o077]


@pytest.mark.parametrize("part", ["valkey", "postgres"])
def test_a_configured_port_that_is_taken_is_one_line_and_touches_nothing(
    part: str, theirs: Server, tmp_path: Path
) -> None:
    (tmp_path / "warroom.toml").write_text(f"[sandbox]\n{part}_port = {theirs.port}\n")
    done = subprocess.run(
        [PROGRAM, "sandbox", "--headless", "--config", str(tmp_path / "warroom.toml")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (3, "")
    assert len(done.stderr.splitlines()) == 1
    assert f"{part}_port = {theirs.port}" in done.stderr
    assert contents(theirs) == []


@pytest.mark.parametrize("part", ["valkey", "postgres"])
def test_a_foreign_server_on_the_port_is_never_taken_for_ours(
    part: str, theirs: Server, tmp_path: Path
) -> None:
    """It took the port after we chose it, speaks the same protocol, and would let us in."""
    folder = tmp_path / "stack"
    folder.mkdir()
    for parent in (folder, *folder.parents[:4]):
        parent.chmod(parent.stat().st_mode | 0o011)  # Postgres may run as another user
    write_access(folder)
    ports = replace(choose_ports(), prometheus=0, **{part: theirs.port})
    arguments = (str(folder), ",".join(map(str, astuple(ports))), "1,1.0,2", "remove", "blue-green")
    with subprocess.Popen(
        module_command("sandbox.stack", *arguments),
        env=own_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        answer = json.loads(process.stdout.readline())
        assert process.wait(160) == 1
    assert answer["ready"] is False
    assert answer["detail"].startswith(f"{part} did not come up")
    assert contents(theirs) == []
    wait_gone(str(folder))


@pytest.fixture
def theirs(part: str, postgres_url: str, redis_url: str, request: pytest.FixtureRequest) -> Server:
    """A neighbour's server of this kind, which asks for no password."""
    server = request.getfixturevalue(f"{part}_server")
    assert isinstance(server, Server)
    return server


def contents(server: Server) -> Sequence[object]:
    """What stands in the first database of a server."""
    if server.url.startswith("redis"):
        return list(redis.Redis(port=server.port).keys("*"))
    with psycopg.connect(server.url) as connection:
        return connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
