"""What the fields of events are made of. Text is cleaned when an event is made; times are UTC."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from core.text import clean, clean_block


def _utc(at: dt.datetime) -> dt.datetime:
    try:
        return at.replace(tzinfo=dt.UTC) if at.tzinfo is None else at.astimezone(dt.UTC)
    except OverflowError:
        raise PydanticCustomError("no_utc", "there is no such time in UTC") from None


def _non_blank(text: str) -> str:
    if not text.strip():
        raise PydanticCustomError("blank", "it must say something")
    return text


Line = Annotated[str, AfterValidator(clean)]
Block = Annotated[str, AfterValidator(clean_block)]
NonBlankLine = Annotated[str, AfterValidator(clean), AfterValidator(_non_blank)]
NonBlankBlock = Annotated[str, AfterValidator(clean_block), AfterValidator(_non_blank)]
Utc = Annotated[dt.datetime, AfterValidator(_utc)]
Number = Annotated[float, Field(allow_inf_nan=False)]


class BodyModel(BaseModel):
    """What every kind of event has in common."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
