"""Far more requests in a queue than its workers can take."""

from typing import Annotated

from pydantic import Field

from actions.parameters import Name, Parameters
from drills.faults.sandboxed import sandbox_fault


class Flood(Parameters):
    """How many, and where: without a name where requests come in."""

    count: Annotated[int, Field(ge=1, le=20_000)] = 1500
    queue: Name | None = None


FAULT = sandbox_fault("queue-flood", "queue-flooded", Flood)
