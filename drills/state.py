"""A drill as it stands now, for the drill master's eyes, and what a drill master can ask of it.

Whoever conducts publishes a new `DrillState` whenever something changes and once in every round of measuring; a screen shows
it and puts commands into the queue. Nothing of it is for responders: it holds what broke.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from core.message import Message
    from drills.faults.model import Injection
    from drills.oracles.model import OracleResult
    from drills.record import DrillFacts
    from drills.scenarios.model import Scenario
    from signals.reading import Verdict

Phase: TypeAlias = Literal["steady", "running", "paused", "lifting", "over"]
"""`steady`: it is looked whether the target is well. `paused`: the time line stands still, what is injected stays."""
CheckRole: TypeAlias = Literal["steady", "signal", "oracle", "recovered"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckState:
    """A check of the scenario as it was measured last; `since` is when it was first met in this drill, None until then."""

    id: str
    role: CheckRole
    verdict: Verdict
    text: Message
    at: dt.datetime
    since: dt.datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A fault of the time line, or one that the master injected by hand; `injection` is None while it lies ahead.

    `at_s` is on the drill's own clock, which stands still during a pause; `problem` is why it could not be injected.
    """

    at_s: float
    fault: str
    params: Mapping[str, str] = field(default_factory=dict)
    for_s: float
    by_hand: bool = False
    injection: Injection | None = None
    problem: Message | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillState:
    """`elapsed_s` of `limit_s` on the drill's own clock; `now` is when this was so.

    `incident` is the label of the drill's own incident once the responders have opened one; `oracles` are judged as of now and
    may still change. `problems` are what went wrong with the drill itself: a fault that was not lifted, a journal that is away.
    """

    scenario: Scenario
    facts: DrillFacts
    phase: Phase
    now: dt.datetime
    elapsed_s: float
    limit_s: float
    timeline: tuple[Due, ...]
    checks: tuple[CheckState, ...] = ()
    oracles: tuple[OracleResult, ...] = ()
    incident: str = ""
    problems: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class Inject:
    """Break something now, beside the time line; `for_s` None: as long as the fault lasts by itself."""

    fault: str
    params: Mapping[str, str] = field(default_factory=dict)
    for_s: float | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """Let the drill's clock stand still: nothing of the time line begins, the limit does not come nearer."""


@dataclass(frozen=True, slots=True)
class Resume:
    """Let it go on."""


@dataclass(frozen=True, slots=True)
class Hint:
    """The responders are given the hint of this oracle, as a note of the drill's incident; it is counted."""

    oracle: str


@dataclass(frozen=True, slots=True)
class Abort:
    """End the drill: everything is lifted, the record says aborted and why."""

    why: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """What the master wants to remember; responders do not see it."""

    text: str


DrillCommand: TypeAlias = Inject | Pause | Resume | Hint | Abort | Note
