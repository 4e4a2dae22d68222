"""The kinds of chains: an incident is one, a run is one. What is the same for both stands in `store`, what differs here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar, get_args

from incidents.events.body import MOMENTS, Opened
from incidents.events.event import write_time
from incidents.events.fold import apply, fold
from incidents.events.incident import Incident
from incidents.events.run import Run, apply_run, fold_run
from incidents.events.run_body import RunBody, RunPlanned
from incidents.journal.errors import NoSuchChain, NoSuchIncident, NoSuchRun
from incidents.journal.tables import INCIDENT, RUN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from uuid import UUID

    from sqlalchemy import Table

    from incidents.events.body import AnyBody
    from incidents.events.event import Event

State: TypeAlias = Incident | Run
S = TypeVar("S", Incident, Run)


@dataclass(frozen=True, slots=True)
class ChainKind(Generic[S]):
    """How one kind of chain begins, is folded, listed and called.

    `columns` are what `table` says of a state; `missing` is raised where an id names none, with the text `no_such`.
    """

    name: str
    prefix: str
    table: Table
    state: type[S]
    first: type[Opened | RunPlanned]
    fold: Callable[[Iterable[Event]], S]
    apply: Callable[[S, Event], S]
    columns: Callable[[S], dict[str, object]]
    missing: type[NoSuchChain]
    no_such: str

    def label(self, number: int) -> str:
        """How people call it: INC-42, RUN-7."""
        return f"{self.prefix}-{number}"

    def unnumbered(self, chain: UUID) -> str:
        """How it is called before it has its number: INC-~1a2b3c."""
        return f"{self.prefix}-~{chain.hex[-6:]}"


def incident_columns(incident: Incident) -> dict[str, object]:
    """The row of an incident, from its fold."""
    return {
        "sequence": incident.sequence,
        "digest": incident.digest,
        "title": incident.title,
        "severity": incident.severity,
        "status": incident.status,
        "drill": incident.drill,
        "runbook": incident.runbooks[0] if incident.runbooks else "",
        "commander": incident.roles.get("ic", ""),
        "opened_at": write_time(incident.opened_at),
    } | {
        f"{moment}_at": write_time(incident.times[moment]) if moment in incident.times else None
        for moment in MOMENTS
    }


def run_columns(run: Run) -> dict[str, object]:
    """The row of a run, from its fold."""
    return {
        "sequence": run.sequence,
        "digest": run.digest,
        "action": run.action,
        "danger": run.planned.danger,
        "resource": run.resource,
        "incident": str(run.planned.incident) if run.planned.incident else None,
        "state": run.state,
        "planned_by": run.planned_by,
        "planned_at": write_time(run.planned_at),
        "started_at": write_time(run.started_at) if run.started_at else None,
        "ended_at": write_time(run.ended_at) if run.ended_at else None,
        "host": run.host,
    }


INCIDENTS = ChainKind(
    name="incident",
    prefix="INC",
    table=INCIDENT,
    state=Incident,
    first=Opened,
    fold=fold,
    apply=apply,
    columns=incident_columns,
    missing=NoSuchIncident,
    no_such="journal.no_such_incident",
)
RUNS = ChainKind(
    name="run",
    prefix="RUN",
    table=RUN,
    state=Run,
    first=RunPlanned,
    fold=fold_run,
    apply=apply_run,
    columns=run_columns,
    missing=NoSuchRun,
    no_such="journal.no_such_run",
)
AnyKind: TypeAlias = ChainKind[Incident] | ChainKind[Run]
KINDS: tuple[AnyKind, ...] = (INCIDENTS, RUNS)


def is_of_run(body: AnyBody) -> bool:
    """Whether an event with this body belongs to a run."""
    return isinstance(body, get_args(RunBody))
