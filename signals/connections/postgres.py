"""A Postgres connection: from an address as SQLAlchemy or libpq write it, and a password that may be in a file.

TLS is in the address (`?sslmode=verify-full&sslrootcert=…`, libpq's own options), and so are several hosts
(`host1,host2`, or SQLAlchemy's `?host=host1:5432&host=host2:5432`). Nothing is set by startup options and nothing is
left behind in a session: a pooler in transaction mode (PgBouncer) refuses the one and forgets the other. What shall
hold is set at the beginning of each transaction, the user's own `?options=-csearch_path%3Dteam` included.

`read_address` raises `Unreachable` for a bad address and `UnreadableSecret` for a file of a password or certificate that can't be read.
`connect` raises, for all that is done with the connection inside of its `with`:
    Unreachable   no connection: refused, name unknown, TLS broken, too many connections, the server is starting
    TimedOut      no connection, or no answer to a statement, within `timeout_s`
    Denied        a wrong or missing password, no such database, no right to read something
    BadAnswer     any other error of the server
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from core.errors import BadAnswer, Denied, SourceError, TimedOut, Unreachable
from core.message import say
from core.text import clean
from signals.connections.credentials import read_secret, require_certificates

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import psycopg
    from pydantic import SecretStr

GRACE_S = 1.0
"""So much later than the server would we end a statement: it says why."""
_DRIVER = re.compile(r"^(postgres(?:ql)?)\+\w+://")
"""SQLAlchemy's way to name a driver, which libpq does not know."""
_CERTIFICATES = ("sslrootcert", "sslcert", "sslkey", "sslcrl")
_UNKNOWN_OPTION = re.compile(r'invalid (?:URI query parameter|connection option)[: ]+"([^"]{1,60})"')
_OPTION = re.compile(r"(?:-c\s*|--)([A-Za-z_][\w.-]*)=((?:\\.|\S)*)(?:\s+|$)")
"""One setting of libpq's `options`; a backslash keeps what follows it (PostgreSQL: `pg_split_opts`)."""


@dataclass(frozen=True, slots=True)
class PostgresAddress:
    """`keywords` are for `psycopg.connect`, `settings` hold in each transaction that begins with `begin()`."""

    keywords: Mapping[str, Any] = field(repr=False)
    settings: Mapping[str, str]

    @property
    def place(self) -> str:
        """Every host with its port and the database, for people."""
        hosts = str(self.keywords.get("host") or self.keywords.get("hostaddr") or "socket").split(",")
        ports = str(self.keywords.get("port") or 5432).split(",")
        ports = ports if len(ports) == len(hosts) else [ports[0]] * len(hosts)
        servers = ",".join(f"{host}:{port or 5432}" for host, port in zip(hosts, ports, strict=True))
        return clean(f"{servers}/{self.keywords.get('dbname') or ''}")

    def begin(self) -> str:
        """The statement to begin a transaction with."""
        from psycopg.sql import SQL, Literal

        parts = [
            SQL("set_config({}, {}, true)").format(Literal(name), Literal(value))
            for name, value in self.settings.items()
        ]
        return SQL("SELECT {}").format(SQL(", ").join(parts)).as_string(None)


def read_address(
    url: SecretStr,
    password_file: Path | None = None,
    *,
    timeout_s: float,
    source: str,
    application_name: str = "warroom",
    settings: Mapping[str, str] | None = None,
) -> PostgresAddress:
    """What `url` says, with a statement timeout and `settings` for each transaction. A password file wins over the URL."""
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        keywords = dict(conninfo_to_dict(_libpq_url(url.get_secret_value())))
    except (ProgrammingError, ValueError) as error:  # its words hold the URL, and with it the password
        if unknown := _UNKNOWN_OPTION.search(str(error)):
            raise Unreachable(
                say("schema.bad_option", source=source, option=clean(unknown.group(1)))
            ) from None
        raise Unreachable(say("schema.bad_url", source=source)) from None
    certificates = [Path(str(value)) for name, value in keywords.items() if name in _CERTIFICATES and value]
    require_certificates(
        *(path for path in certificates if path.exists())
    )  # of what is missing libpq says more
    if password := read_secret(None, password_file):
        keywords["password"] = password
    seconds = max(1, round(timeout_s))
    own = _settings_of(str(keywords.get("options") or ""))
    if own is not None:  # else there is more in it than settings: the server shall see it as it stands
        keywords.pop("options", None)
    return PostgresAddress(
        keywords={
            **keywords,
            "connect_timeout": seconds,
            "application_name": application_name,
            "prepare_threshold": None,  # a pooler gives each transaction another session: nothing prepared is there
        },
        settings={**(own or {}), "statement_timeout": f"{seconds * 1000}", **(settings or {})},
    )


