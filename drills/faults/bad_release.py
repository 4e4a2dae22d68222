"""A new release is live, and a share of the requests fails in it."""

from typing import Annotated

from pydantic import Field

from actions.parameters import Parameters
from drills.faults.sandboxed import sandbox_fault


class Release(Parameters):
    """The share of requests that fail."""

    rate: Annotated[float, Field(gt=0, le=1)] = 0.05


FAULT = sandbox_fault("bad-release", "bad-release", Release)
