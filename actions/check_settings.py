"""A check of the configuration, in the runbooks' format: before an action, after it, or while it goes on."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, Self

from pydantic import (
    SerializationInfo,
    SerializerFunctionWrapHandler,
    ValidationInfo,
    field_validator,
    model_serializer,
    model_validator,
)
from pydantic.json_schema import SkipJsonSchema  # noqa: TC002  # pydantic reads the annotations at run time
from pydantic_core import PydanticCustomError

from core.settings import AS_WRITTEN, Section
from runbooks.model import Check  # noqa: TC001  # pydantic reads the annotations at run time
from runbooks.reading.check import read_check
from runbooks.reading.fields import MAX_CHARACTERS, Field, cleaned


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
    of_team_profile: SkipJsonSchema[bool] = False
    """Set by the program: a check of a team's profile asks whom `[runbooks]` hosts and secrets name, and nobody else."""

    @field_validator("of_team_profile", mode="before")
    @classmethod
    def _of_program(cls, value: object, info: ValidationInfo) -> object:
        if info.context == AS_WRITTEN:
            raise PydanticCustomError("extra_forbidden", "Extra inputs are not permitted")
        return value

    @model_serializer(mode="wrap")
    def _as_written(self, dump: SerializerFunctionWrapHandler, info: SerializationInfo) -> dict[str, object]:
        values: dict[str, object] = dump(self)
        if info.context == AS_WRITTEN:
            values.pop("of_team_profile", None)
        return values

    @model_validator(mode="after")
    def _readable(self) -> Self:
        self.check()
        return self

    def check(self) -> Check:
        """As the runbooks' reader understands it; raises `ValueError`."""
        values = self.model_dump(exclude_none=True, context=AS_WRITTEN)
        if len(str(values)) > MAX_CHARACTERS:
            raise ValueError("no check of the runbooks' format (too-large)")
        fields = {key: Field(cleaned(value), 1) for key, value in values.items()}
        check, problems = read_check(fields, "warroom.toml", 1)
        if check is None or problems:
            rules = ", ".join(problem.rule for problem in problems) or "check"
            raise ValueError(f"no check of the runbooks' format ({rules})")
        return replace(check, bundled=not self.of_team_profile)  # `warroom.toml` itself names whom it asks
