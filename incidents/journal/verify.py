"""Is the journal whole? Walks every chain and names the first event of each that was altered, removed or reordered."""

from __future__ import annotations

from dataclasses import dataclass
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
    from incidents.journal.store import Store


@dataclass(frozen=True, slots=True)
class Finding:
    """The first thing that is wrong with one incident; `sequence` 0 when it is the incident as a whole."""

    incident: str
    number: int
    sequence: int
    event: str
    what: Message


@dataclass(frozen=True, slots=True)
class Verification:
    """How much was looked at, what was found, and the end of every chain (to compare with a copy)."""

    incidents: int
    events: int
    findings: tuple[Finding, ...]
    ends: Mapping[str, str]


def verify(store: Store) -> Verification:
    """Check every event, every link, the end of every chain, the numbers and the list of incidents."""
    rows = store.incident_rows()
    findings: list[Finding] = []
    ends: dict[str, str] = {}
    count = 0
    seen = set()
    for incident, group in groupby(store.records(), key=lambda record: record.incident):
        records = list(group)
        count += len(records)
        seen.add(incident)
        number, row = rows.get(incident, (0, {}))
        ends[f"INC-{number}"] = records[-1].digest
        finding = check_chain(records, number) or _check_end(records, number, row)
        if finding:
            findings.append(finding)
    findings += [
        Finding(incident, number, 1, "", say("verify.removed", incident=f"INC-{number}", sequence=1))
        for incident, (number, _) in rows.items()
        if incident not in seen
    ]
    numbers = {number for number, _ in rows.values()}
    findings += [
        Finding("", number, 0, "", say("verify.incident_removed", incident=f"INC-{number}"))
        for number in range(1, max(numbers, default=0))
        if number not in numbers
    ]
    findings.sort(key=lambda finding: finding.number)
    return Verification(len(rows), count, tuple(findings), ends)


def check_chain(records: Sequence[Record], number: int = 0) -> Finding | None:
    """The first break in one incident's records, which are in order of sequence."""
    digests = {record.digest for record in records}
    previous = GENESIS
    for place, record in enumerate(records, 1):
        if record.sequence != place:
            return _finding(record, number, place, "removed")
        sound = digest_of(record) == record.digest
        if record.previous != previous:
            if record.previous in digests or (record.previous == GENESIS and place > 1):
                return _finding(record, number, place, "reordered")
            if sound and place > 1:  # it still follows the event that was there before
                return _finding(records[place - 2], number, place - 1, "altered")
            return _finding(record, number, place, "removed")
        if not sound:
            return _finding(record, number, place, "altered")
        previous = record.digest
    return None


def _check_end(records: Sequence[Record], number: int, row: Mapping[str, object]) -> Finding | None:
    last = records[-1]
    if not row:
        return _finding(last, 0, 0, "incident_removed")
    if row["sequence"] != last.sequence:
        return _finding(last, number, last.sequence + 1, "removed")
    if row["digest"] != last.digest:
        return _finding(last, number, last.sequence, "altered")
    columns = summary_columns(fold([to_event(record) for record in records]))
    if any(row[name] != value for name, value in columns.items()):
        return _finding(last, number, 0, "list_differs")
    return None


def _finding(record: Record, number: int, sequence: int, what: str) -> Finding:
    name = f"INC-{number}" if number else clean(record.incident, 40)
    message = {
        "altered": say("verify.altered", incident=name, sequence=sequence),
        "removed": say("verify.removed", incident=name, sequence=sequence),
        "reordered": say("verify.reordered", incident=name, sequence=sequence),
        "incident_removed": say("verify.incident_removed", incident=name),
        "list_differs": say("verify.list_differs", incident=name),
    }[what]
    return Finding(record.incident, number, sequence, record.id if what != "removed" else "", message)
