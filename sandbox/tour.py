"""What the tour breaks in the sandbox, and what mends it: the model's provider is slow, and analyses pile up behind it."""

from __future__ import annotations

from pathlib import Path

PANEL = "queues"
"""The panel that shows it, at once: it counts what waits."""
FAULTS = (
    ("llm-provider-slow", {"seconds": "3"}),
    ("queue-flood", {"queue": "ai", "count": "145"}),
)
"""More waits than the panel's limit, and it stays so: as many come as go."""
FOR_S = 420.0
"""So long both last if nobody ends the tour."""
RUNBOOKS = Path(__file__).resolve().with_name("runbooks")
RUNBOOK, CHECK, BUTTON = "first-steps", "waiting", "faster-model"
"""What the tour follows: its button asks a faster model, which takes what waits down again in half a minute."""
