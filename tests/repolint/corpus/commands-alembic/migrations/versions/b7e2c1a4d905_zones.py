"""Zones."""

revision: str = "b7e2c1a4d905"
down_revision: str | None = "4c1d9e07aa21"
