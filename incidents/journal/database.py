"""The database under the journal: connecting, safety settings, and upgrading under a lock.

SQLite: write-ahead log, `synchronous=FULL` (a commit is on the disk before it is on the screen), the file 0600 in a
folder 0700, writers queue by `BEGIN IMMEDIATE`. Postgres: psycopg 3, with a statement timeout, so that nobody
waits without end for a server that hangs; nothing outlives a transaction, so that PgBouncer may stand between.
"""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, event, inspect, make_url, pool
from sqlalchemy import text as sql
from sqlalchemy.exc import ArgumentError

from core.errors import SourceError, WarroomError
from core.files import make_private_folder, require_regular
from core.message import say
from core.text import clean
from incidents.journal.errors import JournalError, JournalFull, JournalTooNew, ReadOnlyJournal, driver_errors
from incidents.journal.sqlite_file import REVISIONS, VERSION_TABLE, default_file, is_writable
from incidents.journal.tables import METADATA
from signals.connections.postgres import PostgresAddress, read_address

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

    from incidents.settings import JournalSettings

SCRIPTS = Path(__file__).parents[2] / "migrations" / "journal"
CHANNEL = "warroom_journal"
_LOCK_KEY = 7_717_766_001


@dataclass(frozen=True, slots=True)
class Database:
    """A connected journal database. `place` names it for people, without its password; a file has no `address`."""

    engine: Engine
    place: str
    read_only: bool
    address: PostgresAddress | None = None

    @property
    def is_postgres(self) -> bool:
        """Whether it is a server."""
        return self.address is not None

    @contextmanager
    def read(self, *, repeatable: bool = False) -> Iterator[Connection]:
        """A connection in a transaction that only reads; a `repeatable` one sees one moment (on SQLite all do)."""
        with driver_errors(self.place), self.engine.connect() as connection:
            if repeatable and self.is_postgres:
                connection = connection.execution_options(isolation_level="REPEATABLE READ")  # noqa: PLW2901  # the same connection
            yield connection

    def ping(self) -> None:
        """Whether it answers; raises `JournalAway` when there is no answer."""
        with self.read() as connection:
            connection.execute(sql("SELECT 1"))

    def role(self) -> str | None:
        """Who is logged in, by the server's word; a file knows nobody."""
        if not self.is_postgres:
            return None
        with self.read() as connection:
            return str(connection.scalar(sql("SELECT session_user")))

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A connection in a transaction that is committed at the end, or leaves nothing behind."""
        if self.read_only:
            raise ReadOnlyJournal(say("journal.read_only", place=self.place))
        with driver_errors(self.place), self.engine.connect() as connection:
            connection = connection.execution_options(journal_write=True)  # noqa: PLW2901  # the same connection, marked
            with connection.begin():
                yield connection


def open_database(settings: JournalSettings, *, read_only: bool = False) -> Database:
    """Connect, and bring the schema up to date; raises a `JournalError`.

    A file or a server that can't be written opens read-only.
    """
    address = _address(settings)
    if address is None:
        database = _open_sqlite(_file(settings), settings.timeout_s, read_only=read_only)
    else:
        database = _open_postgres(address, read_only=read_only)
    try:
        _upgrade(database)
    except BaseException:
        database.engine.dispose()
        raise
    return database


def journal_place(settings: JournalSettings) -> str:
    """Where the journal is, for people, without its password; raises a `JournalError` for a bad address."""
    address = _address(settings)
    return clean(str(_file(settings))) if address is None else address.place


def _file(settings: JournalSettings) -> Path:
    if settings.url is None:
        return default_file()
    try:
        name = make_url(settings.url.get_secret_value()).database
    except ArgumentError:
        raise JournalError(say("journal.bad_url")) from None
    return Path(name) if name else default_file()


def is_shared(settings: JournalSettings) -> bool:
    """Whether the journal is a server, which may be away."""
    return settings.url is not None and not settings.url.get_secret_value().startswith("sqlite")


def _address(settings: JournalSettings) -> PostgresAddress | None:
    """The server's address, None for a file; raises a `JournalError` for a bad one."""
    if settings.url is None or not is_shared(settings):
        return None
    timeout = max(1, round(settings.timeout_s)) * 1000
    try:
        address = read_address(
            settings.url,
            settings.password_file,
            timeout_s=settings.timeout_s,
            source="[journal]",
            application_name="warroom journal",
            settings={"lock_timeout": str(timeout)},
        )
    except SourceError:  # its own words speak of another section
        raise JournalError(say("journal.bad_url")) from None
    except WarroomError as error:
        raise JournalError(error.message) from error
    alive = {
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 2,
        "tcp_user_timeout": timeout,
    }
    return PostgresAddress({**address.keywords, **alive}, address.settings)


