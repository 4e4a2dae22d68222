"""What runbooks call their steps and phases, for whoever describes events: a journal knows only ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

from incidents.events.incident import StepKey
from incidents.report.describe import Names

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runbooks.model import Runbook


def runbook_names(runbooks: Iterable[Runbook]) -> Names:
    """Their names in their language. A step or phase is found by its number, too: scripts may have written that."""
    titles: dict[str, str] = {}
    steps: dict[StepKey, str] = {}
    phases: dict[StepKey, str] = {}
    for runbook in runbooks:
        titles[runbook.id] = runbook.title
        for step in runbook.steps():
            _add(steps, runbook.id, step.id, step.number, step.text)
        for phase in runbook.phases:
            _add(phases, runbook.id, phase.id, phase.number, phase.title)
    return Names(titles, steps, phases)


def _add(names: dict[StepKey, str], runbook: str, own_id: str, number: str, text: str) -> None:
    name = f"{number} {text}"
    names[StepKey(runbook, own_id)] = name
    names.setdefault(StepKey(runbook, number), name)
