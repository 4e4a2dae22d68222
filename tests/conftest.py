"""Real servers for tests: one Postgres and one Valkey a session, an empty database or index a test."""

from __future__ import annotations

import os
import signal
import uuid
from typing import TYPE_CHECKING

import pytest

from sandbox.servers import Server, run_postgres, run_valkey

if TYPE_CHECKING:
    from collections.abc import Iterator


def pytest_configure() -> None:
    """A shell that starts us in the background lets us, and so our programs, ignore an interrupt: hear it again."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("postgres")
    if os.geteuid() == 0:  # Postgres then runs as `nobody`, and pytest's folders are closed to others
        for parent in (folder, *folder.parents[:3]):
            parent.chmod(parent.stat().st_mode | 0o011)
    with run_postgres(folder / "data") as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: Server) -> str:
    """The URL of a database of its own for this test."""
    import psycopg

    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_server.url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    return postgres_server.url.rsplit("/", 1)[0] + f"/{name}"


@pytest.fixture(scope="session")
def valkey_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with run_valkey(tmp_path_factory.mktemp("valkey")) as server:
        yield server


@pytest.fixture
def redis_url(valkey_server: Server) -> str:
    """The URL of an emptied Redis."""
    import redis

    with redis.Redis.from_url(valkey_server.url) as client:
        client.flushall()
    return valkey_server.url
