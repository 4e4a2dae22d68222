"""The base of every section of the configuration. Each room owns its section; `tui.config.load` composes them."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Seconds = Annotated[float, Field(gt=0, le=86_400 * 31)]
"""A length of time that a person may configure: more than nothing, at most 31 days."""
AS_WRITTEN = {"as_written": True}
"""Pydantic's context of values that stand in a file or are shown as in one: without what the program itself sets."""


class Section(BaseModel):
    """A part of the configuration: unknown keys are errors, nothing changes after loading, and no number is without end."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, allow_inf_nan=False)
