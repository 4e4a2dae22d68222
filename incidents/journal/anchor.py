"""An anchor: the heads of all chains and one hash over them, to be kept elsewhere.

The ledger shows what was changed in the journal by hand; that somebody rewrote everything, the ledger included, or put
yesterday's backup in its place, shows only beside something that was kept elsewhere. An anchor is the smallest one. It
stays true while work goes on: later events follow the anchored ones. A mark is one line that stands for it, the last entry
of the ledger, for where there is room for no more.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from core.message import say
from incidents.events.event import GENESIS, canonical
from incidents.journal.errors import JournalError
from incidents.journal.ledger import Head, next_head

if TYPE_CHECKING:
    from collections.abc import Iterable

    from incidents.journal.store import Store


@dataclass(frozen=True, slots=True)
class Anchor:
    """The heads of all chains in order of kind and number, and the hash over them."""

    head: str
    heads: tuple[Head, ...]

    @classmethod
    def over(cls, heads: Iterable[Head]) -> Anchor:
        """Chain `heads` in order."""
        ordered = tuple(sorted(heads))
        head = GENESIS
        for link in ordered:
            head = next_head(head, link)
        return cls(head, ordered)

    @property
    def text(self) -> str:
        """As it is kept: JSON, the head first."""
        return (
            json.dumps({"head": self.head, "chains": [head._asdict() for head in self.heads]}, indent=1)
            + "\n"
        )


def anchor_of(store: Store) -> Anchor:
    """Of the journal as it is now, from its events."""
    with store.snapshot() as snapshot:
        rows = snapshot.chain_rows()
        heads: dict[str, Head] = {}
        for record in snapshot.records():
            if row := rows.get(record.chain):
                heads[record.chain] = Head(
                    row.kind.name, row.number, record.chain, record.sequence, record.digest
                )
    return Anchor.over(heads.values())


class Mark(NamedTuple):
    """The position and the hash of the ledger's last entry: with the ledger itself as good as an anchor."""

    position: int
    head: str

    def __str__(self) -> str:
        return f"{self.position}:{self.head}"


def mark_of(store: Store) -> Mark:
    """Of the journal as it is now, from its ledger."""
    with store.snapshot() as snapshot:
        position, head = 0, GENESIS
        for entry in snapshot.entries():
            position, head = entry.position, entry.head
    return Mark(position, head)


def read_mark(text: str) -> Mark | None:
    """The inverse of `str(mark)`; None for what looks otherwise."""
    match = re.fullmatch(r"(\d{1,18}):([0-9a-f]{64})", text.strip())
    return Mark(int(match[1]), match[2]) if match else None


def read_anchor(text: str) -> Anchor:
    """The inverse of `Anchor.text`; raises `JournalError` for what is none, or was altered."""
    try:
        kept = json.loads(text)
        if "incidents" in kept:
            return _first_kind(kept)
        heads = [
            Head(
                kind=str(head["kind"]),
                number=int(head["number"]),
                chain=str(head["chain"]),
                sequence=int(head["sequence"]),
                digest=str(head["digest"]),
            )
            for head in kept["chains"]
        ]
        anchor = Anchor.over(heads)
        intact = anchor.head == kept["head"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise JournalError(say("journal.bad_anchor")) from error
    if not intact:
        raise JournalError(say("journal.bad_anchor"))
    return anchor


def _first_kind(kept: dict[str, Any]) -> Anchor:
    """As it was kept before there were runs; raises `ValueError`, `KeyError` or `TypeError` for what is none."""
    head, heads = GENESIS, []
    for link in kept["incidents"]:
        number, chain = int(link["number"]), str(link["incident"])
        of = Head("incident", number, chain, int(link["sequence"]), str(link["digest"]))
        head = hashlib.sha256(canonical([head, *of[1:]]).encode()).hexdigest()
        heads.append(of)
    if head != kept["head"]:
        raise ValueError("altered")
    return Anchor.over(heads)