def _open_sqlite(file: Path, timeout_s: float, *, read_only: bool) -> Database:
    place = clean(str(file))
    if read_only and not file.exists():
        raise JournalError(say("journal.none", place=place))
    read_only = read_only or (file.exists() and not is_writable(file))
    if not read_only:
        create_private(file)
    immutable = "&immutable=1" if read_only and not os.access(file.parent, os.W_OK) else ""
    uri = f"file:{_quoted(file)}?mode={'ro' if read_only else 'rw'}{immutable}"

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            uri, uri=True, timeout=timeout_s, check_same_thread=False, isolation_level=None
        )
        connection.text_factory = decode
        return connection

    engine = create_engine("sqlite://", creator=connect, poolclass=pool.QueuePool, pool_size=4)

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _: object) -> None:
        if not read_only:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # pysqlite would begin late and lazily; a writer must take its place before it reads the chain's end.
        write = connection.get_execution_options().get("journal_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return Database(engine, place, read_only)


def decode(raw: bytes) -> str:
    """Text that is no UTF-8 (a damaged file) must not keep what stands beside it from being read."""
    return raw.decode(errors="replace")


def create_private(file: Path) -> None:
    """Make an empty `file`, 0600 in a folder 0700, unless there is one; raises a `JournalError`."""
    try:
        make_private_folder(file.parent)
        with suppress(FileExistsError):
            os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        require_regular(file)  # not opened: closing it would take SQLite's locks from this whole process
    except OSError as error:
        kind = JournalFull if error.errno in (errno.ENOSPC, errno.EDQUOT) else JournalError
        raise kind(say("journal.unwritable", place=clean(str(file)), detail=error.strerror or "?")) from error


def _quoted(file: Path) -> str:
    from urllib.parse import quote

    return quote(str(file.absolute()))


def _open_postgres(address: PostgresAddress, *, read_only: bool) -> Database:
    import psycopg

    # A connection an operation: fifty responders who each kept one more would use up a server's usual hundred.
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(**address.keywords), poolclass=pool.NullPool
    )

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(address.begin().replace("%", "%%"))

    with driver_errors(address.place), engine.connect() as connection:
        standby = connection.scalar(
            sql("SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::bool")
        )
    return Database(engine, address.place, read_only or bool(standby), address)


def _upgrade(database: Database) -> None:
    revision = _revision(database)
    if revision == REVISIONS[-1]:
        return
    if revision is not None and revision not in REVISIONS:
        raise JournalTooNew(
            say("journal.too_new", place=database.place, found=clean(revision, 40), known=REVISIONS[-1])
        )
    if database.read_only and revision is None:
        raise JournalError(say("journal.empty", place=database.place))
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
    """None for a database without a journal; raises `JournalError` for one that holds something else.

    On a server other tables may stand beside a journal, but not under its names; a file is a journal's alone.
    """
    with database.read() as connection:
        tables = set(inspect(connection).get_table_names())
        if VERSION_TABLE not in tables:
            if tables & set(METADATA.tables) if database.is_postgres else tables:
                raise JournalError(say("journal.foreign", place=database.place))
            return None
        revision: str | None = connection.scalar(sql(f"SELECT version_num FROM {VERSION_TABLE}"))  # noqa: S608  # our own constant
    return revision


@contextmanager
def _upgrade_lock(database: Database) -> Iterator[Connection]:
    """One upgrader at a time; the other finds the work done. SQLite's lock is the write transaction itself."""
    with database.write() as connection:
        if database.is_postgres:
            connection.execute(sql("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
        yield connection


@contextmanager
def file_lock(file: Path) -> Iterator[None]:
    """Hold `file` (made when missing) against other processes of this machine."""
    create_private(file)
    with file.open("rb") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
