"""Runs the journal's migrations on the connection that `incidents.journal.database` hands over, under its lock."""

from __future__ import annotations

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, version_table="warroom_journal_version")
with context.begin_transaction():
    context.run_migrations()
