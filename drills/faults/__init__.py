"""Faults, one file each, found by being there (`registry`); what is injected now, and the watchdog that lifts it."""
