"""A worker stands still (SIGSTOP): it holds what it has taken, and answers nobody."""

from typing import Literal

from actions.parameters import Parameters
from drills.faults.sandboxed import sandbox_fault


class Worker(Parameters):
    """Which one, by what it does."""

    worker: Literal["fetch", "analyze"] = "analyze"


FAULT = sandbox_fault("worker-hung", "worker-hung", Worker)
