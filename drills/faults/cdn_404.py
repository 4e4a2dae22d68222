"""The address of the built pictures answers 404."""

from drills.faults.sandboxed import sandbox_fault

FAULT = sandbox_fault("cdn-404", "pictures-gone")
