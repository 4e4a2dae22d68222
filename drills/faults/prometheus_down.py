"""Prometheus ends: nobody collects, judges rules or answers; it comes back with what it had stored."""

from drills.faults.sandboxed import sandbox_fault

FAULT = sandbox_fault("prometheus-down", "prometheus-stopped")
