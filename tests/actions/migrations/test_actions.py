"""The actions over the bundled service and over a foreign project: planned, run, verified, undone."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest

from actions.errors import ActionFailed, PlanStale
from actions.migrations.project import project_of
from actions.model import Context, Outcome, Plan
from actions.parameters import read_parameters
from actions.planning import hold_to, make_plan, plan_from_json, plan_to_json
from actions.registry import own_actions
from tests.actions.build import context
from tests.actions.migrations.project import go_up, make_project, run_sql
from tests.chimera import DATABASE
from tui.i18n import Language

HEAD = "375b918c8740"
MAKE = ("u1", "op.create_table('t', sa.Column('id', sa.Integer()))", "op.drop_table('t')")


def service(url: str, printed: list[str] | None = None) -> Context:
    return context(printed, postgres={"url": url, **DATABASE})


def planned(action_id: str, where: Context, **params: str) -> Plan:
    action = own_actions()[action_id]
    plan = make_plan(action, read_parameters(action.parameters, params), where)
    assert plan_from_json(plan_to_json(plan)) == plan
    for language in (Language("en"), Language("zh")):
        for text in (*plan.blockers, *plan.warnings, plan.undo.text, *(fact.label for fact in plan.facts)):
            assert language.say(text)
    return plan


def done(action_id: str, where: Context, **params: str) -> tuple[Plan, Outcome]:
    """Plan, run, and verify: each plan starts Alembic twice, so that no test makes one more than it needs."""
    action, plan = own_actions()[action_id], planned(action_id, where, **params)
    assert not plan.blockers
    given = read_parameters(action.parameters, params)
    outcome: Outcome = action.run(given, plan, where)
    checks = action.verify(given, plan, where)
    assert [check.text for check in checks if check.ok is not True] == []
    return plan, outcome


def test_the_service_goes_up_is_verified_goes_down_and_comes_back(postgres_url: str) -> None:
    printed: list[str] = []
    where = service(postgres_url, printed)
    status = planned("migrate.status", where)
    assert ("pending", "The profiles of users.") in [
        (fact.label.key.rpartition("_")[2], fact.value) for fact in status.facts
    ]
    up, _ = done("migrate.upgrade", where)
    assert any("CREATE TABLE user_profiles" in step.text for step in up.steps)
    assert up.locks == ("user_profiles: SHARE (scan)", "alembic_version: ROW EXCLUSIVE (short)")
    assert planned("migrate.upgrade", where).blockers[0].key == "migrations.nothing_pending"
    done("migrate.verify", where)
    assert any("canary" in line or "user_profiles" in line for line in printed)
    run_sql(
        postgres_url,
        "INSERT INTO user_profiles (discord_user_id, puuid, profile_data) SELECT n::text, 'p', '{}' FROM generate_series(1, 500) n",
    )
    before = run_sql(postgres_url, "SELECT * FROM user_profiles ORDER BY 1")
    down, outcome = done("migrate.downgrade", where)
    assert [(fact.value, fact.label.values["table"]) for fact in down.effects] == [(500, "user_profiles")]
    assert "ban-drop-table" in [
        each.values["rule"] for each in down.warnings if each.key == "migrations.lint"
    ]
    assert run_sql(postgres_url, "SELECT to_regclass('user_profiles')") == [(None,)]
    assert outcome.undo is not None
    assert outcome.undo.call is not None
    blocked = planned(outcome.undo.call.id, where, **outcome.undo.call.params)
    assert [each.key for each in blocked.blockers] == ["migrations.restore_no_table"]
    done("migrate.upgrade", where)
    done(outcome.undo.call.id, where, **outcome.undo.call.params)
    assert run_sql(postgres_url, "SELECT * FROM user_profiles ORDER BY 1") == before
    listed = planned("migrate.status", where)
    assert [fact.value for fact in listed.facts if fact.label.key == "migrations.fact_snapshot"] == [500]


def test_a_plan_gone_stale_is_refused(postgres_url: str) -> None:
    where = service(postgres_url)
    plan = planned("migrate.upgrade", where)
    run_sql(postgres_url, "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
    run_sql(postgres_url, f"INSERT INTO alembic_version VALUES ('{HEAD}')")
    with pytest.raises(PlanStale):
        hold_to(plan, planned("migrate.upgrade", where))
    action = own_actions()["migrate.downgrade"]
    run_sql(postgres_url, "DELETE FROM alembic_version")
    with pytest.raises(ActionFailed):  # what the runner would have caught is caught by the run, too
        action.run(read_parameters(action.parameters, {}), plan, where)


@pytest.mark.parametrize(
    ("harm", "wrong"),
    [
        ("ALTER TABLE user_profiles ALTER puuid DROP NOT NULL", {"user_profiles.puuid"}),
        (
            "DROP INDEX idx_user_profiles_puuid; CREATE INDEX idx_user_profiles_puuid ON user_profiles (created_at)",
            {"idx_user_profiles_puuid"},
        ),
        (
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'idx_user_profiles_last_updated'::regclass",
            {"idx_user_profiles_last_updated"},
        ),
        (
            (
                "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
                "CREATE TRIGGER x BEFORE INSERT ON user_profiles FOR EACH ROW EXECUTE FUNCTION f()"
            ),
            {"user_profiles"},
        ),
    ],
    ids=["nullable", "other-index", "invalid-index", "trigger"],
)
def test_a_schema_that_only_looks_right_is_found_wrong(postgres_url: str, harm: str, wrong: set[str]) -> None:
    where = service(postgres_url)
    action = own_actions()["migrate.upgrade"]
    action.run(read_parameters(action.parameters, {}), planned("migrate.upgrade", where), where)
    run_sql(postgres_url, harm)
    printed: list[str] = []
    where = service(postgres_url, printed)
    verify = own_actions()["migrate.verify"]
    params = read_parameters(verify.parameters, {})
    outcome = verify.run(params, make_plan(verify, params, where), where)
    assert outcome.findings == len(wrong)
    assert {line.split()[2] for line in printed if line.startswith("NOT OK")} == wrong
    assert run_sql(postgres_url, "SELECT count(*) FROM user_profiles") == [(0,)], "the canary is gone"


def foreign(folder: Path, url: str, *revisions: tuple[str, str, str], **more: Any) -> Context:
    project = make_project(folder, url, *revisions)
    settings = {
        "url": url,
        "alembic_ini": project.ini,
        "alembic_command": project.command,
        "alembic_environment": dict(project.environment),
        **more,
    }
    return context(postgres=settings)


def test_a_foreign_project_goes_up_down_and_up_in_its_own_environment(
    postgres_url: str, tmp_path: Path
) -> None:
    where = foreign(tmp_path, postgres_url, MAKE)
    plan, _ = done("migrate.upgrade", where)
    assert plan.steps[0].argv[1:] == (
        "-m",
        "alembic",
        "-c",
        str(tmp_path / "alembic.ini"),
        "upgrade",
        "--",
        "head",
    )
    assert ("APP_DATABASE", "••••") in plan.steps[0].environment
    run_sql(
        postgres_url, "INSERT INTO t VALUES (1); CREATE TABLE other (x int); INSERT INTO other VALUES (1)"
    )
    _, outcome = done("migrate.downgrade", where, to="base", tables="other")
    assert outcome.text.values["count"] == 2, "another table is kept aside when it is asked for, and stays"
    assert run_sql(postgres_url, "SELECT count(*) FROM other") == [(1,)]
    done("migrate.upgrade", where)
    assert run_sql(postgres_url, "SELECT version_num FROM alembic_version") == [("u1",)]


def keys(plan: Plan) -> list[str]:
    return [each.key.removeprefix("migrations.") for each in (*plan.blockers, *plan.warnings)]


def test_what_is_wrong_is_said_with_its_way_out(postgres_url: str, tmp_path: Path) -> None:
    where = foreign(tmp_path, postgres_url, MAKE)
    run_sql(postgres_url, "CREATE TABLE t (id int)")
    assert keys(planned("migrate.upgrade", where)) == ["half_applied", "unversioned"]
    run_sql(postgres_url, "DROP TABLE t")
    go_up(make_project(tmp_path / "again", postgres_url, MAKE))
    run_sql(postgres_url, "UPDATE alembic_version SET version_num = 'newer'")
    assert keys(planned("migrate.upgrade", where)) == ["blocked_ahead", "ahead"]
    assert "blocked_ahead" in keys(planned("migrate.downgrade", where))
    run_sql(postgres_url, "UPDATE alembic_version SET version_num = 'u1'")
    side = tmp_path / "db" / "versions" / "side.py"
    side.write_text("revision = 'side'\ndown_revision = None\ndef upgrade(): pass\ndef downgrade(): pass\n")
    assert keys(planned("migrate.upgrade", where)) == ["blocked_heads", "heads"]
    done("migrate.upgrade", where, to="heads")
    assert keys(planned("migrate.downgrade", where))[0] == "blocked_rows"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("INSERT INTO t VALUES (1), (1)")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("CREATE UNIQUE INDEX CONCURRENTLY half ON t (id)")
    assert "invalid" in keys(planned("migrate.status", where))


def test_who_writes_is_named_in_the_plan_of_a_downgrade(postgres_url: str, tmp_path: Path) -> None:
    where = foreign(tmp_path, postgres_url, MAKE)
    go_up(make_project(tmp_path / "again", postgres_url, MAKE))
    with psycopg.connect(postgres_url, application_name="billing") as writer:
        writer.execute("INSERT INTO t VALUES (1)")
        plan = planned("migrate.downgrade", where)
    (warning,) = [each for each in plan.warnings if each.key == "migrations.writes"]
    assert str(warning.values["who"]).startswith("billing (")
    # Who comes and goes is no part of what is confirmed, and one row more is within the tolerance.
    assert hold_to(plan, planned("migrate.downgrade", where)).digest == plan.digest


def test_a_new_revision_builds_on_the_newest(postgres_url: str, tmp_path: Path) -> None:
    where = foreign(tmp_path, postgres_url, MAKE)
    template = '"""${message}"""\nrevision = ${repr(up_revision)}\ndown_revision = ${repr(down_revision)}\n'
    (tmp_path / "db" / "script.py.mako").write_text(template)
    done("migrate.new", where, message="Add; $(touch x) a queue")
    (made,) = [file for file in (tmp_path / "db" / "versions").glob("*.py") if file.stem != "u1"]
    assert "down_revision = 'u1'" in made.read_text()
    assert "Add; $(touch x) a queue" in made.read_text()


def test_an_env_py_that_needs_variables_blocks_and_says_where_they_go(
    postgres_url: str, tmp_path: Path
) -> None:
    where = foreign(tmp_path, postgres_url, MAKE, alembic_environment={})
    plan = planned("migrate.upgrade", where)
    (blocker,) = plan.blockers
    assert blocker.key == "migrations.not_connected"
    words = Language("en").say(blocker)
    assert "APP_DATABASE" in words
    assert "alembic_environment" in words
    assert "command.py" not in words, "where it failed is not Alembic's own file"
    # One that falls back to a database of its own would migrate that.
    elsewhere = {"APP_DATABASE": "sqlite://"}
    (tmp_path / "other").mkdir()
    plan = planned(
        "migrate.upgrade", foreign(tmp_path / "other", postgres_url, MAKE, alembic_environment=elsewhere)
    )
    assert [each.key for each in plan.blockers] == ["migrations.other_server"]


def test_a_password_with_signs_that_mean_something_reaches_the_project(
    postgres_url: str, tmp_path: Path
) -> None:
    role = "o%@" + uuid.uuid4().hex
    run_sql(postgres_url, f"CREATE ROLE \"{role}\" SUPERUSER LOGIN PASSWORD 'p%2F@:x'")
    url = postgres_url.replace("postgres@", f"{quote(role, safe='')}:{quote('p%2F@:x', safe='')}@")
    done("migrate.upgrade", foreign(tmp_path, url, MAKE))
    assert run_sql(url, "SELECT version_num FROM alembic_version") == [("u1",)]


def test_rows_that_go_with_deleted_ones_are_kept_too(postgres_url: str, tmp_path: Path) -> None:
    """`DELETE` in a downgrade takes what points there: rows by CASCADE, at any depth, and keys by SET NULL."""
    family = (
        "f1",
        (
            "op.execute('CREATE TABLE mother (id int PRIMARY KEY)');"
            " op.execute('CREATE TABLE child (id int PRIMARY KEY, m int REFERENCES mother ON DELETE CASCADE)');"
            " op.execute('CREATE TABLE toy (id int PRIMARY KEY, c int REFERENCES child ON DELETE CASCADE)');"
            " op.execute('CREATE TABLE note (id int PRIMARY KEY, m int REFERENCES mother ON DELETE SET NULL)')"
        ),
        "pass",
    )
    where = foreign(tmp_path, postgres_url, family, ("f2", "pass", "op.execute('DELETE FROM mother')"))
    assert where.signals.postgres is not None
    go_up(project_of(where.signals.postgres))
    for table in ("mother (id) VALUES (1)", "child VALUES (1, 1)", "toy VALUES (1, 1)", "note VALUES (1, 1)"):
        run_sql(postgres_url, f"INSERT INTO {table}")
    down, outcome = done("migrate.downgrade", where)
    assert {str(fact.label.values["table"]): fact.label.values["columns"] for fact in down.effects} == {
        "mother": "*",
        "public.child": "*",
        "public.toy": "*",
        "public.note": "m",
    }
    assert run_sql(postgres_url, "SELECT (SELECT count(*) FROM toy), (SELECT m FROM note)") == [(0, None)]
    assert outcome.undo is not None
    assert outcome.undo.call is not None
    done("migrate.restore", where, **dict(outcome.undo.call.params))
    assert run_sql(
        postgres_url, "SELECT (SELECT c FROM toy), (SELECT m FROM child), (SELECT m FROM note)"
    ) == [(1, 1, 1)]
