"""A session idle in its transaction holds a table alone: whoever needs it waits."""

from actions.parameters import Name, Parameters
from drills.faults.sandboxed import sandbox_fault


class Lock(Parameters):
    """Which table: without a name that of the users."""

    table: Name | None = None


FAULT = sandbox_fault("postgres-lock", "table-locked", Lock)
