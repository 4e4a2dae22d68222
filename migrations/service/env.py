"""Runs the service's migrations. The address comes from `-x url=…` or $WARROOM_SERVICE_URL, never from a file."""

from __future__ import annotations

import os

from alembic import context
from alembic.util import CommandError
from sqlalchemy import create_engine, make_url, pool, text

LOCK_KEY = 375_918_740
"""Alembic takes no lock of its own: two upgraders at once wait here for each other."""


def run() -> None:
    """Upgrade or downgrade in one transaction that gives up on a lock after 3 s instead of blocking everyone."""
    raw = context.get_x_argument(as_dictionary=True).get("url") or os.environ.get("WARROOM_SERVICE_URL")
    if not raw:
        raise CommandError("no database: set $WARROOM_SERVICE_URL or pass -x url=postgresql://…")
    engine = create_engine(make_url(raw).set(drivername="postgresql+psycopg"), poolclass=pool.NullPool)
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
        connection.execute(text("SET LOCAL lock_timeout = '3s'"))
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    context.configure(dialect_name="postgresql", literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    run()
