"""The bot's key ends at the provider, and every call that it refuses is tried again."""

from typing import Annotated

from pydantic import Field

from actions.parameters import Parameters
from drills.faults.sandboxed import sandbox_fault


class Storm(Parameters):
    """So many calls a second to begin with; more come with each that fails."""

    per_s: Annotated[int, Field(ge=1, le=200)] = 40


FAULT = sandbox_fault("retry-storm", "key-revoked", Storm)
