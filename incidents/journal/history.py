"""The lists: incidents that match a search, and runs, newest first, as the tables say."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from sqlalchemy import select

from incidents.events.body import MOMENTS
from incidents.events.event import read_time
from incidents.events.run import ENDED
from incidents.journal.errors import NoSuchChain
from incidents.journal.kinds import INCIDENTS, RUNS
from incidents.journal.tables import EVENT, INCIDENT, RUN

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from sqlalchemy import Row

    from incidents.events.body import Moment
    from incidents.events.incident import Incident
    from incidents.events.run import Run
    from incidents.journal.store import Store

LOG = logging.getLogger(__name__)
_LISTED_TEXTS = ("title", "severity", "status", "runbook", "commander")


class Summary(NamedTuple):
    """What a list of incidents shows."""

    id: UUID
    number: int
    sequence: int
    title: str
    severity: str
    status: str
    drill: bool
    runbook: str
    commander: str
    opened_at: dt.datetime
    times: dict[Moment, dt.datetime]

    @property
    def label(self) -> str:
        """How people call it; `number` is 0 until the team's database has given one."""
        return INCIDENTS.label(self.number) if self.number else INCIDENTS.unnumbered(self.id)


def summary_of(incident: Incident, number: int) -> Summary:
    """The same from a fold."""
    return Summary(
        id=incident.id,
        number=number,
        sequence=incident.sequence,
        title=incident.title,
        severity=incident.severity,
        status=incident.status,
        drill=incident.drill,
        runbook=incident.runbooks[0] if incident.runbooks else "",
        commander=incident.roles.get("ic", ""),
        opened_at=incident.opened_at,
        times=dict(incident.times),
    )


def list_incidents(
    store: Store, search: str = "", statuses: Sequence[str] = (), limit: int | None = None
) -> list[Summary]:
    """Incidents, newest first. `search` is looked for in titles and in everything that was said."""
    query = select(INCIDENT).order_by(INCIDENT.c.number.desc()).limit(limit)
    if statuses:
        query = query.where(INCIDENT.c.status.in_(statuses))
    if search:
        matching = select(EVENT.c.chain).where(EVENT.c.body.icontains(search, autoescape=True))
        query = query.where(INCIDENT.c.title.icontains(search, autoescape=True) | INCIDENT.c.id.in_(matching))
    with store.database.read() as connection:
        rows = connection.execute(query).all()
    summaries = (_summary(row) or _summary_from_events(store, row) for row in rows)
    return [summary for summary in summaries if summary is not None]


def list_runs(
    store: Store, *, incident: UUID | None = None, active: bool = False, limit: int | None = None
) -> list[tuple[int, Run]]:
    """Runs with their numbers, newest first: those of one incident, those that have not ended, or all."""
    query = select(RUN.c.id, RUN.c.number).order_by(RUN.c.number.desc()).limit(limit)
    if incident is not None:
        query = query.where(RUN.c.incident == str(incident))
    if active:
        query = query.where(RUN.c.state.not_in(ENDED))
    with store.database.read() as connection:
        rows = connection.execute(query).all()
    runs = []
    for row in rows:
        try:
            runs.append((int(row.number), store.load(RUNS, UUID(row.id))))
        except (ValueError, TypeError, AttributeError, NoSuchChain) as error:
            LOG.warning("a line in the list of runs can't be read: %s", error)
    return runs


def _summary_from_events(store: Store, row: Row[tuple[object, ...]]) -> Summary | None:
    """Of an incident whose line in the list can't be read; None when it can't even be found by it."""
    columns = row._mapping  # noqa: SLF001  # SQLAlchemy's public name for a row as a mapping
    try:
        return summary_of(store.load(INCIDENTS, UUID(columns["id"])), int(columns["number"]))
    except (ValueError, TypeError, AttributeError, NoSuchChain) as error:
        LOG.warning("a line in the list of incidents can't be read: %s", error)
        return None


def _summary(row: Row[tuple[object, ...]]) -> Summary | None:
    """None where the row can't be read."""
    columns = row._mapping  # noqa: SLF001  # SQLAlchemy's public name for a row as a mapping
    if not all(isinstance(columns[name], str) for name in _LISTED_TEXTS):
        return None
    try:
        incident = UUID(columns["id"])
        times = {moment: read_time(at) for moment in MOMENTS if (at := columns[f"{moment}_at"])}
        opened_at = read_time(columns["opened_at"])
    except (ValueError, TypeError, AttributeError):
        return None
    return Summary(
        id=incident,
        number=columns["number"],
        sequence=columns["sequence"],
        title=columns["title"],
        severity=columns["severity"],
        status=columns["status"],
        drill=columns["drill"],
        runbook=columns["runbook"],
        commander=columns["commander"],
        opened_at=opened_at,
        times=times,
    )