def _libpq_url(url: str) -> str:
    """SQLAlchemy's ways to write an address as libpq reads them; raises `ValueError`."""
    libpq = _DRIVER.sub(r"\1://", url)
    if "://" not in libpq:
        return libpq
    parts = urlsplit(libpq)
    options = parse_qsl(parts.query, keep_blank_values=True)
    hosts = [value for name, value in options if name == "host"]
    several = len(hosts) > 1 or (len(hosts) == 1 and re.search(r"[^/:\]]:\d+$", hosts[0]) is not None)
    if several:
        split = [re.fullmatch(r"(.*?)(?::(\d+))?", host) for host in hosts]
        options = [(name, value) for name, value in options if name not in ("host", "port")]
        options.append(("host", ",".join(match.group(1) if match else "" for match in split)))
        options.append(("port", ",".join((match.group(2) or "5432") if match else "" for match in split)))
    if "+asyncpg://" in url:  # its name for libpq's option, with the same values
        options = [("sslmode", value) if name == "ssl" else (name, value) for name, value in options]
    query = urlencode(options)
    return urlunsplit(parts._replace(query=query)) if several or "+asyncpg://" in url else libpq


def _settings_of(options: str) -> dict[str, str] | None:
    """`-c name=value …` as settings, None where there is anything else in it."""
    settings: dict[str, str] = {}
    rest = options.strip()
    while rest:
        option = _OPTION.match(rest)
        if option is None:
            return None
        name, value = option.group(1).replace("-", "_"), re.sub(r"\\(.)", r"\1", option.group(2))
        if name in ("default_transaction_isolation", "default_transaction_deferrable"):
            return None  # too late within a transaction
        # What new transactions have by default is meant for this one, which has begun.
        settings["transaction_read_only" if name == "default_transaction_read_only" else name] = value
        rest = rest[option.end() :]
    return settings


@contextmanager
def connect(
    address: PostgresAddress, *, timeout_s: float, source: str, read_only: bool = True
) -> Iterator[psycopg.Connection[Any]]:
    """A connection in one transaction, closed at the end. Blocks: call it in a thread."""
    with (
        server_errors(timeout_s=timeout_s, source=source),
        open_connection(address, timeout_s=timeout_s) as connection,
    ):
        connection.read_only = read_only
        connection.execute(address.begin().encode())
        yield connection


def open_connection(address: PostgresAddress, *, timeout_s: float) -> psycopg.Connection[Any]:
    """A connection that hangs up where no answer to a statement comes in time; raises psycopg's errors."""
    from signals.connections.statement_deadline import DeadlineConnection

    connection = DeadlineConnection.connect(**address.keywords)
    connection.limit_s = timeout_s + GRACE_S
    return connection


@contextmanager
def server_errors(*, timeout_s: float, source: str) -> Iterator[None]:
    """What psycopg raises inside, as a `SourceError`."""
    import psycopg
    from psycopg import errors as sql

    try:
        yield
    except (sql.QueryCanceled, psycopg.errors.ConnectionTimeout) as error:
        raise TimedOut(say("signals.timed_out", source=source, seconds=timeout_s)) from error
    except (sql.InsufficientPrivilege, sql.InvalidPassword) as error:
        raise _denied(error, source) from error
    except psycopg.OperationalError as error:
        raise _connection_error(error, source) from error
    except psycopg.Error as error:
        raise BadAnswer(say("signals.bad_answer", source=source, detail=clean(str(error)))) from error


def is_pooled(connected_pid: int, session_pid: int | None) -> bool:
    """Whether a pooler stands between: it lets clients in under a number of its own, and the server's is another.

    `connected_pid` is `connection.info.backend_pid`, `session_pid` what `SELECT pg_backend_pid()` answered. Then a
    session may be another one in the next transaction: LISTEN, session locks and settings do not last.
    """
    return session_pid != connected_pid


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
        ("", "unsupported startup parameter", Unreachable, say("schema.pooler_options", source=source)),
    ):
        if error.sqlstate == state or (error.sqlstate is None and hint in words):
            return kind(message)
    if "authentication failed" in words or "does not exist" in words:
        return _denied(error, source)
    return Unreachable(say("signals.unreachable", source=source, detail=clean(words)))


def _denied(error: Exception, source: str) -> Denied:
    return Denied(say("schema.denied", source=source, detail=clean(str(error))))
