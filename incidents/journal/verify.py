"""Is the journal whole? Walks every chain and names the first event of each that was altered, removed or reordered."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import TYPE_CHECKING

from core.message import say
from core.text import clean
from incidents.events.event import GENESIS, digest_of, to_event
from incidents.events.fold import fold
from incidents.journal.store import summary_columns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.message import Message
    from incidents.events.event import Record
    from incidents.journal.anchor import Anchor, Link
    from incidents.journal.store import Store


class Damage(StrEnum):
    """What happened to a chain; each is a text `verify.<name>`."""

    ALTERED = "altered"
    REMOVED = "removed"
    REORDERED = "reordered"
    INCIDENT_REMOVED = "incident_removed"
    LIST_DIFFERS = "list_differs"
    RENUMBERED = "renumbered"


@dataclass(frozen=True, slots=True)
class Finding:
    """The first thing that is wrong with one incident; `sequence` 0 when it is the incident as a whole."""

    damage: Damage
    incident: str
    number: int
    sequence: int = 0
    event: str = ""

    @property
    def message(self) -> Message:
        """To be said."""
        name = f"INC-{self.number}" if self.number else clean(self.incident, 40)
        return say(f"verify.{self.damage}", incident=name, sequence=self.sequence)


@dataclass(frozen=True, slots=True)
class Verification:
    """How much was looked at, what was found, and the head of every chain (to compare with a copy)."""

    incidents: int
    events: int
    findings: tuple[Finding, ...]
    heads: Mapping[str, str]


def verify(store: Store, anchor: Anchor | None = None) -> Verification:
    """Check every event, every link, the head of every chain, the numbers and the list of incidents.

    With an `anchor` that was kept elsewhere also that every incident of it is there, under its number, with that event.
    """
    rows = store.incident_rows()
    anchored = {(link.incident, link.sequence) for link in anchor.links} if anchor else set()
    digests: dict[tuple[str, int], str] = {}
    findings: list[Finding] = []
    heads: dict[str, str] = {}
    count = 0
    with_events = set()
    for incident, group in groupby(store.records(), key=lambda record: record.incident):
        records = list(group)
        count += len(records)
        with_events.add(incident)
        digests |= {
            place: record.digest for record in records if (place := (incident, record.sequence)) in anchored
        }
        number, row = rows.get(incident, (0, {}))
        heads[f"INC-{number}"] = records[-1].digest
        finding = check_chain(records, number) or _check_head(records, number, row)
        if finding:
            findings.append(finding)
    findings += [
        Finding(Damage.REMOVED, incident, number, sequence=1)
        for incident, (number, _) in rows.items()
        if incident not in with_events
    ]
    numbers = {number for number, _ in rows.values()}
    findings += [
        Finding(Damage.INCIDENT_REMOVED, "", number)
        for number in range(1, max(numbers, default=0))
        if number not in numbers
    ]
    if anchor:
        named = {(finding.damage, finding.number) for finding in findings}
        numbered = {number: incident for incident, (number, _) in rows.items()}
        missing = (_check_link(link, numbered.get(link.number), digests) for link in anchor.links)
        findings += [
            finding for finding in missing if finding and (finding.damage, finding.number) not in named
        ]
    findings.sort(key=lambda finding: finding.number)
    return Verification(len(rows), count, tuple(findings), heads)


def _check_link(link: Link, incident: str | None, digests: Mapping[tuple[str, int], str]) -> Finding | None:
    """What became of an anchored incident, whose number is that of `incident` now."""
    if incident is None:
        return Finding(Damage.INCIDENT_REMOVED, link.incident, link.number)
    if incident != link.incident:
        return Finding(Damage.RENUMBERED, link.incident, link.number)
    digest = digests.get((link.incident, link.sequence))
    if digest == link.digest:
        return None
    damage = Damage.REMOVED if digest is None else Damage.ALTERED
    return Finding(damage, link.incident, link.number, link.sequence)


def check_chain(records: Sequence[Record], number: int = 0) -> Finding | None:
    """The first break in one incident's records, which are in order of sequence."""
    digests = {record.digest for record in records}
    previous = GENESIS
    for place, record in enumerate(records, 1):
        if record.sequence != place:
            return Finding(Damage.REMOVED, record.incident, number, place)
        intact = digest_of(record) == record.digest
        if record.previous != previous:
            if record.previous in digests or (record.previous == GENESIS and place > 1):
                return Finding(Damage.REORDERED, record.incident, number, place, record.id)
            if intact and place > 1:  # it still follows the event that was there before
                return Finding(Damage.ALTERED, record.incident, number, place - 1, records[place - 2].id)
            return Finding(Damage.REMOVED, record.incident, number, place)
        if not intact:
            return Finding(Damage.ALTERED, record.incident, number, place, record.id)
        previous = record.digest
    return None


def _check_head(records: Sequence[Record], number: int, row: Mapping[str, object]) -> Finding | None:
    """What the list of incidents says of this chain's end, and of the incident."""
    last = records[-1]
    if not row:
        return Finding(Damage.INCIDENT_REMOVED, last.incident, 0, 0, last.id)
    if row["sequence"] != last.sequence:
        return Finding(Damage.REMOVED, last.incident, number, last.sequence + 1)
    if row["digest"] != last.digest:
        return Finding(Damage.ALTERED, last.incident, number, last.sequence, last.id)
    columns = summary_columns(fold([to_event(record) for record in records]))
    if any(row[name] != value for name, value in columns.items()):
        return Finding(Damage.LIST_DIFFERS, last.incident, number, 0, last.id)
    return None
