"""The base of every section of the configuration. Each room owns its section; `tui.config.load` composes them."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

Seconds = Annotated[float, Field(gt=0, le=86_400 * 31)]
"""A length of time that a person may configure: more than nothing, at most 31 days."""
AS_WRITTEN = {"as_written": True}
"""Pydantic's context of values that stand in a file or are shown as in one: without what the program itself sets."""


def _http(url: str) -> str:
    try:
        parts = urlsplit(url)
        scheme, host, _ = parts.scheme, parts.hostname, parts.port
    except ValueError:
        raise PydanticCustomError("url_parsing", "it is no URL") from None
    if scheme not in ("http", "https"):
        schemes = {"expected_schemes": "http://, https://"}
        raise PydanticCustomError("url_scheme", "another scheme than {expected_schemes}", schemes)
    if not host or any(map(str.isspace, host)):
        raise PydanticCustomError("url_parsing", "it is no URL")
    return url


HttpAddress = Annotated[str, AfterValidator(_http)]
"""A URL that an HTTP client can ask: a mistake is named by its line, not in the client's words once it is asked."""
OptionalHttpAddress = Annotated[str, AfterValidator(lambda url: url and _http(url))]
"""The same, or empty."""


class Section(BaseModel):
    """A part of the configuration: unknown keys are errors, nothing changes after loading, and no number is without end."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, allow_inf_nan=False)
