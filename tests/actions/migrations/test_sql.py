"""What a statement locks and loses, as a real server says it."""

from __future__ import annotations

import psycopg
import pytest

from actions.migrations.sql import Lock, Work, effect, split_statements

SCHEMA = """CREATE TABLE a (id int PRIMARY KEY, n int, t text); CREATE TABLE b (id int, a int);
CREATE INDEX i ON a (n); INSERT INTO a VALUES (1, 1, 'x'); INSERT INTO b VALUES (1, 1)"""


@pytest.mark.parametrize(
    ("statement", "tables", "lock", "work", "lost"),
    [
        ("DROP TABLE a", ("a",), Lock.ACCESS_EXCLUSIVE, Work.SHORT, ("*",)),
        ('DROP TABLE IF EXISTS public."a", b', ("public.a", "b"), Lock.ACCESS_EXCLUSIVE, Work.SHORT, ("*",)),
        ("TRUNCATE a", ("a",), Lock.ACCESS_EXCLUSIVE, Work.SHORT, ("*",)),
        ("DELETE FROM a WHERE n = 1", ("a",), Lock.ROW_EXCLUSIVE, Work.SCAN, ("*",)),
        ("UPDATE a SET n = 2", ("a",), Lock.ROW_EXCLUSIVE, Work.SCAN, ("*",)),
        ("INSERT INTO a VALUES (2, 2, '')", ("a",), Lock.ROW_EXCLUSIVE, Work.SHORT, ()),
        ("ALTER TABLE a DROP COLUMN n", ("a",), Lock.ACCESS_EXCLUSIVE, Work.SHORT, ("n",)),
        ("ALTER TABLE a DROP n, DROP COLUMN t", ("a",), Lock.ACCESS_EXCLUSIVE, Work.SHORT, ("n", "t")),
        ("ALTER TABLE a DROP CONSTRAINT a_pkey", ("a",), Lock.ACCESS_EXCLUSIVE, Work.SHORT, ()),
        ("ALTER TABLE a ALTER COLUMN n DROP NOT NULL", ("a",), Lock.ACCESS_EXCLUSIVE, Work.SHORT, ()),
        ("ALTER TABLE a ALTER COLUMN n DROP DEFAULT", ("a",), Lock.ACCESS_EXCLUSIVE, Work.SHORT, ()),
        ("ALTER TABLE a ALTER COLUMN n SET NOT NULL", ("a",), Lock.ACCESS_EXCLUSIVE, Work.SCAN, ()),
        ("ALTER TABLE a ALTER n TYPE bigint", ("a",), Lock.ACCESS_EXCLUSIVE, Work.REWRITE, ("n",)),
        ("ALTER TABLE a ADD COLUMN m int", ("a",), Lock.ACCESS_EXCLUSIVE, Work.SHORT, ()),
        (
            "ALTER TABLE a ADD COLUMN m uuid DEFAULT gen_random_uuid()",
            ("a",),
            Lock.ACCESS_EXCLUSIVE,
            Work.REWRITE,
            (),
        ),
        ("ALTER TABLE a ADD CHECK (n > 0)", ("a",), Lock.ACCESS_EXCLUSIVE, Work.SCAN, ()),
        (
            "ALTER TABLE b ADD CONSTRAINT f FOREIGN KEY(a) REFERENCES a (id)",
            ("b", "a"),
            Lock.SHARE_ROW_EXCLUSIVE,
            Work.SCAN,
            (),
        ),
        ("CREATE INDEX j ON a (t)", ("a",), Lock.SHARE, Work.SCAN, ()),
        ("CREATE UNIQUE INDEX j ON public.a USING btree (t)", ("public.a",), Lock.SHARE, Work.SCAN, ()),
    ],
)
def test_the_lock_is_the_servers(
    postgres_url: str,
    *,
    statement: str,
    tables: tuple[str, ...],
    lock: Lock,
    work: Work,
    lost: tuple[str, ...],
) -> None:
    read = effect(statement)
    assert (read.tables, read.lock, read.work, read.lost) == (tables, lock, work, lost)
    assert read.known
    assert read.transactional
    with psycopg.connect(postgres_url) as connection:
        connection.execute(SCHEMA)
        connection.commit()
        before: dict[str, int] = dict(
            connection.execute("SELECT relname, relfilenode FROM pg_class WHERE relname = 'a'").fetchall()
        )
        oids: dict[int, str] = dict(
            connection.execute("SELECT oid, relname FROM pg_class WHERE relname IN ('a', 'b')").fetchall()
        )
        connection.execute(statement.encode())
        rows = connection.execute(
            "SELECT relation, mode FROM pg_locks WHERE pid = pg_backend_pid() AND relation = ANY(%s)",
            [list(oids)],
        ).fetchall()
        order = [each.replace(" ", "").lower() + "lock" for each in Lock]
        taken: dict[str, int] = {}
        for oid, mode in rows:
            if mode.lower() in order:
                taken[oids[oid]] = max(taken.get(oids[oid], 0), order.index(mode.lower()))
        after: dict[str, int] = dict(
            connection.execute("SELECT relname, relfilenode FROM pg_class WHERE relname = 'a'").fetchall()
        )
        connection.rollback()
    named = {table.rpartition(".")[2] for table in tables}
    assert {table: list(Lock)[mode] for table, mode in taken.items() if table in named} == dict.fromkeys(
        named, lock
    )
    if after and not statement.startswith("TRUNCATE"):
        assert (before != after) == (work is Work.REWRITE)


@pytest.mark.parametrize(
    ("statement", "transactional", "known"),
    [
        ("CREATE INDEX CONCURRENTLY j ON a (t)", False, True),
        ("DROP INDEX CONCURRENTLY i", False, True),
        ("COMMIT", False, True),
        ("VACUUM a", False, True),
        ("CREATE TABLE c (x int)", True, True),
        ("DO $$ BEGIN DELETE FROM a; END $$", True, False),
        ("CALL tidy_up()", True, False),
    ],
)
def test_what_ends_a_transaction_and_what_is_not_known(
    *, statement: str, transactional: bool, known: bool
) -> None:
    read = effect(statement)
    assert (read.transactional, read.known) == (transactional, known)


def test_statements_end_where_the_server_ends_them() -> None:
    parts = [
        "INSERT INTO a (t) VALUES ('x; y''s -- no comment')",
        r"INSERT INTO a (t) VALUES (E'it\'s; x')",
        "DO $f$ BEGIN PERFORM 1; END $f$",
        "SELECT $$;$$",
        'ALTER TABLE "odd;name" ADD x int',
        "SELECT 7 / 2 - -1",
    ]
    text = "-- Running upgrade a; -> b\n\n" + ";\n/* one; two */\n".join(parts) + ";\n\n"
    assert split_statements(text) == parts


def test_a_name_is_that_of_the_server() -> None:
    assert effect('DROP TABLE Public."User ""x"""').tables == ('public.User "x"',)
