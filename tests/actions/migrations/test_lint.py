"""Pending SQL is linted by squawk itself, and where that is not there it is said."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from actions.migrations import lint as module
from actions.migrations.lint import lint
from actions.migrations.project import Project, RenderedStep
from actions.migrations.sql import effect
from tests.actions.build import context

PG16 = 160_004


def rules(tmp_path: Path, *statements: str) -> list[tuple[str, str]]:
    step = RenderedStep("", "a1", tuple(effect(statement) for statement in statements))
    project = Project(command=("alembic",), cwd=tmp_path, ini=tmp_path / "alembic.ini")
    told = lint((step,), project, PG16, context())
    return [(str(each.values.get("rule", each.key)), str(each.values.get("statement", ""))) for each in told]


@pytest.mark.skipif(module.squawk() is None, reason="squawk-cli is not installed")
def test_what_is_wrong_is_named_with_its_statement(tmp_path: Path) -> None:
    column = "ALTER TABLE other\n  ADD COLUMN x int NOT NULL"
    assert rules(tmp_path, "CREATE TABLE t (id bigint PRIMARY KEY)", column, "DROP TABLE gone") == [
        ("adding-required-field", "ALTER TABLE other ADD COLUMN x int NOT NULL"),
        ("ban-drop-table", "DROP TABLE gone"),
    ]
    # Nobody waits for a table that the same transaction made; who is there already does.
    own = ("CREATE TABLE t (id bigint PRIMARY KEY, n bigint)", "CREATE INDEX i ON t (n)")
    assert rules(tmp_path, *own) == []
    assert ("require-concurrent-index-creation", own[1]) in rules(tmp_path, own[1])
    # What ends the transaction stands outside of one, as Alembic's autocommit block has it.
    assert rules(tmp_path, "CREATE INDEX CONCURRENTLY i ON t (n)") == []
    (tmp_path / ".squawk.toml").write_text('excluded_rules = ["ban-drop-table"]\n')
    assert rules(tmp_path, "DROP TABLE gone") == []


def test_without_squawk_or_an_answer_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert rules(tmp_path) == []
    for program in (None, shutil.which("false"), "/nonexistent/squawk"):
        monkeypatch.setattr(module, "squawk", lambda program=program: program)
        assert rules(tmp_path, "DROP TABLE gone") == [("migrations.not_linted", "")]
