"""The schema of a real Postgres, migrated by the real scripts."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from core.errors import BadAnswer, Denied, SourceError, TimedOut, Unreachable
from sandbox.servers import Server, free_port, run_postgres
from signals.database.graph import make_scripts
from signals.database.model import Drift, Schema
from signals.database.postgres import PostgresSchema, compare_revisions
from signals.database.revision import Revision
from signals.settings import PostgresSettings
from tests import waiting
from tests.bad_servers import BEHAVIOURS, serve
from tests.chimera import DATABASE, PROFILE
from tests.postgres import open_folder
from tui.i18n import Language

HEAD = "375b918c8740"
EVERYTHING = (
    *(f"{table}.{name}" for table, columns in PROFILE.tables.items() for name in columns),
    *(name for indexes in PROFILE.indexes.values() for name in indexes),
)
MIGRATE = f"""import sys
from alembic import command
from alembic.config import Config
config = Config()
config.set_main_option("script_location", {str(PROFILE.migrations)!r})
getattr(command, sys.argv[1])(config, sys.argv[2])"""


def migrate(url: str, *words: str) -> int:
    environment = {**os.environ, "WARROOM_SERVICE_URL": url}
    return subprocess.run([sys.executable, "-c", MIGRATE, *words], env=environment, check=False).returncode


async def look(url: str, timeout_s: float = 5.0) -> Schema:
    return await PostgresSchema(
        PostgresSettings.model_validate({"url": url, "timeout_s": timeout_s, **DATABASE})
    ).schema()


async def test_before_and_after_the_migration_and_its_undo(postgres_url: str) -> None:
    empty = await look(postgres_url)
    assert (empty.drift, empty.heads, empty.missing) == (Drift.UNVERSIONED, (HEAD,), EVERYTHING)
    assert migrate(postgres_url, "upgrade", "head") == 0
    done = await look(postgres_url)
    assert (done.drift, done.revisions, done.missing, done.unexpected) == (Drift.CURRENT, (HEAD,), (), ())
    assert 0 < done.connections <= done.connection_limit == 60
    assert migrate(postgres_url, "downgrade", "base") == 0
    assert (await look(postgres_url)).missing == EVERYTHING


async def test_two_upgraders_at_once_both_succeed(postgres_url: str) -> None:
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda _: migrate(postgres_url, "upgrade", "head"), range(2))) == [0, 0]
    assert (await look(postgres_url)).drift is Drift.CURRENT


async def test_an_older_table_of_another_shape_is_drift_although_its_names_fit(postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE user_profiles (discord_user_id varchar(255) PRIMARY KEY, puuid varchar(255),"
            " profile_data jsonb DEFAULT '{}', last_updated timestamptz)"
        )
        connection.execute("CREATE INDEX idx_user_profiles_puuid ON user_profiles (last_updated)")
    found = await look(postgres_url)
    assert {"user_profiles.puuid", "user_profiles.created_at", "idx_user_profiles_puuid"} <= set(
        found.missing
    )
    assert "user_profiles.puuid character varying(255)" in found.unexpected


async def test_an_invalid_index_is_seen(postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE t (a int); INSERT INTO t VALUES (1), (1)")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("CREATE UNIQUE INDEX CONCURRENTLY half ON t (a)")
    assert (await look(postgres_url)).invalid_indexes == ("half",)


async def test_who_blocks_whom_with_literals_masked(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as holder, psycopg.connect(postgres_url) as waiter:
        holder.execute("CREATE TABLE t (a text)")
        holder.commit()
        holder.execute("INSERT INTO t VALUES ('hunter2')")
        with ThreadPoolExecutor(1) as pool:
            locking = pool.submit(waiter.execute, "LOCK TABLE t")
            while not (found := await look(postgres_url)).blockers:
                assert not locking.done()
            holder.rollback()
            locking.result(timeout=5)
    (blocker,) = found.blockers

    assert blocker.state == "idle in transaction"
    assert len(blocker.waiting_pids) == 1
    assert "hunter2" not in blocker.query


async def test_bad_servers_are_said(postgres_server: Server) -> None:
    with pytest.raises(Unreachable):
        await look(f"postgresql://u:hunter2@127.0.0.1:{free_port()}/db")
    with serve(BEHAVIOURS["half-open"]) as address:
        port = address.rsplit(":", 1)[1]
        with pytest.raises(TimedOut):
            await look(f"postgresql://u@127.0.0.1:{port}/db?gssencmode=disable", 2.0)
    with pytest.raises(SourceError) as caught:
        await look("postgresql://u:hunter2@[bad/db")
    assert "hunter2" not in str(caught.value)


async def test_sqlalchemys_url_is_understood(postgres_url: str) -> None:
    url = postgres_url.replace("postgresql://", "postgresql+psycopg://")
    assert (await look(url)).drift is Drift.UNVERSIONED


async def test_a_server_that_lets_nobody_in_says_why(postgres_server: Server, postgres_url: str) -> None:
    base, name = postgres_url.rsplit("/", 1)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE crowd_{name} LOGIN CONNECTION LIMIT 0".encode())
    for url, key in (
        (f"{base}/nothing_{name}", "schema.no_database"),
        (f"{base}/{name}".replace("postgres@", f"crowd_{name}@"), "schema.full"),
        (f"{base}/{name}".replace("postgres@", "ghost@"), "schema.denied"),
    ):
        with pytest.raises(SourceError) as caught:
            await look(url)
        assert caught.value.message.key == key


@pytest.fixture(scope="module")
def guarded() -> Iterator[Server]:
    """A server of its own that asks for passwords from its start on."""
    with open_folder() as folder:
        data = folder / "data"
        with run_postgres(data) as server, psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("CREATE ROLE keeper LOGIN PASSWORD 'right'")
            connection.execute("CREATE ROLE crowd LOGIN CONNECTION LIMIT 1")
        hba = data / "pg_hba.conf"
        hba.write_text(f"host all keeper 127.0.0.1/32 scram-sha-256\n{hba.read_text()}", encoding="utf-8")
        with run_postgres(data) as server:
            yield server


@pytest.mark.parametrize(
    ("user", "key"),
    [("keeper:hunter2", "schema.wrong_password"), ("keeper", "schema.no_password")],
)
async def test_a_wrong_password_is_said_without_it(guarded: Server, user: str, key: str) -> None:
    with pytest.raises(Denied) as caught:
        await look(guarded.url.replace("postgres@", f"{user}@"))
    assert caught.value.message.key == key
    for words in (Language("en"), Language("zh")):
        told = words.say(caught.value.message)
        assert "hunter2" not in told
        assert told.isprintable()
    right = await look(guarded.url.replace("postgres@", "keeper:right@"))
    assert right.drift is Drift.UNVERSIONED


async def test_a_server_without_a_free_place_says_so(guarded: Server) -> None:
    crowd = guarded.url.replace("postgres@", "crowd@")
    with psycopg.connect(crowd):
        with pytest.raises(Unreachable) as caught:
            await look(crowd)
        assert caught.value.message.key == "schema.full"
    deadline = waiting.deadline(10)
    while True:  # the server forgets a session a moment after its end
        try:
            assert (await look(crowd)).drift is Drift.UNVERSIONED
        except Unreachable:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.1)
        else:
            break


async def test_a_database_that_is_read_only_is_read(postgres_url: str) -> None:
    name = postgres_url.rsplit("/", 1)[1]
    migrate(postgres_url, "upgrade", "head")
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'.encode())
    assert (await look(postgres_url)).drift is Drift.CURRENT


@pytest.mark.parametrize("location", ["%(here)s/db/scripts", "db/scripts"])
async def test_the_services_own_alembic_ini(postgres_url: str, tmp_path: Path, location: str) -> None:
    versions = tmp_path / "a folder" / "db" / "scripts" / "versions"
    versions.mkdir(parents=True)
    (versions / "one.py").write_text("revision = 'one'\ndown_revision = None\n")
    ini = tmp_path / "a folder" / "alembic.ini"
    ini.write_text(f"[alembic]\nscript_location = {location}\nsqlalchemy.url = postgresql://u:a%b@h/d\n")
    settings = PostgresSettings.model_validate({"url": postgres_url, "alembic_ini": str(ini)})
    assert (await PostgresSchema(settings).schema()).heads == ("one",)


def revision(ident: str, *down: str, depends_on: tuple[str, ...] = ()) -> Revision:
    return Revision(id=ident, down=down, depends_on=depends_on)


ONE_AFTER_ANOTHER = (revision("a"), revision("b", "a"))
TWO_BRANCHES = (revision("a"), revision("b", "a"), revision("c", "a"))
MERGED = (*TWO_BRANCHES, revision("d", "b", "c"))
DEPENDING = (revision("a"), revision("x"), revision("y", "x", depends_on=("a",)))


@pytest.mark.parametrize(
    ("scripts", "rows", "drift"),
    [
        (ONE_AFTER_ANOTHER, (), Drift.UNVERSIONED),
        (ONE_AFTER_ANOTHER, ("b",), Drift.CURRENT),
        (ONE_AFTER_ANOTHER, ("a",), Drift.BEHIND),
        (ONE_AFTER_ANOTHER, ("z",), Drift.AHEAD),
        (ONE_AFTER_ANOTHER, ("b", "z"), Drift.AHEAD),
        (TWO_BRANCHES, ("b", "c"), Drift.CURRENT),
        (TWO_BRANCHES, ("b",), Drift.BEHIND),
        (MERGED, ("b", "c"), Drift.BRANCHED),
        (MERGED, ("d",), Drift.CURRENT),
        # Alembic keeps no row of what another row depends on.
        (DEPENDING, ("y",), Drift.CURRENT),
        (DEPENDING, ("a",), Drift.BEHIND),
    ],
)
def test_drift(scripts: tuple[Revision, ...], rows: tuple[str, ...], drift: Drift) -> None:
    assert compare_revisions(rows, make_scripts(scripts)) is drift


@pytest.mark.parametrize(
    ("environment", "table"),
    [
        ("context.configure(version_table='v')", "public.v"),
        ("NAME = 'v'\ncontext.configure(connection=c, version_table=NAME)", "public.v"),
        ("context.configure(version_table=config.get_main_option('versions'))", "public.from_ini"),
        ("context.configure(version_table='v', version_table_schema='ops')", "ops.v"),
        ("context.configure(version_table_schema='ops')", "ops.alembic_version"),
        ("context.configure(version_table=name_of(app))", "public.anything_at_all"),
    ],
)
async def test_the_version_table_is_where_env_py_says(
    postgres_url: str, tmp_path: Path, environment: str, table: str
) -> None:
    (tmp_path / "db" / "versions").mkdir(parents=True)
    (tmp_path / "db" / "versions" / "one.py").write_text("revision = 'one'\ndown_revision = None\n")
    (tmp_path / "db" / "env.py").write_text(f"from nothing_here import c\n{environment}\n")
    ini = tmp_path / "alembic.ini"
    ini.write_text("[alembic]\nscript_location = db\nversions = from_ini\n")
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA ops; CREATE TABLE other (version_num text, more text)")
        connection.execute("CREATE TABLE warroom_journal_version (version_num varchar(32))")
        connection.execute(
            f"CREATE TABLE {table} (version_num varchar(32)); INSERT INTO {table} VALUES ('one')"
        )
    settings = PostgresSettings.model_validate({"url": postgres_url, "alembic_ini": ini})
    found = await PostgresSchema(settings).schema()
    assert (found.revisions, found.drift) == (("one",), Drift.CURRENT)


async def test_a_version_table_elsewhere_is_asked_about_and_not_called_missing(postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA team; CREATE TABLE team.alembic_version (version_num varchar(32))")
        connection.execute(f"INSERT INTO team.alembic_version VALUES ('{HEAD}')")
    with pytest.raises(BadAnswer) as caught:
        await look(postgres_url)
    assert caught.value.message.key == "schema.which_table"
    assert "team.alembic_version" in str(caught.value)
    settings = {"url": postgres_url, "version_table_schema": "team", "migrations": PROFILE.migrations}
    found = await PostgresSchema(PostgresSettings.model_validate(settings)).schema()
    assert found.drift is Drift.CURRENT
    stranger = await PostgresSchema(PostgresSettings.model_validate({"url": postgres_url})).schema()
    assert (stranger.drift, stranger.revisions, stranger.heads) == (Drift.NOT_COMPARED, (HEAD,), ())
