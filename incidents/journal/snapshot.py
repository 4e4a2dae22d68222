"""The whole journal as it is at one moment: the lists, the ledger and every event, for verification and copies."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select

from incidents.events.event import Record, record_from_row
from incidents.journal import ledger
from incidents.journal.kinds import INCIDENTS, KINDS, RUNS
from incidents.journal.tables import EVENT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from uuid import UUID

    from sqlalchemy import Connection

    from incidents.journal.kinds import AnyKind
    from incidents.journal.ledger import Entry

FIELDS = tuple(EVENT.c[name] for name in Record.__dataclass_fields__)


class ChainRow(NamedTuple):
    """What a list says of a chain: its kind and number (0 where that is none), and what follows from its events."""

    kind: AnyKind
    number: int
    columns: dict[str, object]


class Snapshot:
    """Reads on one connection, in one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def chain_rows(self) -> dict[str, ChainRow]:
        """What the lists say of every chain, as it is stored, by its id."""
        listed: dict[str, ChainRow] = {}
        for kind in KINDS:
            for row in self._connection.execute(select(kind.table)):
                columns = dict(row._mapping)  # noqa: SLF001  # public in SQLAlchemy
                chain, number = str(columns.pop("id")), columns.pop("number")
                listed[chain] = ChainRow(kind, number if isinstance(number, int) else 0, columns)
        return listed

    def entries(self) -> Iterator[Entry]:
        """The ledger, in order."""
        return ledger.entries(self._connection)

    def ledger_end(self) -> tuple[int, str] | None:
        """Position and hash of the ledger's last entry, as they are kept beside it."""
        return ledger.end(self._connection)

    def records(self, chain: UUID | None = None, kinds: Sequence[str] = ()) -> Iterator[Record]:
        """Stored events as they are, chain by chain: incidents in order of number, then runs, each in order of sequence."""
        incidents, runs = INCIDENTS.table, RUNS.table
        order = (
            incidents.c.number.is_(None),
            incidents.c.number,
            runs.c.number,
            EVENT.c.chain,
            EVENT.c.sequence,
        )
        query = (
            select(*FIELDS)
            .join(incidents, incidents.c.id == EVENT.c.chain, isouter=True)
            .join(runs, runs.c.id == EVENT.c.chain, isouter=True)
            .order_by(*order)
        )
        if chain is not None:
            query = query.where(EVENT.c.chain == str(chain))
        if kinds:
            query = query.where(EVENT.c.kind.in_(kinds))
        for row in self._connection.execute(query.execution_options(yield_per=1000)):
            yield record_from_row(row)
