"""The clock of the workers is wrong: what they stamp and measure by it misleads."""

from typing import Annotated

from pydantic import Field

from actions.parameters import Parameters
from drills.faults.sandboxed import sandbox_fault


class Skew(Parameters):
    """By so many seconds; beyond a quarter of an hour the broker would take their tasks for lost."""

    seconds: Annotated[float, Field(ge=-900, le=900)] = 120.0


FAULT = sandbox_fault("clock-skew", "clock-skewed", Skew)
