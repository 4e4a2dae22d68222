"""The `[actions]` section: what may be done, by whom, and a team's own actions as data."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path  # noqa: TC003  # pydantic reads the annotations at run time
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator

from actions.chaos_settings import CHAOS
from actions.check_settings import CheckSettings  # noqa: TC001  # pydantic reads the annotations at run time
from actions.fits import Subject  # noqa: TC001  # pydantic reads the annotations at run time
from actions.service_settings import ServiceActionsSettings
from actions.switch_settings import Pattern  # noqa: TC001  # pydantic reads the annotations at run time
from actions.template import PLACEHOLDER
from core.settings import Seconds, Section
from runbooks.settings import RunbooksSettings

BLOCK = "block."
"""What the id of a runbook's block begins with: `block.<runbook>.<step>`, `block.<runbook>.<step>.2`."""
ID = r"^[a-z][a-z0-9-]*(\.[a-z0-9][a-z0-9-]*)+$"


class ParameterSettings(Section):
    """One parameter of a team's action: what it may be is said by a pattern or by choices."""

    pattern: Pattern | None = Field(default=None, description="what the whole value must match (RE2)")
    choices: tuple[str, ...] = ()
    default: str | None = Field(default=None, description="without one it must be given")
    may_begin_with_dash: bool = Field(
        default=False, description="a value that begins with '-' is refused unless this allows it"
    )
    secret: bool = Field(default=False, description="masked everywhere; may stand in `environment` alone")

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if not self.secret and (self.pattern is None) == (not self.choices):
            raise ValueError("a parameter has either a pattern or choices")
        return self


class TeamActionSettings(Section):
    """An action of the team's own: an argv template, run without a shell."""

    id: str = Field(pattern=ID)
    title: str = Field(min_length=1, max_length=200)
    why: str = ""
    danger: Literal["observe", "mitigate", "destructive"]
    argv: tuple[str, ...] = Field(min_length=1, description="`{name}` stands for a parameter")
    parameters: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], ParameterSettings] = Field(
        default={}
    )
    target: str = Field(default="", description="what is changed, to be typed if it is destructive")
    resource: str = Field(default="", description="what only one run at a time may have")
    cwd: str = "/"
    environment: dict[str, str] = Field(default={})
    preflight: tuple[CheckSettings, ...] = ()
    verify: tuple[CheckSettings, ...] = ()
    undo: tuple[str, ...] | str = Field(default="", description="an argv, or in words")
    timeout_s: Seconds = 600.0
    lasts_s: float = Field(
        default=0.0, ge=0, le=86_400 * 31, description="how long its effect stays in force"
    )
    fits: tuple[Subject, ...] = Field(default=(), description="what panels are about where it is offered")
    fill: dict[str, str] = Field(
        default={}, description='parameters that take a name of what is looked at: `queue = "queue"`'
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        undo = self.undo if isinstance(self.undo, tuple) else ()
        secret = {name for name, parameter in self.parameters.items() if parameter.secret}
        shown = (*self.argv, *undo, self.resource, self.target, self.cwd)
        for text in (*shown, *self.environment.values()):
            for name in PLACEHOLDER.findall(text):
                if name not in self.parameters:
                    raise ValueError(f"{{{name}}} is no parameter of this action")
                if name in secret and text in shown:
                    raise ValueError(f"{{{name}}} is secret: it may stand in `environment` alone")
        if PLACEHOLDER.search(self.argv[0]):
            raise ValueError("the program itself is no parameter")
        if self.danger != "observe" and not self.resource:
            raise ValueError("what changes the world names its `resource`")
        if self.danger == "destructive" and not self.target:
            raise ValueError("a destructive action names its `target`")
        return self


class BlocksSettings(RunbooksSettings):
    """Where runbooks' `sh` blocks are run. What it does not say of runbooks is as in `[runbooks]`."""

    cwd: str = "/"
    environment: dict[str, str] = Field(default={}, description="beside PATH, HOME, USER, LANG and TZ; shown")
    secret_environment: dict[str, SecretStr] = Field(default={}, description="the same, never shown")


class ActionsSettings(ServiceActionsSettings):
    """What may be done from here, and what the service's own actions need to know."""

    allow: tuple[str, ...] = Field(
        default=("*",),
        description="ids of actions that may be run, with `*`: `queue.*`; others are not offered",
    )
    read_only: bool = Field(default=False, description="only actions that observe may be run")
    two_person: tuple[Literal["mitigate", "destructive"], ...] = Field(
        default=(), description="which dangers need a second person, who approves the plan"
    )
    second_person: tuple[str, ...] = Field(
        default=(CHAOS,),
        description="ids of actions that need a second person whatever their danger, with `*`",
    )
    alone: bool = Field(
        default=False, description="a second person may be the same identity: where only one login exists"
    )
    roles: dict[Literal["mitigate", "destructive"], tuple[str, ...]] = Field(
        default={"destructive": ("ic", "ops")},
        description="while an incident is open: the roles that may run it, by danger; in the incident that the run belongs to, "
        "else in any",
    )
    folder: Path | None = Field(
        default=None, description="where runs keep their output; else the data folder"
    )
    output_bytes: int = Field(default=100_000_000, ge=10_000, description="of a run's output so much is kept")
    add: tuple[TeamActionSettings, ...] = ()
    executor: Literal["local", "celery"] = Field(
        default="local",
        description="who does a run: this host, or one where `warroom worker` waits on Celery's broker",
    )
    run_blocks: bool = Field(
        default=False, description="whether `sh` blocks of the team's own runbooks may be run as they stand"
    )
    blocks: BlocksSettings = BlocksSettings()

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        ids = [spec.id for spec in self.add]
        if len(ids) != len(set(ids)):
            raise ValueError("two of the added actions have the same id")
        if any(spec.id.startswith(BLOCK) for spec in self.add):
            raise ValueError("ids that begin with `block.` are those of runbooks' blocks")
        return self

    def needs_second(self, action_id: str, danger: str) -> bool:
        """Whether somebody else has to approve its plan."""
        return danger in self.two_person or any(fnmatchcase(action_id, each) for each in self.second_person)

    def allows(self, action_id: str) -> bool:
        """Whether `allow` has it."""
        return any(fnmatchcase(action_id, pattern) for pattern in self.allow)


def is_block_of(action_id: str, runbook_id: str, step_id: str) -> bool:
    """Whether this is the action of a block of that step."""
    first = f"{BLOCK}{runbook_id}.{step_id}"
    return action_id == first or (action_id.startswith(f"{first}.") and action_id[len(first) + 1 :].isdigit())
