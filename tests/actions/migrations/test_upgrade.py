"""An upgrade on a real server: locks, others at work, failures, and what they leave."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from actions.migrations.errors import LockedOut, MigrationError
from actions.migrations.project import Project
from actions.migrations.upgrade import Upgraded, UpgradeRequest, upgrade
from tests.actions.build import context
from tests.actions.migrations.project import PATIENCE, address_of, go_up, make_project, run_sql
from tests.pgbouncer import run_pgbouncer

MAKE = ("u1", "op.create_table('t', sa.Column('id', sa.Integer()))", "op.drop_table('t')")
ALTER = ("u2", "op.add_column('t', sa.Column('n', sa.Integer()))", "op.drop_column('t', 'n')")


def go(
    url: str, project: Project, rows: tuple[str, ...] = (), *, tries: int = 2
) -> tuple[Upgraded, list[str]]:
    lines: list[str] = []
    request = UpgradeRequest(rows=rows, target="head", version_table=("alembic_version",))
    done = upgrade(
        address_of(url),
        project,
        request,
        patience=replace(PATIENCE, tries=tries),
        processes=context(lines).processes,
        print_line=lines.append,
    )
    return done, lines


def test_it_goes_to_the_head_and_another_at_once_does_not(postgres_url: str, tmp_path: Path) -> None:
    project = make_project(tmp_path, postgres_url, MAKE, ALTER)

    def start(_: int) -> Upgraded | MigrationError:
        try:
            return go(postgres_url, project)[0]
        except MigrationError as error:
            return error

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(start, range(4)))
    (done,) = [each for each in results if isinstance(each, Upgraded)]
    assert (done.revisions, done.invalid_indexes, done.tries) == (("u2",), (), 1)
    refused = {each.message.key for each in results if isinstance(each, MigrationError)}
    assert refused <= {"migrations.locked", "migrations.moved"}


def test_a_failing_revision_leaves_the_schema_as_it_was_and_says_where_it_stopped(
    postgres_url: str, tmp_path: Path
) -> None:
    broken = (
        "u3",
        "op.create_table('half', sa.Column('id', sa.Integer())); op.execute('SELECT 1/0')",
        "pass",
    )
    project = make_project(tmp_path, postgres_url, MAKE, broken)
    go_up(project, "u1")
    with pytest.raises(MigrationError) as caught:
        go(postgres_url, project, ("u1",))
    assert caught.value.message.key == "migrations.stopped"
    assert caught.value.message.values["rows"] == "u1"
    assert "u3.py" in str(caught.value)
    assert "division by zero" in str(caught.value), "and not the statement that stands below it"
    assert run_sql(postgres_url, "SELECT to_regclass('half')") == [(None,)]


def test_a_lock_is_tried_for_again_and_its_holder_named(postgres_url: str, tmp_path: Path) -> None:
    project = make_project(tmp_path, postgres_url, MAKE, ALTER)
    go_up(project, "u1")
    with psycopg.connect(postgres_url, application_name="slow report") as holder:
        holder.execute("SELECT * FROM t")
        with pytest.raises(LockedOut) as caught:
            go(postgres_url, project, ("u1",), tries=1)
        assert "slow report" in str(caught.value)
        blocked = threading.Event()
        lines: list[str] = []

        def hear(line: str) -> None:
            lines.append(line)
            if line.startswith("-- 1/"):  # the first try is over
                holder.rollback()
                blocked.set()

        request = UpgradeRequest(rows=("u1",), target="head", version_table=("alembic_version",))
        done = upgrade(
            address_of(postgres_url),
            project,
            request,
            patience=replace(PATIENCE, tries=5),
            processes=context(lines).processes,
            print_line=hear,
        )
    assert blocked.is_set()
    assert (done.revisions, done.tries) == (("u2",), 2)
    assert any("slow report" in line for line in lines)


def test_an_index_that_failed_half_way_is_found_and_named(postgres_url: str, tmp_path: Path) -> None:
    index = (
        "u2",
        (
            "op.execute('INSERT INTO t VALUES (1), (1)')\n"
            "    with op.get_context().autocommit_block():\n"
            "        op.create_index('one', 't', ['id'], unique=True, postgresql_concurrently=True)"
        ),
        "pass",
    )
    project = make_project(tmp_path, postgres_url, MAKE, index)
    go_up(project, "u1")
    with pytest.raises(MigrationError) as caught:
        go(postgres_url, project, ("u1",))
    assert caught.value.message.key == "migrations.stopped_half"
    assert caught.value.message.values["indexes"] == "public.one"
    assert run_sql(postgres_url, "SELECT count(*) FROM t") == [(2,)], "what came before it is there"


def test_an_upgrader_from_outside_is_noticed(postgres_url: str, tmp_path: Path) -> None:
    project = make_project(tmp_path, postgres_url, MAKE, ALTER)
    go_up(project, "u1")
    with psycopg.connect(postgres_url, application_name="somebody's deploy") as outside:
        outside.execute("UPDATE alembic_version SET version_num = 'u2'")
        with pytest.raises(LockedOut) as caught:
            go(postgres_url, project, ("u1",))
    assert caught.value.message.key == "migrations.outside"
    assert "somebody's deploy" in str(caught.value.message.values["who"])


def test_behind_a_pooler_no_lock_would_hold_and_it_is_refused(postgres_url: str, tmp_path: Path) -> None:
    project = make_project(tmp_path, postgres_url, MAKE)
    with run_pgbouncer(postgres_url) as pooled, pytest.raises(MigrationError) as caught:
        go(pooled, project)
    assert caught.value.message.key == "migrations.pooled"


def test_a_missing_driver_is_named(postgres_url: str, tmp_path: Path) -> None:
    project = make_project(tmp_path, postgres_url, MAKE)
    environment = {"APP_DATABASE": postgres_url.replace("postgresql://", "postgresql+psycopg2://")}
    other = Project(command=project.command, cwd=project.cwd, ini=project.ini, environment=environment)
    with pytest.raises(MigrationError) as caught:
        go(postgres_url, other)
    assert "psycopg2" in str(caught.value)
