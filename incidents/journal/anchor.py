"""An anchor: one hash over the heads of all incidents, to be kept elsewhere.

The chains show what was changed inside an incident; that a whole incident is gone, or has another number, shows only
beside a copy. An anchor is the smallest one: per incident its number, its id and its last event's digest, chained to
one `head`. It stays true while work goes on: later events follow the anchored ones.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from core.message import say
from incidents.events.event import GENESIS, canonical
from incidents.journal.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from incidents.journal.store import Store


class Link(NamedTuple):
    """The head of one incident's chain."""

    number: int
    incident: str
    sequence: int
    digest: str


@dataclass(frozen=True, slots=True)
class Anchor:
    """The heads of all incidents in order of number, and the hash over them."""

    head: str
    links: tuple[Link, ...]

    @classmethod
    def over(cls, links: Iterable[Link]) -> Anchor:
        """Chain `links` in order of number."""
        ordered = tuple(sorted(links))
        head = GENESIS
        for link in ordered:
            head = hashlib.sha256(canonical([head, *link]).encode()).hexdigest()
        return cls(head, ordered)

    @property
    def text(self) -> str:
        """As it is kept: JSON, the head first."""
        incidents = [link._asdict() for link in self.links]
        return json.dumps({"head": self.head, "incidents": incidents}, indent=1) + "\n"


def anchor_of(store: Store) -> Anchor:
    """Of the journal as it is now, from its events."""
    numbers = {incident: number for incident, (number, _) in store.incident_rows().items()}
    heads: dict[str, Link] = {}
    for record in store.records():
        if number := numbers.get(record.incident):
            heads[record.incident] = Link(number, record.incident, record.sequence, record.digest)
    return Anchor.over(heads.values())


def read_anchor(text: str) -> Anchor:
    """The inverse of `Anchor.text`; raises `JournalError` for what is none, or was altered."""
    try:
        kept = json.loads(text)
        links = [
            Link(int(link["number"]), str(link["incident"]), int(link["sequence"]), str(link["digest"]))
            for link in kept["incidents"]
        ]
        anchor = Anchor.over(links)
        intact = anchor.head == kept["head"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise JournalError(say("journal.bad_anchor")) from error
    if not intact:
        raise JournalError(say("journal.bad_anchor"))
    return anchor
