"""Who has a resource for itself, and who still lives: one run a resource, with a fencing token that only grows.

A lease does not end by itself: a run whose runner gives no sign of life is put to a person, who says that it is orphaned,
and never runs again by itself. Then the next claim has a higher token, and the first runner, should it wake up, learns
from its next heartbeat that it has lost the resource.

Ages are by the database's clock, since those of the hosts may differ or jump; `beats` helps who watches by a clock of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from sqlalchemy import delete, insert, select, update
from sqlalchemy import text as sql

from core.message import say
from core.text import clean
from incidents.events.run import Run
from incidents.journal.errors import NoSuchRun, ResourceHeld, WriteConflict
from incidents.journal.tables import HEARTBEAT, LEASE, RUN

if TYPE_CHECKING:
    from sqlalchemy import Connection, TextClause

    from incidents.events.run_body import RunClaimed
    from incidents.journal.kinds import State


class Heartbeat(NamedTuple):
    """The last sign of life of a run: how many there were, and how long ago the last was by the database's clock."""

    beats: int
    age_s: float


def take(connection: Connection, run: State, body: RunClaimed) -> RunClaimed:
    """Take the resource of `run` and begin its heartbeat; returns the claim with its fencing token.

    Raises `WriteConflict` where the run was claimed or has ended, `ResourceHeld` where another run has the resource.
    """
    if not isinstance(run, Run):
        raise NoSuchRun(say("journal.no_such_run", ref=str(run.id)))
    if not run.is_unclaimed:
        raise WriteConflict(say("journal.run_taken", state=run.state, host=run.host or "?"))
    token = 0
    if run.resource:
        connection.execute(
            sql(
                "INSERT INTO lease (resource, token, run) VALUES (:resource, 0, NULL) ON CONFLICT DO NOTHING"
            ),
            {"resource": run.resource},
        )
        held = connection.execute(
            select(LEASE.c.token, LEASE.c.run).where(LEASE.c.resource == run.resource).with_for_update()
        ).one()
        if held.run is not None:
            raise _held(connection, run.resource, held.run)
        token = held.token + 1
        connection.execute(
            update(LEASE).where(LEASE.c.resource == run.resource).values(token=token, run=str(run.id))
        )
    now = connection.scalar(_now(connection))
    connection.execute(insert(HEARTBEAT).values(run=str(run.id), beats=0, at=now))
    return body.model_copy(update={"token": token})


def give_back(connection: Connection, run: UUID) -> None:
    """The run has ended, or nobody knows of it any more: its resource is free."""
    connection.execute(update(LEASE).where(LEASE.c.run == str(run)).values(run=None))
    connection.execute(delete(HEARTBEAT).where(HEARTBEAT.c.run == str(run)))


def beat(connection: Connection, run: UUID) -> bool:
    """A sign of life; False where the run is not claimed any more."""
    now = connection.scalar(_now(connection))
    beats = update(HEARTBEAT).where(HEARTBEAT.c.run == str(run)).values(beats=HEARTBEAT.c.beats + 1, at=now)
    return connection.execute(beats).rowcount == 1


def heartbeats(connection: Connection) -> dict[UUID, Heartbeat]:
    """The last sign of life of every claimed run. After the clock jumped, its age is wrong until the next one."""
    now = float(connection.scalar(_now(connection)) or 0)
    rows = connection.execute(select(HEARTBEAT.c.run, HEARTBEAT.c.beats, HEARTBEAT.c.at)).all()
    return {
        run: Heartbeat(row.beats, abs(now - row.at))  # a clock that was set back makes nobody live
        for row in rows
        if (run := _uuid(row.run)) and isinstance(row.at, float | int)
    }


def holder(connection: Connection, resource: str) -> UUID | None:
    """The run that has `resource`."""
    run = connection.scalar(select(LEASE.c.run).where(LEASE.c.resource == resource))
    return _uuid(run)


def _uuid(run: object) -> UUID | None:
    """None for what is none (a damaged row)."""
    try:
        return UUID(str(run))
    except ValueError:
        return None


def _now(connection: Connection) -> TextClause:
    """The database's clock, Unix seconds."""
    if connection.dialect.name == "postgresql":
        return sql("SELECT extract(epoch from clock_timestamp())::float8 AS now")
    return sql("SELECT (julianday('now') - 2440587.5) * 86400.0 AS now")


def _held(connection: Connection, resource: str, run: str) -> ResourceHeld:
    """Names the holder: its number, what it does, who planned it and where it runs."""
    row = connection.execute(
        select(RUN.c.number, RUN.c.action, RUN.c.planned_by, RUN.c.host).where(RUN.c.id == run)
    ).one_or_none()
    return ResourceHeld(
        say(
            "journal.resource_held",
            resource=resource,
            run=f"RUN-{row.number}" if row else clean(run, 40),
            action=clean(str(row.action)) if row else "?",
            actor=clean(str(row.planned_by)) if row else "?",
            host=(clean(str(row.host)) if row else "") or "?",
        )
    )
