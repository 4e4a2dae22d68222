"""A check of the configuration, in the runbooks' format: before an action, after it, or while it goes on."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, Self

from pydantic import Field, model_validator

from core.settings import Section
from runbooks.model import Check  # noqa: TC001  # pydantic reads the annotations at run time
from runbooks.reading.blocks import read_check


class CheckSettings(Section):
    """A check in the runbooks' format (`runbooks/FORMAT.md`)."""

    promql: str | None = None
    probe: Literal["http", "queue", "workers", "schema"] | None = None
    expect: str | None = None
    unit: str | None = None
    within: str | None = None
    window: str | None = None
    url: str | None = None
    method: str | None = None
    headers: tuple[str, ...] | None = None
    queue: str | None = None
    table: str | None = None
    indexes: tuple[str, ...] | None = None
    revision: str | None = None
    of_team_profile: bool = Field(
        default=False,
        description="set by the program: a check of a team's profile asks whom `[runbooks]` hosts and secrets name, and nobody else",
    )

    @model_validator(mode="after")
    def _readable(self) -> Self:
        self.check()
        return self

    def check(self) -> Check:
        """As the runbooks' reader understands it; raises `ValueError`."""
        import yaml

        values = self.model_dump(exclude_none=True, exclude={"of_team_profile"}, mode="json")
        check, problems = read_check(yaml.safe_dump(values), "warroom.toml", 1)
        if check is None or problems:
            rules = ", ".join(problem.rule for problem in problems) or "check"
            raise ValueError(f"no check of the runbooks' format ({rules})")
        return replace(check, bundled=not self.of_team_profile)  # `warroom.toml` itself names whom it asks
