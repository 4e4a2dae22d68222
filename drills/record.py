"""What happened in a drill, as whoever conducts it wrote it down. Scoring and reports read nothing else of the drill.

What the responders did stands in the journal: the incident of the drill, and the runs of its actions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping
    from uuid import UUID

    from drills.faults.model import Injection

Ending = Literal["running", "recovered", "timed_out", "aborted", "refused"]


@dataclass(frozen=True, slots=True)
class MasterNote:
    """What the drill master wrote down; `is_hint`: the responders were given it."""

    at: dt.datetime
    text: str
    is_hint: bool = False


def oracle_check(oracle: str, index: int) -> str:
    """How samples call check number `index` (from 0) of an oracle; all other checks have ids of their own."""
    return f"{oracle}/{index + 1}"


@dataclass(frozen=True, slots=True)
class Sample:
    """A check of the scenario as it was measured: None where it was unknown. For the charts of the report.

    `check` is the id of one of `steady`, `signals` or `recovered`, or `oracle_check` of an oracle's.
    """

    check: str
    at: dt.datetime
    value: float | None
    met: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillFacts:
    """`shown` is when each signal of the scenario was first met, `recovered_at` when all of `recovered` were met for good.

    `budget_burnt` is the share of the month's error budget that the drill cost, None where that is unknown; `incident` is the
    drill's own in the journal, `players` who acted in it. `unknown` are checks that could not be measured at any time.
    """

    id: str
    scenario: str
    target: str
    master: str
    players: tuple[str, ...] = ()
    autopilot: Literal["", "good", "wrong", "idle"] = ""
    started_at: dt.datetime
    ended_at: dt.datetime | None = None
    ending: Ending = "running"
    incident: UUID | None = None
    injections: tuple[Injection, ...] = ()
    shown: Mapping[str, dt.datetime] = field(default_factory=dict)
    recovered_at: dt.datetime | None = None
    budget_burnt: float | None = None
    notes: tuple[MasterNote, ...] = ()
    samples: tuple[Sample, ...] = ()
    unknown: tuple[str, ...] = ()
