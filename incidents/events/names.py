"""What people call what the journal knows by its id: runbooks, their steps and phases. Who knows the runbooks fills it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from incidents.events.incident import StepKey


@dataclass(frozen=True, slots=True)
class Names:
    """Names in one language; what has none here is called by its id."""

    runbooks: Mapping[str, str] = field(default_factory=dict)
    steps: Mapping[StepKey, str] = field(default_factory=dict)
    phases: Mapping[StepKey, str] = field(default_factory=dict)

    def runbook(self, runbook_id: str) -> str:
        """Its title."""
        return self.runbooks.get(runbook_id, runbook_id)

    def step(self, key: StepKey) -> str:
        """Its number and its text, such as `1.3 Stop the producers`."""
        return self.steps.get(key, key.step)

    def phase(self, key: StepKey) -> str:
        """Its number and its title."""
        return self.phases.get(key, key.step)


IDS = Names()
"""Nothing has a name but its id."""
