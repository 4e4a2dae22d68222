"""A kind of oracle, and what it says about one response."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping
    from uuid import UUID

    from core.message import Message
    from drills.record import DrillFacts
    from drills.scenarios.model import OracleSpec, Scenario
    from incidents.events.incident import Incident
    from incidents.events.run import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """All that is known about a response: the drill's facts, its incident (None: nobody opened one), its runs.

    `labels` is how people call the runs, by their ids. `met` are oracles that were decided before, by their ids: when each was met.
    """

    scenario: Scenario
    facts: DrillFacts
    incident: Incident | None
    runs: tuple[Run, ...]
    labels: Mapping[UUID, str]
    met: Mapping[str, dt.datetime]


@dataclass(frozen=True, slots=True)
class OracleResult:
    """`passed` is None where nobody can tell, `is_pending` because the drill goes on.

    `at` is when it was met; `evidence` says by what, or what is missing.
    """

    id: str
    passed: bool | None
    evidence: Message
    at: dt.datetime | None = None
    is_pending: bool = False


@dataclass(frozen=True, slots=True)
class OracleKind:
    """One file in `drills/oracles`, named after `kind`; `judge` is pure."""

    kind: str
    judge: Callable[[OracleSpec, Response], OracleResult]
