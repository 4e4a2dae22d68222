"""What a plan shows of a migration: its SQL with locks, the sizes of the tables, who is in the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.migrations.errors import AlembicFailed
from actions.migrations.project import connected_to
from actions.migrations.session import Patience, sessions_on, table_sizes, writers_on
from actions.model import Fact
from actions.parameters import Duration, Parameters
from actions.step import Step
from core.message import say
from core.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from actions.capabilities import Command
    from actions.migrations.project import Project, RenderedStep
    from actions.migrations.state import State
    from actions.model import Context
    from core.message import Message

MAX_SHOWN = 40
BYTES_TOLERANCE = 0.2
"""A table may grow so much between plan and run, as a share of what it was."""


class Patient(Parameters):
    """How long is waited for locks (each try), how often it is tried, and how long all of it may take."""

    lock_timeout: Duration = 3.0
    tries: int = 6
    timeout: Duration = 3600.0

    def patience(self) -> Patience:
        """As the migration takes it."""
        return Patience(lock_timeout_s=self.lock_timeout, tries=self.tries, timeout_s=self.timeout)

    def command(self, state: State, verb: str, revision: str) -> Command:
        """Alembic's own, with these limits."""
        options = self.patience().options
        return state.project.call(verb, "--", revision, timeout_s=self.timeout, options=options)


def target_of(context: Context, state: State) -> str:
    """What is changed, to be typed: the database's name alone."""
    return clean(context.databases.place.rpartition("/")[2]) or state.version_table[-1]


def sql_steps(steps: Sequence[RenderedStep]) -> tuple[Step, ...]:
    """Each statement as it will run."""
    return tuple(
        Step(
            kind="sql",
            text=each.statement,
            title=say("migrations.step", before=step.before or "–", after=step.after or "–"),
        )
        for step in steps
        for each in step.effects
    )


def locks_of(steps: Iterable[RenderedStep]) -> tuple[str, ...]:
    """Each table with the strongest lock that is taken on it, and whether it is read or written as a whole under it."""
    lines = []
    for each in (each for step in steps for each in step.effects if each.lock is not None):
        lines += [f"{table}: {each.lock} ({each.work})" for table in each.tables]
    return tuple(dict.fromkeys(lines))[:MAX_SHOWN]


def state_facts(state: State, at: float) -> tuple[Fact, ...]:
    """What every plan of a migration rests on."""
    return (
        Fact(label=say("migrations.fact_rows"), value=", ".join(state.rows) or "–", at=at),
        Fact(label=say("migrations.fact_heads"), value=", ".join(state.scripts.heads), at=at),
    )


def size_facts(context: Context, tables: Sequence[str], at: float) -> tuple[Fact, ...]:
    """How large the tables are."""
    with context.databases.connect() as connection:
        sizes = table_sizes(connection, tables)
    return tuple(
        Fact(
            label=say("migrations.fact_bytes", table=each.table),
            value=each.bytes,
            unit="bytes",
            at=at,
            tolerance=max(1_000_000, BYTES_TOLERANCE * each.bytes),
        )
        for each in sizes
    )


def in_the_way(context: Context, tables: Sequence[str], *, writing: bool) -> tuple[Message, ...]:
    """Who holds the tables now, with since when; they come and go, so that they are warnings."""
    with context.databases.connect() as connection:
        sessions = (writers_on if writing else sessions_on)(connection, tables)
    return tuple(
        say(
            "migrations.writes" if writing else "migrations.holds",
            who=each.label(),
            state=each.state,
            seconds=round(each.since_s),
            query=each.query,
        )
        for each in sessions[:MAX_SHOWN]
    )


def connection_of(project: Project) -> tuple[str | None, tuple[Message, ...]]:
    """What the project's own env.py connects to, and what speaks against a migration where it can't."""
    try:
        connected = connected_to(project)
        is_other = connected is not None and not connected.startswith("postgres")
        return connected, (say("migrations.other_server", place=connected or ""),) if is_other else ()
    except AlembicFailed as error:
        return None, (say("migrations.not_connected", why=error.message),)


def ignores_options(connected: str | None) -> tuple[Message, ...]:
    """Drivers that are not made of libpq read no PGOPTIONS: no lock timeout, and no way through the fence."""
    driver = (connected or "").partition("://")[0].rpartition("+")[2]
    return (say("migrations.no_options", driver=driver),) if driver in ("asyncpg", "pg8000") else ()


def tables_of(steps: Iterable[RenderedStep], state: State) -> tuple[str, ...]:
    """Every table that is locked, Alembic's own left out."""
    names = (table for step in steps for each in step.effects for table in each.tables)
    return tuple(dict.fromkeys(name for name in names if name != state.version_table[-1]))
