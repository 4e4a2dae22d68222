"""The journal's tables; `migrations/journal` makes them.

`event` is the truth: every event of every chain. `incident` and `run` hold the head of each chain and what a list of
them shows; they can be made anew from the events, and `verify` compares them. `ledger` holds, in the order of writing, what
each write made the head of its chain, chained itself: see `incidents.journal.ledger`.

`lease` and `heartbeat` say what holds right now and are no history.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

METADATA = MetaData()

INCIDENT = Table(
    "incident",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("number", Integer, nullable=False, unique=True),
    Column("sequence", Integer, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("title", Text, nullable=False),
    Column("severity", String(8), nullable=False),
    Column("status", String(16), nullable=False),
    Column("drill", Boolean, nullable=False),
    Column("runbook", Text, nullable=False),
    Column("commander", Text, nullable=False),
    Column("opened_at", String(32), nullable=False),
    Column("started_at", String(32)),
    Column("detected_at", String(32)),
    Column("acknowledged_at", String(32)),
    Column("mitigated_at", String(32)),
    Column("resolved_at", String(32)),
)

EVENT = Table(
    "event",
    METADATA,
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

RUN = Table(
    "run",
    METADATA,
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

LEDGER = Table(
    "ledger",
    METADATA,
    Column("position", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("kind", String(8), nullable=False),
    Column("number", Integer, nullable=False),
    Column("chain", String(36), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("head", String(64), nullable=False),
)
LEDGER_END = Table(
    "ledger_end",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("position", BigInteger().with_variant(Integer, "sqlite"), nullable=False),
    Column("head", String(64), nullable=False),
)

LEASE = Table(
    "lease",
    METADATA,
    Column("resource", String(200), primary_key=True),
    Column("token", Integer, nullable=False),
    Column("run", String(36)),
)
HEARTBEAT = Table(
    "heartbeat",
    METADATA,
    Column("run", String(36), primary_key=True),
    Column("beats", Integer, nullable=False),
    Column("at", Float(53), nullable=False),
)
