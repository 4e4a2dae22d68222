"""The database under the journal: connecting, safety settings, upgrading under a lock, and errors as sentences.

SQLite: write-ahead log, `synchronous=FULL` (a commit is on the disk before it is on the screen), the file 0600 in a
folder 0700, writers queue by `BEGIN IMMEDIATE`. Postgres: psycopg 3, with a statement timeout, so that nobody
waits without end for a server that hangs.
"""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event, inspect, make_url, pool
from sqlalchemy import text as sql
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError, SQLAlchemyError

from core.message import say
from core.text import clean
from incidents.journal.errors import JournalAway, JournalError, JournalFull, JournalTooNew, ReadOnlyJournal
from incidents.journal.sqlite_file import REVISIONS, VERSION_TABLE, default_file, writable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine
    from sqlalchemy.engine import URL

    from incidents.settings import JournalSettings

SCRIPTS = Path(__file__).parents[2] / "migrations" / "journal"
CHANNEL = "warroom_journal"
_LOCK_KEY = 7_717_766_001


@dataclass(frozen=True, slots=True)
class Database:
    """A connected journal database. `place` names it for people, without its password."""

    engine: Engine
    place: str
    read_only: bool
    is_postgres: bool

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection in a transaction that only reads."""
        with translated(self.place), self.engine.connect() as connection:
            yield connection

    def ping(self) -> None:
        """Ask for nothing; raises `JournalAway` when there is no answer."""
        with self.read() as connection:
            connection.execute(sql("SELECT 1"))

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A connection in a transaction that is committed at the end, or leaves nothing behind."""
        if self.read_only:
            raise ReadOnlyJournal(say("journal.read_only", place=self.place))
        with translated(self.place), self.engine.connect() as connection:
            connection = connection.execution_options(journal_write=True)  # noqa: PLW2901  # the same connection, marked
            with connection.begin():
                yield connection


def open_database(settings: JournalSettings, *, read_only: bool = False) -> Database:
    """Connect, and bring the schema up to date; raises a `JournalError`.

    A file or a server that can't be written opens read-only.
    """
    url = _url(settings)
    if url is None or url.drivername == "sqlite":
        database = _open_sqlite(_file(url), settings.timeout_s, read_only=read_only)
    else:
        database = _open_postgres(url, place_of(settings), settings.timeout_s, read_only=read_only)
    try:
        _upgrade(database)
    except BaseException:
        database.engine.dispose()
        raise
    return database


def place_of(settings: JournalSettings) -> str:
    """Where the journal is, for people, without its password; raises a `JournalError` for a bad address."""
    url = _url(settings)
    if url is None or url.drivername == "sqlite":
        return clean(str(_file(url)))
    return clean(f"{url.host or 'socket'}:{url.port or 5432}/{url.database or ''}")


def _file(url: URL | None) -> Path:
    return Path(url.database) if url is not None and url.database else default_file()


def is_team(settings: JournalSettings) -> bool:
    """Whether the journal is a server, which may be away."""
    return settings.url is not None and not settings.url.get_secret_value().startswith("sqlite")


def _url(settings: JournalSettings) -> URL | None:
    if settings.url is None:
        return None
    try:
        url = make_url(settings.url.get_secret_value())
    except ArgumentError:  # its words hold the URL, and with it the password
        raise JournalError(say("journal.bad_url")) from None
    if url.drivername == "sqlite":
        return url
    if settings.password_file is not None:
        try:
            url = url.set(password=settings.password_file.read_text(encoding="utf-8").strip())
        except OSError as error:
            raise JournalError(
                say("journal.unreadable", place=str(settings.password_file), detail=error.strerror or "?")
            ) from error
    return url.set(drivername="postgresql+psycopg")


