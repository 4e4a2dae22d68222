"""The journal as lines of JSON: a copy elsewhere, and the way back in. One event a line, chain by chain."""

from __future__ import annotations

import json
from itertools import groupby
from typing import TYPE_CHECKING

from core.message import say
from incidents.events.event import from_json, to_json
from incidents.journal.errors import JournalError
from incidents.journal.verify import check_chain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from uuid import UUID

    from incidents.events.event import Record
    from incidents.journal.store import Store


def export_lines(
    store: Store, chain: UUID | None = None, unreadable: list[Record] | None = None
) -> Iterator[str]:
    """Every event of one incident or run, or of all; those whose body can't be read go out as they are, into `unreadable`, too."""
    for record in store.records(chain):
        line = to_json(record)
        if line["body"] is None and unreadable is not None:
            unreadable.append(record)
        yield json.dumps(line, ensure_ascii=False)


def import_lines(store: Store, lines: Iterable[str]) -> tuple[int, int]:
    """Take in what is not there yet; returns how many events were read and how many were new.

    Every incident and run must be whole: raises a `JournalError` for a line that is no event, for a broken chain, and
    for one that differs from what the journal has. Those before it are then taken in, that one is not at all.
    """
    read = new = 0
    for _, group in groupby(_parse(lines), key=lambda record: record.chain):
        records = list(group)
        if finding := check_chain(records):
            raise JournalError(finding.message)
        read += len(records)
        new += store.import_records(records)
    return read, new


def _parse(lines: Iterable[str]) -> Iterator[Record]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield from_json(json.loads(line))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise JournalError(say("journal.bad_line", line=number)) from error
