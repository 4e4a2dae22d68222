"""The journal's two tables, as SQLAlchemy sees them; `migrations/journal` makes them.

`event` is the truth. `incident` holds the end of each chain and what a list of incidents shows; it can be made
anew from the events, and `verify` compares it with them.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
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
    Column("incident", String(36), ForeignKey("incident.id"), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("at", String(32), nullable=False),
    Column("actor", Text, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("body", Text, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("origin", String(64), nullable=False),
    UniqueConstraint("incident", "sequence", name="event_in_order"),
)
