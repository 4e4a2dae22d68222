"""Is the journal whole? Walks every chain and the ledger over them.

Names the first event of each chain that was altered, removed or reordered, every incident or run that is gone or has
another number, and the first entry of the ledger that is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import TYPE_CHECKING

from core.message import say
from core.text import clean
from incidents.events.event import GENESIS, digest_of, to_event
from incidents.journal.anchor import Anchor, Mark
from incidents.journal.kinds import INCIDENTS, KINDS, RUNS
from incidents.journal.ledger import next_head

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from core.message import Message
    from incidents.events.event import Record
    from incidents.journal.kinds import AnyKind
    from incidents.journal.ledger import Entry, Head
    from incidents.journal.snapshot import ChainRow
    from incidents.journal.store import Store


class Damage(StrEnum):
    """What happened; each is a text `verify.<name>`."""

    ALTERED = "altered"
    REMOVED = "removed"
    REORDERED = "reordered"
    ADDED = "added"
    INCIDENT_REMOVED = "incident_removed"
    INCIDENT_ADDED = "incident_added"
    LIST_DIFFERS = "list_differs"
    RENUMBERED = "renumbered"
    LEDGER_ALTERED = "ledger_altered"
    LEDGER_REMOVED = "ledger_removed"


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with one chain; `sequence` 0 when it is the chain as a whole.

    Of the ledger itself `chain` is empty and `sequence` the position of the entry.
    """

    damage: Damage
    chain: str
    number: int
    sequence: int = 0
    event: str = ""
    prefix: str = INCIDENTS.prefix

    @property
    def label(self) -> str:
        """How people call the chain; empty for the ledger."""
        if not self.number:
            return clean(self.chain, 40)
        return f"{self.prefix}-{self.number}"

    @property
    def message(self) -> Message:
        """To be said."""
        return say(f"verify.{self.damage}", incident=self.label, sequence=self.sequence)


@dataclass(frozen=True, slots=True)
class Verification:
    """How much was looked at, of when the newest event is (as it was written), what was found, and the head of every chain."""

    incidents: int
    runs: int
    events: int
    newest: str
    findings: tuple[Finding, ...]
    heads: Mapping[str, str]


def verify(store: Store, against: Anchor | Mark | None = None) -> Verification:
    """Check every event, every link, the head of every chain, the lists, and that the ledger knows the same.

    With an anchor, or a mark, that was kept elsewhere also that everything of it is there, under its number, with that event.
    """
    with store.snapshot() as snapshot:
        rows = snapshot.chain_rows()
        anchor = against.heads if isinstance(against, Anchor) else ()
        findings, known = check_ledger(snapshot.entries(), snapshot.ledger_end())
        if isinstance(against, Mark):
            finding, anchor = _heads_at(against, snapshot.entries())
            findings += [finding] if finding and not findings else []
        anchored = {(head.chain, head.sequence) for head in anchor}
        digests: dict[tuple[str, int], str] = {}
        heads: dict[str, str] = {}
        count, newest = 0, ""
        with_events = set()
        for chain, group in groupby(snapshot.records(), key=lambda record: record.chain):
            records = list(group)
            count += len(records)
            newest = max(newest, *(record.at for record in records))
            with_events.add(chain)
            digests |= {
                place: record.digest for record in records if (place := (chain, record.sequence)) in anchored
            }
            row = rows.get(chain)
            last = records[-1]
            heads[row.kind.label(row.number) if row else clean(chain, 40)] = last.digest
            finding = (
                check_chain(records, row)
                or _check_row(records, row)
                or _check_known(known.get(chain), last, row, ledger_is_there=bool(known))
            )
            if finding:
                findings.append(finding)
    findings += [
        _finding(Damage.REMOVED, chain, row, sequence=1)
        for chain, row in rows.items()
        if chain not in with_events
    ]
    for kind in KINDS:
        numbers = {row.number for row in rows.values() if row.kind is kind}
        numbers |= {head.number for head in known.values() if head.kind == kind.name}
        findings += [
            Finding(Damage.INCIDENT_REMOVED, "", number, prefix=kind.prefix)
            for number in range(1, max(numbers, default=0))
            if number not in numbers
        ]
    expected = [*known.values(), *anchor]
    findings += [finding for head in expected if (finding := _check_listed(head, rows))]
    findings += [finding for head in anchor if (finding := _check_head(head, rows, digests))]
    incidents = sum(row.kind is INCIDENTS for row in rows.values())
    return Verification(incidents, len(rows) - incidents, count, newest, _distinct(findings), heads)


def check_ledger(
    entries: Iterable[Entry], end: tuple[int, str] | None
) -> tuple[list[Finding], dict[str, Head]]:
    """The first break in the ledger, and what it says that each chain ends with."""
    known: dict[str, Head] = {}
    finding: Finding | None = None
    position, before = 0, GENESIS
    for entry in entries:
        known[entry.of.chain] = entry.of
        if finding is None:
            if entry.position != position + 1:
                finding = Finding(Damage.LEDGER_REMOVED, "", 0, position + 1)
            elif next_head(before, entry.of) != entry.head:
                finding = Finding(Damage.LEDGER_ALTERED, "", 0, entry.position)
        position, before = entry.position, entry.head
    if finding is None and (position, before) != end:
        cut = end is None or end[0] > position
        finding = Finding(Damage.LEDGER_REMOVED if cut else Damage.LEDGER_ALTERED, "", 0, position + cut)
    return ([finding] if finding else []), known


