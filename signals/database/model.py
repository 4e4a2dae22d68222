"""The service's database as it is, beside the scripts that make it, and what its source promises (see `signals.metrics.model`)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Blocker:
    """A session that makes others wait. `open_s` is the age of its transaction."""

    pid: int
    user: str
    application: str
    state: str
    open_s: float | None
    waiting_pids: tuple[int, ...]
    query: str


class Drift(StrEnum):
    """Where the database's revision stands against the scripts."""

    CURRENT = "current"
    BEHIND = "behind"
    AHEAD = "ahead"  # the database names a revision that the scripts do not know
    UNVERSIONED = "unversioned"  # no alembic_version table, or an empty one
    BRANCHED = "branched"
    NOT_COMPARED = "not_compared"  # no scripts are configured


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """What the database really is, by its own word. `missing` and `unexpected` name tables, columns and indexes in plain form.

    `tables` and `indexes` are all there are outside of the system's own; an invalid index counts as none.
    """

    revisions: tuple[str, ...]
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    invalid_indexes: tuple[str, ...]
    blockers: tuple[Blocker, ...]
    connections: int
    connection_limit: int
    address: str
    at: float
    source: str
    tables: tuple[str, ...] = ()
    indexes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema(Database):
    """The database beside the scripts that make it."""

    heads: tuple[str, ...]
    drift: Drift


class SchemaSource(Protocol):
    """Something that can look at the service's database."""

    @property
    def name(self) -> str: ...

    async def schema(self) -> Schema: ...
