"""Alertmanager ends: alerts reach nobody, silences can not be made."""

from drills.faults.sandboxed import sandbox_fault

FAULT = sandbox_fault("alertmanager-down", "alertmanager-stopped")