def _heads_at(mark: Mark, entries: Iterable[Entry]) -> tuple[Finding | None, tuple[Head, ...]]:
    """What each chain ended with when the mark was made; a ledger that has another entry there is a finding."""
    heads: dict[str, Head] = {}
    position, head = 0, GENESIS
    for entry in entries:
        if entry.position > mark.position:
            break
        heads[entry.of.chain] = entry.of
        position, head = entry.position, entry.head
    if position != mark.position:
        return Finding(Damage.LEDGER_REMOVED, "", 0, position + 1), ()
    if head != mark.head:
        return Finding(Damage.LEDGER_ALTERED, "", 0, position), ()
    return None, tuple(heads.values())


def _finding(damage: Damage, chain: str, row: ChainRow | None, sequence: int = 0, event: str = "") -> Finding:
    number, prefix = (row.number, row.kind.prefix) if row else (0, INCIDENTS.prefix)
    return Finding(damage, chain, number, sequence, event, prefix)


def _distinct(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """In order of kind and number, the same only once."""
    named = {(finding.damage, finding.label): finding for finding in reversed(list(findings))}
    return tuple(
        sorted(named.values(), key=lambda finding: (finding.prefix, finding.number, finding.sequence))
    )


def _check_known(
    known: Head | None, last: Record, row: ChainRow | None, *, ledger_is_there: bool
) -> Finding | None:
    """What the ledger says of a chain that ends with `last` and is whole in itself."""
    if known is None:
        return _finding(Damage.INCIDENT_ADDED, last.chain, row) if ledger_is_there else None
    if last.sequence < known.sequence:
        return _finding(Damage.REMOVED, last.chain, row, last.sequence + 1)
    if last.sequence > known.sequence:
        return _finding(Damage.ADDED, last.chain, row, known.sequence + 1)
    if last.digest != known.digest:
        return _finding(Damage.ALTERED, last.chain, row, last.sequence, last.id)
    return None


def _check_listed(head: Head, rows: Mapping[str, ChainRow]) -> Finding | None:
    """Whether a chain that the ledger, or an anchor, knows is there under its number."""
    row = rows.get(head.chain)
    prefix = RUNS.prefix if head.kind == RUNS.name else INCIDENTS.prefix
    if row is None:
        return Finding(Damage.INCIDENT_REMOVED, head.chain, head.number, prefix=prefix)
    if row.number != head.number:
        return Finding(Damage.RENUMBERED, head.chain, head.number, prefix=prefix)
    return None


def _check_head(
    head: Head, rows: Mapping[str, ChainRow], digests: Mapping[tuple[str, int], str]
) -> Finding | None:
    """Whether the anchored event is where it was."""
    row = rows.get(head.chain)
    digest = digests.get((head.chain, head.sequence))
    if row is None or digest == head.digest:
        return None
    damage = Damage.REMOVED if digest is None else Damage.ALTERED
    return _finding(damage, head.chain, row, head.sequence)


def check_chain(records: Sequence[Record], row: ChainRow | None = None) -> Finding | None:
    """The first break in one chain's records, which are in order of sequence."""
    digests = {record.digest for record in records}
    previous = GENESIS
    for place, record in enumerate(records, 1):
        if record.sequence != place:
            return _finding(Damage.REMOVED, record.chain, row, place)
        intact = digest_of(record) == record.digest
        if record.previous != previous:
            if record.previous in digests or (record.previous == GENESIS and place > 1):
                return _finding(Damage.REORDERED, record.chain, row, place, record.id)
            if intact and place > 1:  # it still follows the event that was there before
                return _finding(Damage.ALTERED, record.chain, row, place - 1, records[place - 2].id)
            return _finding(Damage.REMOVED, record.chain, row, place)
        if not intact:
            return _finding(Damage.ALTERED, record.chain, row, place, record.id)
        previous = record.digest
    return None


def _check_row(records: Sequence[Record], row: ChainRow | None) -> Finding | None:
    """What the list says of this chain's end, and of what it is."""
    last = records[-1]
    if row is None:
        return _finding(Damage.INCIDENT_REMOVED, last.chain, None, 0, last.id)
    if row.columns["sequence"] != last.sequence:
        return _finding(Damage.REMOVED, last.chain, row, last.sequence + 1)
    if row.columns["digest"] != last.digest:
        return _finding(Damage.ALTERED, last.chain, row, last.sequence, last.id)
    columns = _columns(row.kind, records)
    if any(row.columns[name] != value for name, value in columns.items()):
        return _finding(Damage.LIST_DIFFERS, last.chain, row, 0, last.id)
    return None


def _columns(kind: AnyKind, records: Sequence[Record]) -> dict[str, object]:
    events = [to_event(record) for record in records]
    return RUNS.columns(RUNS.fold(events)) if kind is RUNS else INCIDENTS.columns(INCIDENTS.fold(events))
