"""Passwords of the servers in `[signals]`: whether one is let in with it, and how it is changed there.

What reaches the server when a password is changed is what its own client would send: for Postgres a SCRAM hash, so that
neither its log nor `pg_stat_statements` ever has the password.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from pydantic import SecretStr

from actions.errors import ActionRefused
from core.errors import Denied
from core.message import say
from core.text import clean

if TYPE_CHECKING:
    from actions.model import Context
    from signals.connections.postgres import PostgresAddress
    from signals.settings import RedisSettings

Server = Literal["postgres", "redis"]


def place(server: Server, user: str, context: Context) -> str:
    """Whose password at which server, for people; raises `ActionRefused` where it is not configured."""
    if server == "redis":
        settings = _redis(context, user, "")
        from signals.connections.redis_address import parse_redis_address

        address = parse_redis_address(settings.url.get_secret_value(), None, source=server)
        return clean(f"{address.user or 'default'} at {context.redis.place}")
    address_of = _postgres(context, user, None)
    return clean(f"{address_of.keywords.get('user') or '?'} at {address_of.place}")


def own_password(server: Server, user: str, context: Context) -> str | None:
    """The password with which Warroom itself logs in there as this user; None where it does not, or without one."""
    from signals.connections.credentials import read_secret
    from signals.connections.postgres import read_address
    from signals.connections.redis_address import parse_redis_address

    if server == "redis" and (redis := context.signals.redis) is not None:
        known = read_secret(None, redis.password_file)
        address = parse_redis_address(redis.url.get_secret_value(), known, source=server)
        return address.password if user in ("", address.user or "default") else None
    if server == "postgres" and (postgres := context.signals.postgres) is not None:
        keywords = read_address(
            postgres.url, postgres.password_file, timeout_s=postgres.timeout_s, source=server
        ).keywords
        return keywords.get("password") if user in ("", keywords.get("user")) else None
    return None


def is_let_in(server: Server, user: str, password: str, context: Context, timeout_s: float) -> bool:
    """Whether the server lets this password in. Raises a `SourceError` where it does not say so."""
    try:
        if server == "redis":
            asyncio.run(_ping(_redis(context, user, password), timeout_s))
        else:
            _select(_postgres(context, user, password), timeout_s)
    except Denied as error:
        if _is_about_the_password(server, error):
            return False
        raise
    return True


def set_password(server: Server, user: str, old: str, new: str, context: Context) -> float:
    """Change it, logged in with the old one; raises a `SourceError`. Sessions that are open stay open.

    Returns what the server counts sessions by, as it stood then: they are ended by `end_sessions`.
    """
    if server == "redis":
        return asyncio.run(_set_redis(_redis(context, user, old), new))
    return _set_postgres(_postgres(context, user, old), new)


def end_sessions(server: Server, user: str, password: str, mark: float, context: Context) -> int:
    """End this login's sessions from before `mark`: whoever was let in with the old password is in until then.

    Returns how many; raises a `SourceError`.
    """
    if server == "redis":
        return asyncio.run(_end_redis(_redis(context, user, password), mark))
    return _end_postgres(_postgres(context, user, password), mark)


def _is_about_the_password(server: Server, error: Denied) -> bool:
    """Postgres denies a missing database and a host that `pg_hba.conf` does not know, too, Redis a login where none is set."""
    words = str(error.__cause__).lower()
    if server == "redis":
        return "invalid username-password" in words or "invalid password" in words
    return getattr(error.__cause__, "sqlstate", None) == "28P01" or "password authentication failed" in words


def _postgres(context: Context, user: str, password: str | None) -> PostgresAddress:
    from signals.connections.postgres import read_address

    settings = context.signals.postgres
    if settings is None:
        raise ActionRefused(say("actions.not_configured", section="signals.postgres"))
    address = read_address(settings.url, None, timeout_s=settings.timeout_s, source="postgres")
    keywords = {name: value for name, value in address.keywords.items() if name != "passfile"}
    given: dict[str, Any] = {"user": user} if user else {}
    if password is not None:
        given |= {"password": password, "passfile": "/dev/null"}
    return replace(address, keywords={**keywords, **given})


def _select(address: PostgresAddress, timeout_s: float) -> None:
    from signals.connections.postgres import connect

    with connect(address, timeout_s=timeout_s, source="postgres") as connection:
        connection.execute("SELECT 1")


def _set_postgres(address: PostgresAddress, new: str) -> float:
    from psycopg.sql import SQL, Identifier, Literal

    from signals.connections.postgres import connect

    with connect(address, timeout_s=30.0, source="postgres", read_only=False) as connection:
        hashed = connection.pgconn.encrypt_password(
            new.encode(), connection.info.user.encode(), b"scram-sha-256"
        ).decode()
        role = Identifier(connection.info.user)
        connection.execute(SQL("ALTER ROLE {} PASSWORD {}").format(role, Literal(hashed)))
        row = connection.execute("SELECT extract(epoch FROM clock_timestamp())").fetchone()
    return float(row[0]) if row else 0.0


def _end_postgres(address: PostgresAddress, mark: float) -> int:
    from signals.connections.postgres import connect

    ended = (
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = current_user"
        " AND pid <> pg_backend_pid() AND backend_start < to_timestamp(%s)"
    )
    with connect(address, timeout_s=30.0, source="postgres", read_only=False) as connection:
        row = connection.execute(ended, [mark]).fetchone()
    return int(row[0]) if row else 0


def _redis(context: Context, user: str, password: str) -> RedisSettings:
    """The configured server, with this login in place of its own."""
    from signals.connections.redis_address import parse_redis_address

    settings = context.signals.redis
    if settings is None:
        raise ActionRefused(say("actions.not_configured", section="signals.redis"))
    address = parse_redis_address(settings.url.get_secret_value(), None, source="redis")
    if address.scheme == "sentinel":
        raise ActionRefused(say("secrets.sentinels"))
    address = replace(address, user=user or address.user or "default", password=password)
    return settings.model_copy(update={"url": SecretStr(address.for_redis()), "password_file": None})


async def _ping(settings: RedisSettings, timeout_s: float) -> None:
    from signals.connections.redis import answered, close_redis, open_redis

    client = open_redis(settings)
    try:
        async with answered(timeout_s):
            await client.ping()
    finally:
        await close_redis(client)


async def _set_redis(settings: RedisSettings, new: str) -> float:
    """Kept in the server's own file where it has one."""
    import redis.exceptions as failures

    from signals.connections.redis import answered, close_redis, open_redis

    user = _user_of(settings)
    client: Any = open_redis(settings)  # its commands have no types
    try:
        async with answered(30.0):
            if user == "default":  # `requirepass` is its password, and what CONFIG REWRITE writes
                await client.execute_command("CONFIG", "SET", "requirepass", new)
            else:
                await client.execute_command("ACL", "SETUSER", user, "resetpass", f">{new}")
            # Without a file, how it starts is somebody else's, and another place.
            with suppress(failures.ResponseError):
                await client.execute_command("CONFIG", "REWRITE")
            return float(await client.client_id())
    finally:
        await close_redis(client)


async def _end_redis(settings: RedisSettings, mark: float) -> int:
    from signals.connections.redis import answered, close_redis, open_redis

    user = _user_of(settings)
    client: Any = open_redis(settings)  # its commands have no types
    try:
        async with answered(30.0):
            sessions = await client.client_list()
            old = [each["id"] for each in sessions if each.get("user") == user and int(each["id"]) < mark]
            ended = [await client.client_kill_filter(_id=each, skipme=True) for each in old]
    finally:
        await close_redis(client)
    return sum(int(each) for each in ended)


def _user_of(settings: RedisSettings) -> str:
    from signals.connections.redis_address import parse_redis_address

    return parse_redis_address(settings.url.get_secret_value(), None, source="redis").user
