"""The events, the end of each chain, and triggers that keep an event from being changed by accident."""

from alembic import op
from sqlalchemy import Boolean, Column, ForeignKey, Integer, String, Text, UniqueConstraint

revision = "0001"
down_revision = None

_SQLITE = """CREATE TRIGGER event_no_{verb} BEFORE {verb} ON event
 BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END"""
_POSTGRES = (
    """CREATE FUNCTION warroom_event_append_only() RETURNS trigger LANGUAGE plpgsql AS
 $$ BEGIN RAISE EXCEPTION 'the journal is append-only'; END $$""",
    """CREATE TRIGGER event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON event
 FOR EACH STATEMENT EXECUTE FUNCTION warroom_event_append_only()""",
)


def upgrade() -> None:
    """Make everything."""
    op.create_table(
        "incident",
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
    op.create_table(
        "event",
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
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(_SQLITE.format(verb=verb))
    else:
        for statement in _POSTGRES:
            op.execute(statement)


def downgrade() -> None:
    """Drop everything: only an empty journal should ever see this."""
    op.drop_table("event")
    op.drop_table("incident")
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION warroom_event_append_only()")
