"""Runs beside incidents, leases and heartbeats, and the ledger over the heads of all chains.

An event's `incident` becomes its `chain`: a run's events stand in the same table. The ledger begins with the heads that are
there now.
"""

import hashlib
import json

from alembic import op
from sqlalchemy import BigInteger, Column, Float, Integer, String, Text, UniqueConstraint, text

revision = "0002"
down_revision = "0001"

_POSITION = BigInteger().with_variant(Integer, "sqlite")
_SQLITE = """CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table}
 BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END"""


def upgrade() -> None:
    """Take along what is there, also what is damaged: `verify` names it afterwards as before."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    if is_sqlite:
        _rebuild_events()
    else:
        op.execute("ALTER TABLE event DROP CONSTRAINT IF EXISTS event_incident_fkey")
        op.alter_column("event", "incident", new_column_name="chain")
    op.create_table(
        "run",
        Column("id", String(36), primary_key=True),
        Column("number", Integer, nullable=False, unique=True),
        Column("sequence", Integer, nullable=False),
        Column("digest", String(64), nullable=False),
        Column("action", Text, nullable=False),
        Column("danger", String(16), nullable=False),
        Column("resource", Text, nullable=False),
        Column("incident", String(36)),
        Column("state", String(16), nullable=False),
        Column("planned_by", Text, nullable=False),
        Column("planned_at", String(32), nullable=False),
        Column("started_at", String(32)),
        Column("ended_at", String(32)),
        Column("host", Text, nullable=False),
    )
    op.create_table(
        "ledger",
        Column("position", _POSITION, primary_key=True, autoincrement=False),
        Column("kind", String(8), nullable=False),
        Column("number", Integer, nullable=False),
        Column("chain", String(36), nullable=False),
        Column("sequence", Integer, nullable=False),
        Column("digest", String(64), nullable=False),
        Column("head", String(64), nullable=False),
    )
    op.create_table(
        "ledger_end",
        Column("id", Integer, primary_key=True),
        Column("position", _POSITION, nullable=False),
        Column("head", String(64), nullable=False),
    )
    op.create_table(
        "lease",
        Column("resource", String(200), primary_key=True),
        Column("token", Integer, nullable=False),
        Column("run", String(36)),
    )
    op.create_table(
        "heartbeat",
        Column("run", String(36), primary_key=True),
        Column("beats", Integer, nullable=False),
        Column("at", Float(53), nullable=False),
    )
    _begin_ledger()
    if is_sqlite:
        for verb in ("UPDATE", "DELETE"):
            op.execute(_SQLITE.format(table="event", verb=verb))
            op.execute(_SQLITE.format(table="ledger", verb=verb))
    else:
        op.execute(
            "CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger"
            " FOR EACH STATEMENT EXECUTE FUNCTION warroom_event_append_only()"
        )


def _rebuild_events() -> None:
    """SQLite can't drop a foreign key."""
    op.rename_table("event", "event_0001")
    event = op.create_table(
        "event",
        Column("id", String(36), primary_key=True),
        Column("chain", String(36), nullable=False),
        Column("sequence", Integer, nullable=False),
        Column("at", String(32), nullable=False),
        Column("actor", Text, nullable=False),
        Column("kind", String(40), nullable=False),
        Column("body", Text, nullable=False),
        Column("previous", String(64), nullable=False),
        Column("digest", String(64), nullable=False),
        Column("origin", String(64), nullable=False),
        UniqueConstraint("chain", "sequence", name="event_in_order"),
    )
    new = ", ".join(column.name for column in event.columns)
    old = new.replace("chain", "incident")
    op.execute(f"INSERT INTO event ({new}) SELECT {old} FROM event_0001")  # noqa: S608  # our own columns
    for verb in ("UPDATE", "DELETE"):
        op.execute(f"DROP TRIGGER IF EXISTS event_no_{verb}")
    op.drop_table("event_0001")


def _begin_ledger() -> None:
    connection = op.get_bind()
    head, position = "0" * 64, 0
    incidents = connection.execute(text("SELECT number, id, sequence, digest FROM incident ORDER BY number"))
    for incident in incidents.all():
        if not isinstance(incident.number, int) or not isinstance(incident.sequence, int):
            continue  # a row that can't be read costs that row
        of = ["incident", incident.number, str(incident.id), incident.sequence, str(incident.digest)]
        line = json.dumps([head, *of], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        head, position = hashlib.sha256(line.encode()).hexdigest(), position + 1
        connection.execute(
            text("INSERT INTO ledger VALUES (:position, :kind, :number, :chain, :sequence, :digest, :head)"),
            dict(zip(("kind", "number", "chain", "sequence", "digest"), of, strict=True))
            | {"position": position, "head": head},
        )
    connection.execute(
        text("INSERT INTO ledger_end VALUES (1, :position, :head)"), {"position": position, "head": head}
    )


def downgrade() -> None:
    """There is no way back: 0001 has no place for runs."""
    raise NotImplementedError("a journal is not downgraded")
