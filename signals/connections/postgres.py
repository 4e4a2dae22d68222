"""A Postgres connection: from an address as SQLAlchemy or libpq write it, and a password that may be in a file.

TLS is in the address (`?sslmode=verify-full&sslrootcert=…`, libpq's own options).
`connection_arguments` raises `Unreachable` for a bad address and `ConfigError` for a password file that can't be read.
`connect` raises those, and for all that is done with the connection inside of its `with`:
    Unreachable   no connection: refused, name unknown, TLS broken, too many connections, the server is starting
    TimedOut      no connection, or no answer to a statement, within `timeout_s`
    Denied        a wrong or missing password, no such database, no right to read something
    BadAnswer     any other error of the server
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from core.errors import BadAnswer, Denied, SourceError, TimedOut, Unreachable
from core.message import say
from core.text import clean
from signals.connections.credentials import read_secret

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import psycopg
    from pydantic import SecretStr

_DRIVER = re.compile(r"^(postgres(?:ql)?)\+\w+://")
"""SQLAlchemy's way to name a driver, which libpq does not know."""


def connection_arguments(
    url: SecretStr,
    password_file: Path | None = None,
    *,
    timeout_s: float,
    source: str,
    application_name: str = "warroom",
    read_only: bool = True,
) -> dict[str, Any]:
    """Libpq's keywords, for `psycopg.connect` or SQLAlchemy's `connect_args`. A password file wins over the address."""
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        arguments = dict(conninfo_to_dict(_DRIVER.sub(r"\1://", url.get_secret_value())))
    except ProgrammingError:  # its words hold the URL, and with it the password
        raise Unreachable(say("schema.bad_url", source=source)) from None
    if password := read_secret(None, password_file):
        arguments["password"] = password
    seconds = max(1, round(timeout_s))
    options = f"{arguments.get('options') or ''} -c statement_timeout={seconds * 1000}"
    if read_only:
        options += " -c default_transaction_read_only=on"
    return {
        **arguments,
        "connect_timeout": seconds,
        "application_name": application_name,
        "options": options.strip(),
    }


@contextmanager
def connect(arguments: dict[str, Any], *, timeout_s: float, source: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection in a transaction, closed at the end. Blocks: call it in a thread."""
    import psycopg
    from psycopg import errors as sql

    try:
        with psycopg.connect(**arguments) as connection:
            yield connection
    except (sql.QueryCanceled, psycopg.errors.ConnectionTimeout) as error:
        raise TimedOut(say("signals.timed_out", source=source, seconds=timeout_s)) from error
    except (sql.InsufficientPrivilege, sql.InvalidPassword) as error:
        raise _denied(error, source) from error
    except psycopg.OperationalError as error:
        raise _connection_error(error, source) from error
    except psycopg.Error as error:
        raise BadAnswer(say("signals.bad_answer", source=source, detail=clean(str(error)))) from error


def _connection_error(error: psycopg.OperationalError, source: str) -> SourceError:
    """What a server that lets nobody in means (PostgreSQL documentation, appendix A: error codes).

    libpq keeps the SQLSTATE of a failed connection to itself, so that then the server's words have to do; a server that
    speaks another language than English is quoted as it is.
    """
    words = str(error)
    for state, hint, kind, message in (
        ("28P01", "password authentication failed", Denied, say("schema.wrong_password", source=source)),
        ("28P01", "no password supplied", Denied, say("schema.no_password", source=source)),
        ("3D000", 'database "', Denied, say("schema.no_database", source=source)),
        ("53300", "too many connections", Unreachable, say("schema.full", source=source)),
        ("53300", "remaining connection slots", Unreachable, say("schema.full", source=source)),
        ("53300", "too many clients", Unreachable, say("schema.full", source=source)),
        ("57P03", "the database system is", Unreachable, say("schema.not_ready", source=source)),
    ):
        if error.sqlstate == state or (error.sqlstate is None and hint in words):
            return kind(message)
    if "authentication failed" in words or "does not exist" in words:
        return _denied(error, source)
    return Unreachable(say("signals.unreachable", source=source, detail=clean(words)))


def _denied(error: Exception, source: str) -> Denied:
    return Denied(say("schema.denied", source=source, detail=clean(str(error))))
