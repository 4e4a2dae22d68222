"""A downgrade on a real server: under writers, in one transaction or behind a fence, and what comes back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from actions.migrations.downgrade import Downgraded, DowngradeRequest, downgrade, version_rows
from actions.migrations.errors import AlembicFailed, LockedOut, MigrationError, NotRendered, SnapshotRefused
from actions.migrations.project import Project, lost_in, render
from actions.migrations.restore import parents_first, restore_snapshot
from actions.migrations.snapshot import list_snapshots
from core.errors import WarroomError
from tests.actions.build import context
from tests.actions.migrations.project import PATIENCE, address_of, go_up, make_project, run_sql

PEOPLE = (
    "p1",
    "op.execute('CREATE TABLE people (id serial PRIMARY KEY, name text NOT NULL, at timestamptz DEFAULT now(), doc jsonb)')",
    "op.drop_table('people')",
)


def request_of(project: Project, start: str, end: str) -> DowngradeRequest:
    steps = render(project, "downgrade", start, end)
    return DowngradeRequest(
        rows=(start,),
        target="" if end == "base" else end,
        steps=steps,
        lost=lost_in(steps, "alembic_version"),
        version_table=("alembic_version",),
        actor="ops",
    )


def go_down(url: str, project: Project, request: DowngradeRequest) -> tuple[Downgraded, list[str]]:
    lines: list[str] = []
    processes = context(lines).processes
    done = downgrade(
        address_of(url), project, request, patience=PATIENCE, processes=processes, print_line=lines.append
    )
    return done, lines


@contextmanager
def writers(url: str, count: int) -> Iterator[list[int]]:
    """Sessions that insert as fast as they can, and the numbers of the rows that were acknowledged."""
    done, written = threading.Event(), []
    lock = threading.Lock()

    def work() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            while not done.is_set():
                try:
                    row = connection.execute(
                        "INSERT INTO people (name, doc) VALUES ('w', '{\"a\": 1}') RETURNING id"
                    ).fetchone()
                except psycopg.errors.UndefinedTable:
                    return
                assert row is not None
                with lock:
                    written.append(row[0])

    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield written
    finally:
        done.set()
        for thread in threads:
            thread.join()


def test_no_row_slips_between_snapshot_and_drop_under_concurrent_writers(
    postgres_url: str, tmp_path: Path
) -> None:
    project = make_project(tmp_path, postgres_url, PEOPLE)
    go_up(project)
    request = request_of(project, "p1", "base")
    assert request.lost == {"people": ("*",)}
    with writers(postgres_url, 4) as written:
        while len(written) < 200:
            pass
        result, _ = go_down(postgres_url, project, request)
    (snapshot,) = result.snapshots
    assert (snapshot.rows, result.revisions, result.recreated) == (len(written), (), ())
    assert run_sql(postgres_url, "SELECT to_regclass('people')") == [(None,)]
    kept = run_sql(postgres_url, f"SELECT id FROM warroom_snapshots.{snapshot.data_table} ORDER BY id")
    assert [row[0] for row in kept] == sorted(written)
    go_up(project)
    with psycopg.connect(postgres_url) as connection:
        report = restore_snapshot(connection, snapshot.id)
    assert (report.inserted, report.equal, report.kept) == (len(written), 0, 0)
    same = f"SELECT count(*) FROM people JOIN warroom_snapshots.{snapshot.data_table} s USING (id, name, at, doc)"
    assert run_sql(postgres_url, same) == [(len(written),)]
    (after,) = run_sql(postgres_url, "INSERT INTO people (name) VALUES ('next') RETURNING id")
    assert after[0] == max(written) + 1, "its sequence goes on where it was"


def test_a_failing_downgrade_leaves_everything_as_it_was_and_says_where_it_stopped(
    postgres_url: str, tmp_path: Path
) -> None:
    broken = (
        "p2",
        "op.execute('CREATE TABLE extra (x int)')",
        "op.drop_table('extra'); op.execute('SELECT 1/0')",
    )
    project = make_project(tmp_path, postgres_url, PEOPLE, broken)
    go_up(project)
    run_sql(postgres_url, "INSERT INTO people (name) SELECT 'x' FROM generate_series(1, 10)")
    with pytest.raises(MigrationError) as caught:
        go_down(postgres_url, project, request_of(project, "p2", "base"))
    assert caught.value.message.key == "migrations.statement_failed"
    assert {"revision": "p2", "statement": "SELECT 1/0"}.items() <= caught.value.message.values.items()
    assert run_sql(postgres_url, "SELECT count(*), to_regclass('extra')::text FROM people") == [(10, "extra")]
    assert run_sql(postgres_url, "SELECT version_num FROM alembic_version") == [("p2",)]
    assert run_sql(postgres_url, "SELECT to_regclass('warroom_snapshots.snapshot')") == [(None,)]


def test_a_column_that_was_dropped_comes_back_into_the_rows_that_lack_it(
    postgres_url: str, tmp_path: Path
) -> None:
    mail = (
        "p2",
        "op.add_column('people', sa.Column('mail', sa.Text()))",
        "op.drop_column('people', 'mail')",
    )
    project = make_project(tmp_path, postgres_url, PEOPLE, mail)
    go_up(project)
    run_sql(postgres_url, "INSERT INTO people (name, mail) SELECT 'x', 'm' || n FROM generate_series(1, 5) n")
    request = request_of(project, "p2", "p1")
    assert request.lost == {"people": ("mail",)}
    result, _ = go_down(postgres_url, project, request)
    assert result.revisions == ("p1",)
    run_sql(postgres_url, "DELETE FROM people WHERE id = 5")
    go_up(project)
    run_sql(
        postgres_url,
        "UPDATE people SET mail = 'newer' WHERE id = 1; UPDATE people SET mail = 'm2' WHERE id = 2",
    )
    with psycopg.connect(postgres_url) as connection:
        report = restore_snapshot(connection, result.snapshots[0].id)
    assert (report.filled, report.equal, report.kept, report.gone) == (2, 1, 1, 1)
    mails = run_sql(postgres_url, "SELECT mail FROM people ORDER BY id")
    assert mails == [("newer",), ("m2",), ("m3",), ("m4",)]


def test_a_restore_after_a_later_upgrade_says_what_differs(postgres_url: str, tmp_path: Path) -> None:
    later = (
        "p2",
        (
            "op.drop_column('people', 'doc'); op.alter_column('people', 'name', type_=sa.String(50)); "
            "op.add_column('people', sa.Column('level', sa.Integer(), server_default='7'))"
        ),
        "op.execute('SELECT 1')",
    )
    project = make_project(tmp_path, postgres_url, PEOPLE, later)
    go_up(project, "p1")
    run_sql(postgres_url, "INSERT INTO people (name) SELECT 'n' || n FROM generate_series(1, 4) n")
    result, _ = go_down(postgres_url, project, request_of(project, "p1", "base"))
    with psycopg.connect(postgres_url) as connection, pytest.raises(SnapshotRefused) as caught:
        restore_snapshot(connection, result.snapshots[0].id)
    assert caught.value.message.key == "migrations.restore_no_table"
    go_up(project)
    run_sql(postgres_url, "INSERT INTO people (id, name) VALUES (1, 'other')")
    with psycopg.connect(postgres_url) as connection:
        report = restore_snapshot(connection, result.snapshots[0].id)
    assert (report.inserted, report.kept, report.dropped, report.added) == (3, 1, ("doc",), ("level",))
    assert run_sql(postgres_url, "SELECT name, level FROM people ORDER BY id") == [
        ("other", 7),
        ("n2", 7),
        ("n3", 7),
        ("n4", 7),
    ]


def test_what_points_to_another_table_comes_back_after_it(postgres_url: str, tmp_path: Path) -> None:
    """Scripts drop the child first; a table may point to itself."""
    family = (
        "f1",
        (
            "op.create_table('mother', sa.Column('id', sa.Integer(), primary_key=True),"
            " sa.Column('of', sa.Integer(), sa.ForeignKey('mother.id')));"
            " op.create_table('child', sa.Column('id', sa.Integer(), primary_key=True),"
            " sa.Column('mother', sa.Integer(), sa.ForeignKey('mother.id')))"
        ),
        "op.drop_table('child'); op.drop_table('mother')",
    )
    project = make_project(tmp_path, postgres_url, family)
    go_up(project)
    run_sql(
        postgres_url, "INSERT INTO mother VALUES (1, 2), (2, NULL); INSERT INTO child VALUES (1, 1), (2, 2)"
    )
    result, _ = go_down(postgres_url, project, request_of(project, "f1", "base"))
    assert [each.table for each in result.snapshots] == ["public.child", "public.mother"]
    go_up(project)
    with psycopg.connect(postgres_url) as connection:
        for each in parents_first(connection, result.snapshots):
            restore_snapshot(connection, each.id)
    assert run_sql(postgres_url, "SELECT id, mother FROM child ORDER BY id") == [(1, 1), (2, 2)]
    assert run_sql(postgres_url, 'SELECT id, "of" FROM mother ORDER BY id') == [(1, 2), (2, None)]


@pytest.mark.parametrize(
    ("harm", "key"),
    [
        ("DELETE FROM {} WHERE id = 1", "migrations.snapshot_altered"),
        ("UPDATE {} SET name = 'y' WHERE id = 1", "migrations.snapshot_altered"),
        ("ALTER TABLE {} DROP COLUMN name", "migrations.snapshot_shape"),
        ("DROP TABLE {}", "migrations.snapshot_gone"),
    ],
)
def test_a_snapshot_that_was_altered_is_refused(
    postgres_url: str, tmp_path: Path, harm: str, key: str
) -> None:
    project = make_project(tmp_path, postgres_url, PEOPLE)
    go_up(project)
    run_sql(postgres_url, "INSERT INTO people (name) VALUES ('a'), ('b')")
    result, _ = go_down(postgres_url, project, request_of(project, "p1", "base"))
    go_up(project)
    run_sql(postgres_url, harm.format(f"warroom_snapshots.{result.snapshots[0].data_table}"))
    with psycopg.connect(postgres_url) as connection:
        with pytest.raises(SnapshotRefused) as caught:
            restore_snapshot(connection, result.snapshots[0].id)
        assert [each.id for each in list_snapshots(connection)] == [result.snapshots[0].id]
    assert caught.value.message.key == key


def test_who_holds_the_table_is_named_and_nothing_waits_behind_us(postgres_url: str, tmp_path: Path) -> None:
    project = make_project(tmp_path, postgres_url, PEOPLE)
    go_up(project)
    request = request_of(project, "p1", "base")
    with psycopg.connect(postgres_url, application_name="slow report") as holder:
        holder.execute("SELECT count(*) FROM people")
        with pytest.raises(LockedOut) as caught:
            go_down(postgres_url, project, request)
    assert "slow report" in str(caught.value)
    assert run_sql(postgres_url, "SELECT count(*) FROM people") == [(0,)]


def test_two_downgrades_at_once_are_one(postgres_url: str, tmp_path: Path) -> None:
    project = make_project(tmp_path, postgres_url, PEOPLE)
    go_up(project)
    request = request_of(project, "p1", "base")
    with psycopg.connect(postgres_url, application_name="the other", autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(7717766003)")
        with pytest.raises(LockedOut) as caught:
            go_down(postgres_url, project, request)
    assert "the other" in str(caught.value)
    go_down(postgres_url, project, request)
    with pytest.raises(MigrationError) as caught_again:
        go_down(postgres_url, project, request)
    assert caught_again.value.message.key in ("migrations.moved", "migrations.table_gone")


ASKS = (
    "p2",
    "op.add_column('people', sa.Column('mail', sa.Text()))",
    (
        "rows = op.get_bind().execute(sa.text('SELECT count(*) FROM people')).scalar(); "
        "op.execute(f'UPDATE people SET name = name || {rows}'); {extra}op.drop_column('people', 'mail')"
    ),
)


def fenced(project: Project) -> DowngradeRequest:
    with pytest.raises(NotRendered):
        render(project, "downgrade", "p2", "p1")
    return DowngradeRequest(
        rows=("p2",),
        target="p1",
        steps=None,
        lost={"people": ("mail",)},
        version_table=("alembic_version",),
        actor="ops",
    )


def test_what_can_not_be_written_as_sql_runs_behind_a_fence(postgres_url: str, tmp_path: Path) -> None:
    project = make_project(tmp_path, postgres_url, PEOPLE, (*ASKS[:2], ASKS[2].replace("{extra}", "")))
    go_up(project)
    run_sql(postgres_url, "INSERT INTO people (name, mail) VALUES ('a', 'm')")
    result, _ = go_down(postgres_url, project, fenced(project))
    assert (result.revisions, result.snapshots[0].rows) == (("p1",), 1)
    assert run_sql(postgres_url, "SELECT name FROM people") == [("a1",)]
    run_sql(postgres_url, "INSERT INTO people (name) VALUES ('the fence is gone')")


def test_the_fence_refuses_others_and_goes_when_the_downgrade_fails(
    postgres_url: str, tmp_path: Path
) -> None:
    mark = tmp_path / "reached"
    wait = f"open({str(mark)!r}, 'w').close(); import time; time.sleep(1); 1/0; "
    project = make_project(tmp_path, postgres_url, PEOPLE, (*ASKS[:2], ASKS[2].replace("{extra}", wait)))
    go_up(project)
    run_sql(postgres_url, "INSERT INTO people (name, mail) VALUES ('a', 'm')")
    refused = []

    def write() -> None:
        while not mark.exists():
            pass
        try:
            run_sql(postgres_url, "SET lock_timeout = '5s'; INSERT INTO people (name) VALUES ('b')")
        except psycopg.Error as error:
            refused.append(str(error))

    thread = threading.Thread(target=write)
    thread.start()
    with pytest.raises(AlembicFailed) as caught:
        go_down(postgres_url, project, fenced(project))
    thread.join()
    assert caught.value.message.key == "migrations.failed_at"
    assert "takes no writes" in refused[0]
    assert run_sql(postgres_url, "SELECT name, mail FROM people") == [("a", "m")]
    run_sql(postgres_url, "INSERT INTO people (name) VALUES ('c')")
    with psycopg.connect(postgres_url) as connection:
        assert version_rows(connection, ("alembic_version",)) == ("p2",)
        assert len(list_snapshots(connection)) == 1, "a snapshot is never deleted by itself"


def test_a_fence_whose_builder_was_killed_lets_everybody_pass(postgres_url: str, tmp_path: Path) -> None:
    mark, go_on = tmp_path / "reached", tmp_path / "go"
    wait = (
        f"\n    import os, time\n    open({str(mark)!r}, 'w').close()\n"
        f"    while not os.path.exists({str(go_on)!r}): time.sleep(0.01)\n    1/0; "
    )
    project = make_project(tmp_path, postgres_url, PEOPLE, (*ASKS[:2], ASKS[2].replace("{extra}", wait)))
    go_up(project)
    errors: list[BaseException] = []

    def work() -> None:
        try:
            go_down(postgres_url, project, fenced(project))
        except (psycopg.Error, WarroomError) as error:
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    while not mark.exists():
        assert thread.is_alive()
    kill = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = "
    run_sql(postgres_url, f"{kill}'warroom migration lock'")
    insert = "INSERT INTO people (name) VALUES ('b')"
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState):  # its Alembic is still at work
        run_sql(postgres_url, f"SET lock_timeout = '5s'; {insert}")
    run_sql(postgres_url, f"{kill}'warroom migration'")
    run_sql(postgres_url, insert)
    go_on.touch()
    thread.join()
    assert errors
    assert run_sql(
        postgres_url, "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'warroom_fence'"
    ) == [("people",)]
