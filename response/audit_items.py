"""The values that an audit found, as rows of the checklist: behind the step that looked, to be worked off like any other."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from runbooks.model import Phase, Runbook, Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from incidents.events.incident import FoundItem, Incident
    from response.checklist import Missing

AUDIT = "secrets.audit"
"""The runbook that holds the items of an audit which no step of a runbook asked for: named as its action is."""


def with_found_items(
    runbooks: Iterable[Runbook | Missing], incident: Incident | None
) -> tuple[Runbook | Missing, ...]:
    """The runbooks, each with a row for every item that its steps found; what belongs nowhere follows at the end."""
    books = tuple(runbooks)
    if incident is None or not incident.found_items:
        return books
    left = dict(incident.found_items)
    filled = [book if not isinstance(book, Runbook) else _filled(book, left) for book in books]
    return (*filled, _own(tuple(left.values()))) if left else tuple(filled)


def _filled(runbook: Runbook, left: dict[str, FoundItem]) -> Runbook:
    """Takes what it shows out of `left`."""
    phases = []
    for phase in runbook.phases:
        steps: list[Step] = []
        for step in phase.steps:
            own = [
                found
                for found in left.values()
                if found.looked.runbook == runbook.id and found.looked.step in (step.id, step.number)
            ]
            steps += [step, *_rows(own, f"{step.number}.")]
            for found in own:
                del left[found.item.fingerprint]
        phases.append(replace(phase, steps=tuple(steps)))
    return replace(runbook, phases=tuple(phases))


def _own(items: Sequence[FoundItem]) -> Runbook:
    steps = _rows(items, "1.")
    phase = Phase(id="items", number="1", title=AUDIT, line=0, steps=tuple(steps))
    return Runbook(
        id=AUDIT,
        title=AUDIT,
        language="",
        file="",
        severity="",
        alerts=(),
        panels=(),
        intro=(),
        phases=(phase,),
    )


def _rows(items: Sequence[FoundItem], prefix: str) -> list[Step]:
    from incidents.events.audit_body import item_step  # pydantic: not before the first paint

    return [
        Step(
            id=item_step(each.item.fingerprint),
            number=f"{prefix}{number}",
            text=item_text(each),
            line=0,
            killer=True,
            level=1,
        )
        for number, each in enumerate(items, 1)
    ]


def item_text(found: FoundItem) -> str:
    """Rule, place, how many more, fingerprint: names that are the same in every language."""
    item = found.item
    more = f" (+{item.places - 1})" if item.places > 1 else ""
    head = " HEAD" if item.in_head else ""
    return f"{item.rule}  {item.place}{more}{head}  {item.fingerprint}"
