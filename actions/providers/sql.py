"""The service's Postgres, reached as `[signals.postgres]` says."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from actions.errors import ActionRefused
from core.message import say
from signals.connections.postgres import connect, read_address

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from signals.connections.postgres import PostgresAddress
    from signals.settings import PostgresSettings

SOURCE = "postgres"


class ServiceDatabase:
    """A `Databases`."""

    def __init__(self, settings: PostgresSettings | None) -> None:
        self._settings = settings

    @property
    def place(self) -> str:
        """Host, port and database."""
        return self._address(None).place

    @contextmanager
    def connect(
        self, *, read_only: bool = True, timeout_s: float | None = None
    ) -> Iterator[psycopg.Connection[Any]]:
        """A connection in one transaction."""
        address, limit_s = self._address(timeout_s), self._timeout_s(timeout_s)
        with connect(address, timeout_s=limit_s, source=SOURCE, read_only=read_only) as connection:
            yield connection

    @contextmanager
    def session(self, *, timeout_s: float | None = None) -> Iterator[psycopg.Connection[Any]]:
        """A connection in autocommit, with the same errors."""
        address, limit_s = self._address(timeout_s), self._timeout_s(timeout_s)
        address = replace(address, keywords={**address.keywords, "autocommit": True})
        with connect(address, timeout_s=limit_s, source=SOURCE, read_only=False) as connection:
            for name, value in address.settings.items():  # those of a transaction ended with it
                connection.execute("SELECT set_config(%s, %s, false)", (name, value))
            yield connection

    def _timeout_s(self, timeout_s: float | None) -> float:
        return timeout_s or (self._settings.timeout_s if self._settings else 0.0)

    def _address(self, timeout_s: float | None) -> PostgresAddress:
        if self._settings is None:
            raise ActionRefused(say("actions.not_configured", section="signals.postgres"))
        return read_address(
            self._settings.url,
            self._settings.password_file,
            timeout_s=self._timeout_s(timeout_s),
            source=SOURCE,
            application_name="warroom action",
        )
