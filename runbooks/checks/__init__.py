"""Checks of a runbook, measured: what was seen, and whether that is what was expected."""
