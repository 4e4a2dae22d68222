"""The manual's: so many calls to the model fail."""

from typing import Annotated

from pydantic import Field

from actions.parameters import Parameters
from drills.faults.sandboxed import sandbox_fault


class Errors(Parameters):
    """`rate` is their share of all calls."""

    rate: Annotated[float, Field(gt=0, le=1)] = 0.2


FAULT = sandbox_fault("chaos-llm-errors", "model-errors", Errors, configured=True)
