"""The test bed itself: the servers are real ones."""

from __future__ import annotations

import psycopg
import redis


def test_postgres_answers_sql(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        row = connection.execute("SELECT current_database()").fetchone()
    assert row is not None
    assert row[0].startswith("test_")


def test_valkey_answers_commands(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.lpush("matches", "a", "b") == 2
