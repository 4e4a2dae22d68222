"""The broker really stops, and comes back on its port with all that it held."""

from drills.faults.sandboxed import sandbox_fault

FAULT = sandbox_fault("redis-stopped", "valkey-stopped", default_s=60.0)
