"""A key in the history of a Git repository, and in a log."""

from typing import Literal

from actions.parameters import Parameters
from drills.faults.sandboxed import sandbox_fault


class Leak(Parameters):
    """Whose key, as `[actions.secrets]` of a sandbox knows it."""

    secret: Literal["riot", "discord", "llm"] = "riot"  # noqa: S105  # a name


FAULT = sandbox_fault("leaked-key", "key-leaked", Leak)
