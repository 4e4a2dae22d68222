"""Each call to the model is billed for many times the tokens."""

from typing import Annotated

from pydantic import Field

from actions.parameters import Parameters
from drills.faults.sandboxed import sandbox_fault


class Spike(Parameters):
    """`factor` times the tokens of other days."""

    factor: Annotated[float, Field(gt=1, le=1000)] = 20.0


FAULT = sandbox_fault("cost-spike", "dear-model", Spike)
