"""What an audit says in the incident that it ran for: items by their keyed fingerprints, each a row to work off."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from incidents.events.fields import BodyModel, Line, NonBlankLine


class AuditItem(BodyModel):
    """One value that an audit found, by its keyed fingerprint; never the value.

    `place` is the worst of its `places`; `in_head` whether the value is in the tree of HEAD, None where nobody knows.
    """

    fingerprint: Annotated[str, Field(pattern=r"^[0-9a-f]{8,64}$")]
    rule: Line = ""
    where: Line = ""
    place: Line = ""
    places: int = Field(default=1, ge=1)
    in_head: bool | None = None


class AuditItemsFound(BodyModel):
    """What an audit of this incident found: each item is a row to work off behind the step that looked.

    A row is ticked as a step is, under the name `item_step`. There may be more than one event of one run.
    """

    kind: Literal["audit_items_found"] = "audit_items_found"
    run: NonBlankLine
    runbook: Line = ""
    step: Line = ""
    items: tuple[AuditItem, ...] = Field(min_length=1, max_length=200)


ITEM = "item-"
"""What the name of an item's row begins with."""


def item_step(fingerprint: str) -> str:
    """How the journal calls the row of an item, as if it were a step of a runbook."""
    return ITEM + fingerprint
