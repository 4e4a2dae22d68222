"""The database under the journal: connecting, safety settings, and upgrading under a lock.

SQLite: write-ahead log, `synchronous=FULL` (a commit is on the disk before it is on the screen), the file 0600 in a
folder 0700, writers queue by `BEGIN IMMEDIATE`. Postgres: psycopg 3, with a statement timeout, so that nobody
waits without end for a server that hangs; nothing outlives a transaction, so that PgBouncer may stand between.
"""

from __future__ import annotations

import errno
import hashlib
import os
import random
import sqlite3
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, event, inspect, make_url, pool
from sqlalchemy import text as sql
from sqlalchemy.exc import ArgumentError

from core.errors import ConfigError, SourceError
from core.files import make_private_folder, require_no_link, require_regular
from core.message import say
from core.text import clean
from incidents.journal.errors import (
    JournalBusy,
    JournalError,
    JournalFull,
    JournalTooNew,
    NoJournal,
    ReadOnlyJournal,
    driver_errors,
)
from incidents.journal.sqlite_file import REVISIONS, VERSION_TABLE, default_file, is_writable
from incidents.journal.tables import METADATA
from incidents.journal.turn import turn
from signals.connections.postgres import PostgresAddress, open_connection, read_address

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
    patience_s: float
    turn_file: Path
    address: PostgresAddress | None = None

    @property
    def is_postgres(self) -> bool:
        """Whether it is a server."""
        return self.address is not None

    @contextmanager
    def read(self, *, repeatable: bool = False) -> Iterator[Connection]:
        """A connection in a transaction that only reads; a `repeatable` one sees one moment (on SQLite all do)."""
        with driver_errors(self.place), self._connect() as connection:
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
        with self._turn(), driver_errors(self.place), self._connect() as connection:
            connection = connection.execution_options(journal_write=True)  # noqa: PLW2901  # the same connection, marked
            with connection.begin():
                yield connection

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Writers of this machine come one after the other: see `incidents.journal.turn`."""
        with ExitStack() as stack:
            try:
                stack.enter_context(turn(self.turn_file, self.patience_s))
            except TimeoutError:
                raise JournalBusy(say("journal.busy", place=self.place)) from None
            yield

    def _connect(self) -> Connection:
        """A connection; while a server has none left it is asked again, as it is not away."""
        deadline = time.monotonic() + self.patience_s
        while True:
            try:
                with driver_errors(self.place):
                    return self.engine.connect()
            except JournalBusy:
                if time.monotonic() > deadline:
                    raise
                time.sleep(random.uniform(0.02, 0.1))  # noqa: S311  # jitter, no secret


def open_database(settings: JournalSettings, *, read_only: bool = False) -> Database:
    """Connect, and bring the schema up to date; raises a `JournalError`.

    A file or a server that can't be written opens read-only.
    """
    address = _address(settings)
    if address is None:
        database = _open_sqlite(_file(settings), settings.patience_s, read_only=read_only)
    else:
        database = _open_postgres(address, settings, read_only=read_only)
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
    except ConfigError as error:  # a file with a secret
        raise JournalError(error.message) from error
    except SourceError:  # its own words speak of another section
        raise JournalError(say("journal.bad_url")) from None
    alive = {
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 2,
        "tcp_user_timeout": timeout,
    }
    return PostgresAddress({**address.keywords, **alive}, address.settings)


def _open_sqlite(file: Path, patience_s: float, *, read_only: bool) -> Database:
    place = clean(str(file))
    try:
        there = file.exists()
    except OSError as error:  # a folder above it is closed to us
        raise unwritable(file, error) from error
    if read_only and not there:
        raise NoJournal(say("journal.none", place=place))
    read_only = read_only or (there and not is_writable(file))
    if not read_only:
        create_private(file)
    immutable = "&immutable=1" if read_only and not os.access(file.parent, os.W_OK) else ""
    uri = f"file:{_quoted(file)}?mode={'ro' if read_only else 'rw'}{immutable}"

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            uri, uri=True, timeout=patience_s, check_same_thread=False, isolation_level=None
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

    return Database(engine, place, read_only, patience_s, file.with_name(f"{file.name}.turn"))


def decode(raw: bytes) -> str:
    """Text that is no UTF-8 (a damaged file) must not keep what stands beside it from being read."""
    return raw.decode(errors="replace")


def create_private(file: Path) -> None:
    """Make an empty `file`, 0600 in a folder 0700, unless there is one; raises a `JournalError`."""
    try:
        make_private_folder(file.parent)
        with suppress(FileExistsError):
            os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        require_no_link(file)
        require_regular(file)  # not opened: closing it would take SQLite's locks from this whole process
    except OSError as error:
        raise unwritable(file, error) from error


def unwritable(file: Path, error: OSError) -> JournalError:
    """`file` can't be made or written."""
    kind = JournalFull if error.errno in (errno.ENOSPC, errno.EDQUOT) else JournalError
    return kind(say("journal.unwritable", place=clean(str(file)), detail=error.strerror or "?"))


def _quoted(file: Path) -> str:
    from urllib.parse import quote

    return quote(str(file.absolute()))


def _open_postgres(address: PostgresAddress, settings: JournalSettings, *, read_only: bool) -> Database:
    patience_s = settings.patience_s
    limit_s = max(patience_s, settings.timeout_s)
    # Who gives up and comes again is last again: a writer keeps its place in the server's queue for as long as it can.
    patience = str(round(patience_s * 1000))
    writers = replace(
        address,
        settings={**address.settings, "lock_timeout": patience, "statement_timeout": patience},
    )
    # A connection an operation: fifty responders who each kept one more would use up a server's usual hundred.
    engine = create_engine(
        "postgresql+psycopg://",
        creator=lambda: open_connection(address, timeout_s=limit_s),
        poolclass=pool.NullPool,
    )

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("journal_write", False)
        connection.exec_driver_sql((writers if write else address).begin().replace("%", "%%"))

    name = hashlib.sha256(address.place.encode()).hexdigest()[:16]
    turn_file = default_file().with_name(f"{name}.turn")
    database = Database(engine, address.place, read_only, patience_s, turn_file, address)
    with database.read() as connection:
        standby = connection.scalar(
            sql("SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::bool")
        )
    return replace(database, read_only=read_only or bool(standby))


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
