"""The test bed itself: the servers are real ones."""

from __future__ import annotations

import psycopg
import redis

from sandbox.servers import errors_of


def test_postgres_answers_sql(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        row = connection.execute("SELECT current_database()").fetchone()
    assert row is not None
    assert row[0].startswith("test_")


def test_valkey_answers_commands(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.lpush("matches", "a", "b") == 2


def test_a_postgres_program_that_fails_is_quoted_with_its_errors() -> None:
    banner = "The files belonging to this database system will be owned by user nobody.\n" * 20
    errors = "FATAL:  could not open file\nSTATEMENT:  CREATE DATABASE template0\ninitdb: error: failed to remove it"
    assert errors_of(banner + errors) == "FATAL:  could not open file initdb: error: failed to remove it"
    assert errors_of(banner + "Killed") == (banner + "Killed")[-500:]
