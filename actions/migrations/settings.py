"""The `[migrations]` section: how the service's own Alembic is run, and how patient a migration is."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # pydantic reads the annotations at run time

from pydantic import Field, SecretStr

from core.settings import Seconds, Section


class MigrationSettings(Section):
    """Where its scripts are stands in `[signals.postgres]`."""

    command: tuple[str, ...] = Field(
        default=(),
        description='what runs Alembic in the service\'s own environment: ["poetry", "run", "alembic"];'
        " without it Warroom's own, which suits scripts that import nothing but Alembic and SQLAlchemy",
    )
    folder: Path | None = Field(default=None, description="where it is run; else the folder of alembic_ini")
    environment: dict[str, SecretStr] = Field(
        default={}, description="variables that the service's env.py needs, DATABASE_URL for one"
    )
    lock_timeout_s: Seconds = Field(default=3.0, description="how long a statement waits for its lock")
    tries: int = Field(default=6, ge=1, le=50, description="how often a lock is tried for")
    timeout_s: float = Field(default=3_600.0, gt=0, description="how long a whole run may take")