def _open_sqlite(file: Path, timeout_s: float, *, read_only: bool) -> Database:
    place = clean(str(file))
    if read_only and not file.exists():
        raise JournalError(say("journal.none", place=place))
    read_only = read_only or (file.exists() and not writable(file))
    if not read_only:
        make_private(file)
    frozen = "&immutable=1" if read_only and not os.access(file.parent, os.W_OK) else ""
    mode = f"file:{_quoted(file)}?mode={'ro' if read_only else 'rw'}{frozen}"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(
            mode, uri=True, timeout=timeout_s, check_same_thread=False, isolation_level=None
        )

    engine = create_engine("sqlite://", creator=connect, poolclass=pool.QueuePool, pool_size=4)

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA foreign_keys=ON")
        if not read_only:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # pysqlite would begin late and lazily; a writer must take its place before it reads the chain's end.
        write = connection.get_execution_options().get("journal_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return Database(engine, place, read_only, is_postgres=False)


def make_private(file: Path) -> None:
    """Make an empty `file`, 0600 in a folder 0700, unless there is one; raises a `JournalError`."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        kind = JournalFull if error.errno in (errno.ENOSPC, errno.EDQUOT) else JournalError
        raise kind(say("journal.unwritable", place=clean(str(file)), detail=error.strerror or "?")) from error


def _quoted(file: Path) -> str:
    from urllib.parse import quote

    return quote(str(file.absolute()))


def _open_postgres(url: URL, place: str, timeout_s: float, *, read_only: bool) -> Database:
    patience = max(1, round(timeout_s))
    arguments: dict[str, Any] = {
        "connect_timeout": patience,
        "application_name": "warroom journal",
        "options": f"-c statement_timeout={patience * 1000} -c lock_timeout={patience * 1000}",
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 2,
        "tcp_user_timeout": patience * 1000,
    }
    # A connection an operation: fifty responders who each kept one more would use up a server's usual hundred.
    engine = create_engine(url, connect_args=arguments, poolclass=pool.NullPool)
    with translated(place), engine.connect() as connection:
        fixed = connection.scalar(
            sql("SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::bool")
        )
    return Database(engine, place, read_only or bool(fixed), is_postgres=True)


def _upgrade(database: Database) -> None:
    found = _revision(database)
    if found == REVISIONS[-1]:
        return
    if found is not None and found not in REVISIONS:
        raise JournalTooNew(
            say("journal.too_new", place=database.place, found=clean(found, 40), known=REVISIONS[-1])
        )
    if database.read_only:
        raise ReadOnlyJournal(say("journal.old_and_read_only", place=database.place))
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    with _upgrade_lock(database) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _revision(database: Database) -> str | None:
    with database.read() as connection:
        if not inspect(connection).has_table(VERSION_TABLE):
            return None
        found: str | None = connection.scalar(sql(f"SELECT version_num FROM {VERSION_TABLE}"))  # noqa: S608  # our own constant
    return found


@contextmanager
def _upgrade_lock(database: Database) -> Iterator[Connection]:
    """One upgrader at a time; the other finds the work done. SQLite's lock is the write transaction itself."""
    with database.write() as connection:
        if database.is_postgres:
            connection.execute(sql("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
        yield connection


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Hold `file` (made when missing) against other processes of this machine."""
    make_private(file)
    with file.open("rb") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def translated(place: str) -> Iterator[None]:
    """Turn what a driver says into a `JournalError`."""
    try:
        yield
    except SQLAlchemyError as error:
        raise _sentence(error, place) from error


def away(error: Exception, place: str) -> JournalAway:
    """No answer from the server. The error's own words may hold a user's name, never a password (libpq).

    Only their first line is of use: libpq goes on with advice.
    """
    first = (str(error).strip() or type(error).__name__).splitlines()[0]
    return JournalAway(say("journal.away", place=place, detail=clean(first, 200)))


def _sentence(error: SQLAlchemyError, place: str) -> JournalError:
    original = error.orig if isinstance(error, DBAPIError) else None
    detail = clean(str(original or error), 200)
    if isinstance(original, sqlite3.Error):
        return _sqlite_sentence(original, place, detail)
    return _postgres_sentence(error, place, detail)


def _sqlite_sentence(error: sqlite3.Error, place: str, detail: str) -> JournalError:
    """By SQLite's result code; the low byte is the kind (sqlite.org/rescode.html)."""
    code = getattr(error, "sqlite_errorcode", 0)
    match code & 0xFF:
        case sqlite3.SQLITE_FULL:
            found: JournalError = JournalFull(say("journal.full", place=place))
        case sqlite3.SQLITE_IOERR if code == sqlite3.SQLITE_IOERR_WRITE:
            found = JournalFull(say("journal.full", place=place))
        case sqlite3.SQLITE_READONLY:
            found = ReadOnlyJournal(say("journal.read_only", place=place))
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            found = JournalError(say("journal.busy", place=place))
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            found = JournalError(say("journal.damaged", place=place, detail=detail))
        case _:
            found = JournalError(say("journal.refused", place=place, detail=detail))
    return found


def _postgres_sentence(error: SQLAlchemyError, place: str, detail: str) -> JournalError:
    """By SQLSTATE: 08 connection, 57 operator intervention, 53 resources, 55P03 lock not available."""
    state: str | None = getattr(getattr(error, "orig", None), "sqlstate", None)
    if state == "53100":
        return JournalFull(say("journal.full", place=place))
    if state == "25006":
        return ReadOnlyJournal(say("journal.read_only", place=place))
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    silent = isinstance(error, OperationalError) and (
        state is None or state.startswith(("08", "57", "53", "55P03"))
    )
    if lost or silent:
        return away(error.orig if isinstance(error, DBAPIError) and error.orig else error, place)
    return JournalError(say("journal.refused", place=place, detail=detail))
