"""Where a database stands against its scripts, what is still to be applied, and what is wrong, each with its way out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from actions.migrations.downgrade import FENCE
from actions.migrations.errors import MigrationError, NotRendered
from actions.migrations.project import Project, project_of, render
from actions.migrations.session import existing
from actions.migrations.snapshot import list_snapshots
from actions.migrations.sql import made_by
from actions.migrations.upgrade import invalid_indexes
from core.message import say
from core.text import clean
from signals.connections.postgres import read_address
from signals.database.postgres import compare_revisions, find_version_table, read_version
from signals.database.revisions import AlembicScripts

if TYPE_CHECKING:
    import psycopg

    from actions.migrations.project import RenderedStep
    from actions.migrations.snapshot import Snapshot
    from actions.model import Context
    from core.message import Message
    from signals.connections.postgres import PostgresAddress
    from signals.database.graph import Scripts
    from signals.database.model import Drift
    from signals.database.revision import Revision
    from signals.settings import PostgresSettings

SOURCE = "postgres"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """`rows` is what Alembic's table holds, `version_table` its schema and name, also where it is still to be made."""

    postgres: PostgresSettings
    project: Project
    scripts: Scripts
    rows: tuple[str, ...]
    version_table: tuple[str, ...]
    drift: Drift
    invalid_indexes: tuple[str, ...]
    snapshots: tuple[Snapshot, ...]
    fences: tuple[str, ...]
    """Tables with the trigger of a downgrade that was killed."""
    tables: int
    """How many tables there are, Alembic's own not counted."""

    @property
    def pending(self) -> tuple[Revision, ...]:
        """What an upgrade to all heads would apply, in order."""
        return self.scripts.pending(self.rows)


def address_of(state: State) -> PostgresAddress:
    """The server itself, for what needs a session of its own. Raises a `SourceError`."""
    own = state.postgres
    return read_address(own.url, own.password_file, timeout_s=own.timeout_s, source=SOURCE)


def read_state(context: Context) -> State:
    """Look at database and scripts; raises a `SourceError` or `MigrationError`."""
    postgres = context.signals.postgres
    if postgres is None:
        raise MigrationError(say("actions.not_configured", section="signals.postgres"))
    alembic = AlembicScripts(postgres)
    scripts = alembic.revisions()
    if scripts is None:
        raise MigrationError(say("migrations.no_ini"))
    with context.databases.connect() as connection:
        table = find_version_table(connection, alembic, SOURCE)
        rows = read_version(connection, table)
        name, schema = alembic.version_table()
        return State(
            postgres=postgres,
            project=project_of(postgres),
            scripts=scripts,
            rows=rows,
            version_table=table or tuple(part for part in (schema, name or "alembic_version") if part),
            drift=compare_revisions(rows, scripts),
            invalid_indexes=invalid_indexes(connection),
            snapshots=list_snapshots(connection),
            fences=_fences(connection),
            tables=_count_tables(connection),
        )


def render_pending(state: State, target: str) -> tuple[RenderedStep, ...]:
    """The SQL of an upgrade from where the database is; raises `NotRendered`."""
    if len(state.rows) > 1:
        raise NotRendered(say("migrations.several_rows", rows=", ".join(state.rows)))
    return render(state.project, "upgrade", state.rows[0] if state.rows else "", target)


def half_applied(
    connection: psycopg.Connection[Any], state: State, steps: tuple[RenderedStep, ...]
) -> Message | None:
    """What the next revision would make and is there already: it was begun outside of a transaction, or by hand."""
    if not steps:
        return None
    first = steps[0]
    makes = [name for effect in first.effects for name in made_by(effect.statement)]
    there = existing(connection, [name for name in makes if name not in state.version_table])
    if not there:
        return None
    return say(
        "migrations.half_applied",
        revision=first.after,
        there=", ".join(there),
        count=f"{len(there)}/{len(makes)}",
    )


def wrong_with(state: State) -> tuple[Message, ...]:
    """What is not as it should be, each as a sentence with the way out."""
    notes = []
    unknown = [row for row in state.rows if row not in state.scripts.known]
    if unknown:
        notes.append(say("migrations.ahead", rows=", ".join(unknown)))
    if len(state.scripts.heads) > 1:
        notes.append(say("migrations.heads", heads=", ".join(state.scripts.heads)))
    if not state.rows and state.tables:
        notes.append(say("migrations.unversioned", count=state.tables))
    redundant = [
        row for row in state.rows if any(row in state.scripts.applied([o]) for o in state.rows if o != row)
    ]
    if redundant:
        notes.append(say("migrations.redundant", rows=", ".join(redundant)))
    notes += [say("migrations.invalid", index=index) for index in state.invalid_indexes]
    notes += [say("migrations.fence_left", table=table) for table in state.fences]
    return tuple(notes)


def _fences(connection: psycopg.Connection[Any]) -> tuple[str, ...]:
    rows = connection.execute(
        "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = %s ORDER BY 1", [FENCE]
    )
    return tuple(clean(row[0]) for row in rows)


def _count_tables(connection: psycopg.Connection[Any]) -> int:
    row = connection.execute(
        "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind IN ('r', 'p') AND n.nspname <> 'warroom_snapshots' AND n.nspname <> 'information_schema'"
        " AND n.nspname NOT LIKE 'pg\\_%' AND c.relname NOT LIKE '%version' AND c.relname NOT IN ('incident', 'event')"
    ).fetchone()
    return int(row[0]) if row else 0
