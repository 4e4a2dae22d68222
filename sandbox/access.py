"""What lets the user who started the sandbox in, and nobody else on the machine: random secrets in private files.

Every address of the sandbox is on loopback, where each user of the machine may connect. Its database, its broker and
the stand-ins' control endpoints therefore ask for a secret that only the starter can read. No secret stands in an
argument list, and none is printed: what is printed names the files.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Access:
    """The secret files of the sandbox in `folder`."""

    folder: Path

    @property
    def postgres_password_file(self) -> Path:
        """The password of the user `postgres`."""
        return self.folder / "postgres.password"

    @property
    def pgpass_file(self) -> Path:
        """The same for libpq, which takes it as `?passfile=` of an address (PostgreSQL, "The Password File")."""
        return self.folder / "pgpass"

    @property
    def valkey_password_file(self) -> Path:
        """The password of the broker's default user."""
        return self.folder / "valkey.password"

    @property
    def control_header_file(self) -> Path:
        """The header that the control endpoints ask for, as `curl -H @FILE` sends it."""
        return self.folder / "control.header"

    @property
    def control_token_file(self) -> Path:
        """The same token alone, as `[signals]` and `[actions]` take one."""
        return self.folder / "control.token"

    @property
    def alerts_token_file(self) -> Path:
        """What the Alertmanager shows to the service's page of alerts."""
        return self.folder / "alerts.token"

    @property
    def token(self) -> str:
        """The bearer token of the control endpoints."""
        return self.control_header_file.read_text(encoding="utf-8").rpartition(" ")[2].strip()

    def postgres_url(self, port: int) -> str:
        """An address that works for whoever can read the password file; it holds no secret."""
        return f"postgresql://postgres@127.0.0.1:{port}/postgres?passfile={quote(str(self.pgpass_file))}"


def write_access(folder: Path) -> Access:
    """Make the secrets of a new sandbox. Raises `OSError`."""
    access = Access(folder)
    postgres, control = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
    for path, text in (
        (access.postgres_password_file, postgres),
        (access.pgpass_file, f"127.0.0.1:*:*:postgres:{postgres}\n"),
        (access.valkey_password_file, secrets.token_urlsafe(24)),
        (access.control_header_file, f"Authorization: Bearer {control}\n"),
        (access.control_token_file, control),
        (access.alerts_token_file, secrets.token_urlsafe(24)),
    ):
        write_private(path, text)
    return access


def write_private(path: Path, text: str) -> None:
    """Write a new file that only this user can read, whatever the umask; an existing one or a link is refused."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
