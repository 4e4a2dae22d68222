"""A runbook as data: the border between the Markdown file and whoever shows, checks or judges it.

`runbooks/FORMAT.md` is the format for people. Texts are cleaned plain text without markup, ready for any screen; only
inline code keeps its backticks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from core.message import Message
    from signals.metrics.trend import Direction

Severity = Literal["SEV1", "SEV2", "SEV3", "SEV4", ""]
ProbeKind = Literal["http", "queue", "workers", "schema"]
BlockDanger = Literal["observe", "mitigate", "destructive"]
"""What running a block may do; the dangers of `actions.model`."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in a file, which still opens: `line` counts from 1, `rule` is the name that a lint gives it.

    One that is not `certain` may be meant so.
    """

    file: str
    line: int
    rule: str
    message: Message
    certain: bool = True


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a check should see; `text` is as written.

    `compare`: `operator` and `value`. `trend`: `direction`, or anything but it where `negated`. `some` and `none`: whether
    there is any series at all. `status`: one of the HTTP `statuses`.
    """

    text: str
    kind: Literal["compare", "trend", "some", "none", "status"]
    operator: Literal["<", "<=", ">", ">=", "==", "!=", ""] = ""
    value: float = (
        0.0  # not NaN: from Python 3.13 on a field that differs from itself makes the whole unequal
    )
    direction: Direction | None = None
    negated: bool = False
    statuses: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """Something that is measured live: PromQL, or a probe with its own parameters.

    `within_s` is how long the expectation may take to come true after the step was done; 0 means at once. `window_s` is
    how far a trend looks back. `for_s` is how long the expectation must have been met before the check passes, counted from
    the end of the step before (`runbooks.checks.gate`).
    """

    expect: Expectation
    line: int
    promql: str = ""
    probe: ProbeKind | None = None
    parameters: Mapping[str, str | tuple[str, ...]] | None = None
    unit: str = "none"
    within_s: float = 0.0
    window_s: float = 600.0
    for_s: float = 0.0
    bundled: bool = False
    """Whether it stands in a manual that comes with the program (`runbooks.checks.permission`)."""


@dataclass(frozen=True, slots=True)
class ActionCall:
    """The id of an action, with its parameters as written.

    `asks` are parameters that whoever runs it fills in, each with what the runbook says about it (`version: <the new patch>`).
    `lines` says where each parameter stands.
    """

    id: str
    parameters: Mapping[str, str]
    line: int
    asks: Mapping[str, str] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Command:
    """Something to type, exactly as it stands.

    `language` is what the fence is called (`sh`), `danger` what it says that running the block may do; unsaid, it may destroy.
    """

    text: str
    line: int
    language: str = ""
    danger: BlockDanger = "destructive"


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A piece of prose; `role` is what it says about the step: what to expect, or how to take it back."""

    text: str
    role: Literal["", "expect", "undo"] = ""


Block: TypeAlias = Paragraph | Command | Check | ActionCall


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do. `id` is stable and unique in its runbook, `number` is where it stands now (`1.3`).

    `level` is how deep the bullet stood (0 at the outside); only plain manuals have deeper ones.
    """

    id: str
    number: str
    text: str
    line: int
    killer: bool = False
    blocks: tuple[Block, ...] = ()
    level: int = 0
    file: str = ""

    @property
    def checks(self) -> tuple[Check, ...]:
        """What can be measured here."""
        return tuple(block for block in self.blocks if isinstance(block, Check))

    @property
    def commands(self) -> tuple[Command, ...]:
        """What can be copied here."""
        return tuple(block for block in self.blocks if isinstance(block, Command))

    @property
    def actions(self) -> tuple[ActionCall, ...]:
        """What can be run here."""
        return tuple(block for block in self.blocks if isinstance(block, ActionCall))


@dataclass(frozen=True, slots=True)
class Phase:
    """Steps that belong together. `pause` is what the IC confirms behind them, empty without a pause point.

    A `prevention` phase is not worked off in the heat: its steps go into the postmortem.
    """

    id: str
    number: str
    title: str
    line: int
    steps: tuple[Step, ...]
    intro: tuple[Block, ...] = ()
    pause: str = ""
    prevention: bool = False


@dataclass(frozen=True, slots=True)
class Runbook:
    """One manual in one language. `plain` means that the file knows nothing of our format."""

    id: str
    title: str
    language: str
    file: str
    severity: Severity
    alerts: tuple[str, ...]
    panels: tuple[str, ...]
    intro: tuple[Block, ...]
    phases: tuple[Phase, ...]
    plain: bool = False

    def steps(self) -> Iterator[Step]:
        """All steps, in order."""
        for phase in self.phases:
            yield from phase.steps

    def step(self, name: str) -> Step | None:
        """The step with this id, else with this number."""
        return next((s for s in self.steps() if s.id == name), None) or next(
            (s for s in self.steps() if s.number == name), None
        )

    def phase(self, name: str) -> Phase | None:
        """The phase with this id or number."""
        return next((phase for phase in self.phases if name in (phase.id, phase.number)), None)

    def prevention(self) -> tuple[str, ...]:
        """What keeps it from happening again."""
        return tuple(step.text for phase in self.phases if phase.prevention for step in phase.steps)
