"""The base of every section of the configuration. Each room owns its section; `tui.config.load` composes them."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Seconds = Annotated[float, Field(gt=0, le=86_400 * 31)]
"""A length of time that a person may configure: more than nothing, at most 31 days."""


class Section(BaseModel):
    """A part of the configuration: unknown keys are errors, nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
