"""The manual's: workers do without the cache."""

from drills.faults.sandboxed import sandbox_fault

FAULT = sandbox_fault("chaos-redis-down", "cache-down", configured=True)
