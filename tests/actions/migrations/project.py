"""A small foreign project with an Alembic of its own, for the tests of migrations."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from actions.migrations.project import Project
from actions.migrations.session import Patience
from signals.connections.postgres import PostgresAddress, read_address
from signals.database.revisions import AlembicScripts
from signals.settings import PostgresSettings

if TYPE_CHECKING:
    from signals.database.graph import Scripts

PATIENCE = Patience(lock_timeout_s=0.2, tries=2, timeout_s=60)
_ENV = """import os
from alembic import context
from sqlalchemy import create_engine, pool
if context.is_offline_mode():
    context.configure(dialect_name="postgresql", literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    engine = create_engine(os.environ["APP_DATABASE"], poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()
"""
_SCRIPT = '''"""{message}"""
from alembic import op
import sqlalchemy as sa

revision = {revision!r}
down_revision = {down!r}


def upgrade():
    {up}


def downgrade():
    {back}
'''


def address_of(url: str) -> PostgresAddress:
    return read_address(SecretStr(url), timeout_s=30, source="test")


def make_project(folder: Path, url: str, *revisions: tuple[str, str, str]) -> Project:
    """Revisions one after another: id, body of `upgrade`, body of `downgrade`."""
    versions = folder / "db" / "versions"
    versions.mkdir(parents=True)
    (folder / "db" / "env.py").write_text(_ENV)
    (folder / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/db\n")
    down = None
    for revision, up, back in revisions:
        script = _SCRIPT.format(message=f"Make {revision}", revision=revision, down=down, up=up, back=back)
        (versions / f"{revision}.py").write_text(script)
        down = revision
    return Project(
        command=(sys.executable, "-m", "alembic"),
        cwd=folder,
        ini=folder / "alembic.ini",
        environment={"APP_DATABASE": url.replace("postgresql://", "postgresql+psycopg://")},
    )


def go_up(project: Project, to: str = "head") -> None:
    """Upgrade in this process, which is quicker: what a test starts from, not what it is about."""
    from alembic import command
    from alembic.config import Config

    with pytest.MonkeyPatch.context() as patch:
        for name, value in project.environment.items():
            patch.setenv(name, value)
        command.upgrade(Config(str(project.ini)), to)


def scripts_of(project: Project) -> Scripts:
    settings = PostgresSettings(url=SecretStr("postgresql://h/d"), alembic_ini=project.ini)
    scripts = AlembicScripts(settings).revisions()
    assert scripts is not None
    return scripts


def run_sql(url: str, statement: str) -> list[tuple[object, ...]]:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []
