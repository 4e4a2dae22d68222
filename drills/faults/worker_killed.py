"""A worker dies (SIGKILL), and its supervisor does not start it anew before the fault ends."""

from typing import Literal

from actions.parameters import Parameters
from drills.faults.sandboxed import sandbox_fault


class Worker(Parameters):
    """Which one, by what it does."""

    worker: Literal["fetch", "analyze"] = "analyze"


FAULT = sandbox_fault("worker-killed", "worker-killed", Worker)
