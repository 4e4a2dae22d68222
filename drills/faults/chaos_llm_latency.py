"""The manual's: every call to the model takes so much longer."""

from typing import Annotated

from pydantic import Field

from actions.parameters import Parameters
from drills.faults.sandboxed import sandbox_fault


class Latency(Parameters):
    """`ms` is added to each call."""

    ms: Annotated[int, Field(ge=1, le=600_000)] = 3000


FAULT = sandbox_fault("chaos-llm-latency", "model-latency", Latency, configured=True)
