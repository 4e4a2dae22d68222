"""A scenario: a steady state, faults on a time line, what must show, what a good response is, and who can play it.

`drills/scenarios/FORMAT.md` is the format for people. A `check` is one of the runbooks' format (`runbooks/FORMAT.md`). Texts
are `{en: …, zh: …}`; all times are seconds since the drill began, `by_s` of an oracle since its `after` (the first fault where
it names none).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from actions.check_settings import CheckSettings  # noqa: TC001  # pydantic reads the annotations at run time
from core.settings import Section

Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,63}$")]
At = Annotated[float, Field(ge=0, le=86_400)]


class Text(Section):
    """A text in both languages."""

    en: str
    zh: str

    def of(self, language: str) -> str:
        """In this one; English where there is no other."""
        return self.zh if language == "zh" else self.en


class NamedCheck(Section):
    """A check that has a name within the scenario."""

    id: Id
    check: CheckSettings


class Signal(NamedCheck):
    """What must show once the faults are there, at the latest `within_s` after the first of them."""

    within_s: At = 60.0


class Injected(Section):
    """A fault on the time line: from `at_s` for `for_s`, with its parameters as text."""

    at_s: At = 0.0
    fault: Id
    params: dict[str, str] = Field(default={})
    for_s: Annotated[float, Field(gt=0, le=86_400)] = 300.0


class Way(Section):
    """One good way: a verified run of an action (with at least these parameters), or a ticked step of a runbook."""

    action: str = ""
    params: dict[str, str] = Field(default={})
    step: str = Field(default="", description="runbook/step")


class OracleSpec(Section):
    """What a good response does. `kind` names a file in `drills/oracles`; the other keys are what that kind reads.

    `after` are oracles that have to be met first, `by_s` how long it may take, `weight` its share of the score.
    """

    id: Id
    kind: str
    title: Text
    any_of: tuple[Way, ...] = ()
    checks: tuple[CheckSettings, ...] = ()
    after: tuple[str, ...] = ()
    by_s: At | None = None
    weight: Annotated[float, Field(gt=0, le=100)] = 1.0
    hint: Text | None = None


class Move(Section):
    """What the autopilot does next, once `when` is so: `shown:<signal>`, `met:<oracle>`, `lifted`, `recovered`, or nothing.

    `do` is `acknowledge`, `open`, `mitigate`, `resolve`, `note`, `step` (`runbook/step`, ticked by hand) or `run` (an action with
    parameters), `undo` (what that action has in force), `update`, `portal` (the page of the provider `text`: the old key ends, a new
    one is `$portal`). `$name` in a parameter is a value that an earlier move left behind or the target knows (`$sandbox`).
    """

    do: Literal[
        "acknowledge",
        "open",
        "mitigate",
        "resolve",
        "note",
        "step",
        "run",
        "undo",
        "update",
        "portal",
        "wait",
    ]
    when: str = ""
    step: str = ""
    action: str = ""
    params: dict[str, str] = Field(default={})
    secrets: dict[str, str] = Field(default={}, description="secret parameters: from which file each is read")
    text: str = ""
    timeout_s: At = 60.0


class Scenario(Section):
    """See the module."""

    id: Id
    title: Text
    about: Text
    runbook: str
    severity: Literal["SEV1", "SEV2", "SEV3", "SEV4"] = "SEV2"
    where: Literal["sandbox", "configured", "any"] = "sandbox"
    limit_s: Annotated[float, Field(gt=0, le=86_400)] = 900.0
    steady: tuple[NamedCheck, ...]
    timeline: Annotated[tuple[Injected, ...], Field(min_length=1)]
    signals: tuple[Signal, ...] = ()
    oracles: Annotated[tuple[OracleSpec, ...], Field(min_length=1)]
    recovered: tuple[NamedCheck, ...]
    autopilot: dict[Literal["good", "wrong"], tuple[Move, ...]] = Field(default={})
