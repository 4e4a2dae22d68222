"""Passwords and tokens: from the environment or a file, never from the configuration's text, never into a message."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit, urlunsplit

from core.errors import ConfigError
from core.files import read_text
from core.message import say

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import SecretStr


MAX_SECRET_BYTES = 100_000


def read_secret(value: SecretStr | None, file: Path | None) -> str | None:
    """A secret from the environment (already in `value`) or from its file; raises `ConfigError` naming the file."""
    if file is None:
        return value.get_secret_value() if value is not None else None
    try:
        return read_text(file, MAX_SECRET_BYTES).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(say("signals.secret_file", file=str(file), detail=type(error).__name__)) from error


def with_password(url: str, password: str | None) -> str:
    """The address with the password in it, when it has none of its own."""
    parts = urlsplit(url)
    if password is None or ("@" in parts.netloc and ":" in parts.netloc.rpartition("@")[0]):
        return url
    user, _, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user}:{quote(password, safe='')}@{host}"))
