"""A release goes live although the second of its two revisions has stopped."""

from drills.faults.sandboxed import sandbox_fault

FAULT = sandbox_fault("migration-half-way", "migration-half-way")
