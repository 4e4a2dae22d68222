"""The provider of the model takes longer for each answer: what asks a faster model waits a fourth of it."""

from typing import Annotated

from pydantic import Field

from actions.parameters import Parameters
from drills.faults.sandboxed import sandbox_fault


class Slow(Parameters):
    """`seconds` more for the usual model."""

    seconds: Annotated[float, Field(gt=0, le=60)] = 6.0


FAULT = sandbox_fault("llm-provider-slow", "provider-slow", Slow)
