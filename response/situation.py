"""What somebody has in front of them at the moment in which they want to do something, and what they propose to write."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, NamedTuple

from response.checklist import Missing, checklist_rows

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from core.message import Message
    from incidents.events.body import Body
    from incidents.events.incident import Incident, StepKey
    from incidents.report.describe import Names
    from response.checklist import Row
    from response.decision import Ask
    from runbooks.checks.observation import Observation
    from runbooks.model import Runbook


class Lasting(NamedTuple):
    """A run whose effect is still in force: what it is called, and what it does until when."""

    run: str
    text: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """The incident under its name, the runbooks that it follows, who acts, and what the checks of steps said last.

    A step without an entry in `observed` was not measured; None stands for a check that nobody has measured. `burning` is what
    panels that burn say, or that none has an answer; empty where nobody has looked at them. `active_alerts` are those that fire or are pending now;
    that another is over is known only with `alerts_known`: a server was asked that remembers. `in_force` is what lasts of this incident, besides
    `others_in_force` of others; `in_force_unknown` is why nobody could say it (`response.in_force.with_in_force`).
    """

    label: str
    incident: Incident
    actor: str
    now: dt.datetime
    runbooks: tuple[Runbook | Missing, ...] = ()
    observed: Mapping[StepKey, Sequence[Observation | None]] = field(default_factory=dict)
    burning: tuple[Message, ...] = ()
    active_alerts: frozenset[str] = frozenset()
    alerts_known: bool = False
    in_force: tuple[Lasting, ...] = ()
    others_in_force: int = 0
    in_force_unknown: Message | None = None

    @property
    def rows(self) -> tuple[Row, ...]:
        """The checklist."""
        return checklist_rows(self.runbooks)

    @property
    def names(self) -> Names:
        """What the runbooks call their steps."""
        from response.names import runbook_names

        return runbook_names(runbook for runbook in self.runbooks if not isinstance(runbook, Missing))

    def row(self, kind: Literal["step", "pause"], runbook: str, name: str) -> Row | None:
        """The row of a step or of a phase's pause point, by its id or number; None where no runbook has it."""
        key = self.incident.key(runbook, name)
        for row in self.rows:
            part = row.step if kind == "step" else row.phase
            if row.kind == kind and row.runbook.id == key.runbook and part and name in (part.id, part.number):
                return row
        return None


@dataclass(frozen=True, slots=True)
class Proposal:
    """Events that somebody wants to write, and the situation in which they decided to."""

    situation: Situation
    bodies: tuple[Body, ...]

    def answered(self, ask: Ask, how: Literal["asked", "--yes"] = "asked") -> Proposal:
        """The same after the question was answered with yes: the events say so."""
        answer = ask.answer(how)
        bodies = (
            body.model_copy(update={"answers": (*body.answers, answer)}) if hasattr(body, "answers") else body
            for body in self.bodies
        )
        return replace(self, bodies=tuple(bodies))


def propose(situation: Situation, body: Body) -> Proposal:
    """One event."""
    return Proposal(situation, (body,))
