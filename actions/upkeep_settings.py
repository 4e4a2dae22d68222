"""`[actions.data_lock]`, `[actions.visuals]` and `[actions.experiment]`: what a service's upkeep looks after, as data."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # pydantic reads the annotations at run time
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from actions.switch_settings import RestartSettings
from core.settings import Section
from signals.settings import HttpSettings  # noqa: TC001  # pydantic reads the annotations at run time

FieldType = Literal["string", "integer", "number", "boolean"]


class VersionPlace(Section):
    """Where the version stands that the service expects: a variable of an environment file, or a line of any file."""

    path: Path = Field(description="seen from `[actions] checkout`")
    variable: str = Field(default="", description="of an environment file")
    pattern: str = Field(
        default="", description="an expression with one group: the version in any other file"
    )

    @model_validator(mode="after")
    def _single(self) -> Self:
        import re

        if bool(self.variable) == bool(self.pattern):
            raise ValueError("either a variable or a pattern")
        try:
            groups = re.compile(self.pattern).groups if self.pattern else 1
        except re.error as error:
            raise ValueError(f"no regular expression: {error}") from None
        if groups != 1:
            raise ValueError("the pattern has exactly one group")
        return self


class DataLockSettings(Section):
    """A file of data that must be of the version that the service expects: both are changed together."""

    version: VersionPlace
    data: Path = Field(description="the file of data, JSON; seen from `[actions] checkout`")
    source: HttpSettings = Field(description="its `url` holds `{version}`")
    max_bytes: int = Field(default=32_000_000, gt=0)
    allowed: str = Field(default=r"\d{1,4}(\.\d{1,4}){1,3}", description="what a version may look like")
    source_items: str = Field(description="where the items stand in what the source gives; dots lead inwards")
    version_key: str = Field(default="version", description="in the file")
    items_key: str = Field(description="in the file")
    fields: dict[str, FieldType] = Field(min_length=1, description="what is kept of an item, and its type")
    id_field: str = Field(default="id", description="unique in all items")
    minimum: int = Field(default=1, ge=1, description="a shorter list is no truth")
    max_changed: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.5, description="a larger share of items removed or renamed is no patch"
    )
    regression: tuple[str, ...] = Field(default=(), description="an argv, run in `[actions] checkout`")
    restart: RestartSettings = RestartSettings()

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if "{version}" not in self.source.url:
            raise ValueError("the source's url holds no {version}")
        if self.id_field not in self.fields:
            raise ValueError("the id is no field")
        return self


class VisualsSettings(Section):
    """Pictures that the service draws, keeps in a folder and links to."""

    environment_file: Path | None = Field(default=None, description="seen from `[actions] checkout`")
    base_variable: str = ""
    base_url: str = Field(default="", description="where the variable is not set")
    fallback_variable: str = ""
    fallback_url: str = ""
    fallback_path: str = Field(default="", description="below the fallback's address")
    storage_variable: str = ""
    storage: Path | None = Field(default=None, description="where the variable is not set")
    writable: tuple[str, ...] = Field(
        default=(), description="an argv that ends with 0 where the service itself may write there"
    )
    pattern: str = Field(default="*.png", description="which files are pictures")
    content_types: tuple[str, ...] = ("image/png",)
    magic: str = Field(default="", description="how their content begins, in hexadecimal")
    min_free_bytes: int = Field(default=100_000_000, ge=0)
    timeout_s: Annotated[float, Field(gt=0, le=120)] = 10.0


class ExperimentSettings(Section):
    """Where an A/B experiment's rows are. Both queries only read; `%(days)s` is how far back is looked."""

    assignment_sql: str = Field(description="gives group and count of its users, a row for each group")
    outcome_sql: str = Field(description="gives group, count, mean and sample variance of its outcomes")
    control: str = "A"
    treatment: str = "B"
    expected_control: Annotated[float, Field(gt=0, lt=1)] = 0.5
    alpha: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    minimum: int = Field(default=100, ge=2, description="of each group; fewer are too few to say anything")
    days: int = Field(default=14, ge=1, le=366)
