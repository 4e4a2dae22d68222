"""Passwords and tokens: from the environment or a file, never from the configuration's text, never into a message."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit, urlunsplit

from core.errors import UnreadableSecret
from core.files import read_bytes, read_text
from core.message import say
from core.text import clean

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import SecretStr


MAX_SECRET_BYTES = 100_000


def read_secret(value: SecretStr | None, file: Path | None) -> str | None:
    """A secret from the environment (already in `value`) or from its file; raises `UnreadableSecret` naming the file."""
    if file is None:
        return value.get_secret_value() if value is not None else None
    try:
        return read_text(file, MAX_SECRET_BYTES).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(file, error) from error


def require_certificates(*files: Path | None) -> None:
    """Raise `UnreadableSecret` for what must not be given to OpenSSL, which would wait for a pipe's other end for ever."""
    for file in files:
        if file is None:
            continue
        try:
            read_bytes(file)
        except OSError as error:
            raise _unreadable(file, error) from error


def _unreadable(file: Path, error: Exception) -> UnreadableSecret:
    detail = (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
    return UnreadableSecret(say("signals.secret_file", file=clean(str(file)), detail=clean(detail)))


def with_password(url: str, password: str | None) -> str:
    """The address with the password in it, when it has none of its own."""
    parts = urlsplit(url)
    if password is None or ("@" in parts.netloc and ":" in parts.netloc.rpartition("@")[0]):
        return url
    user, _, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user}:{quote(password, safe='')}@{host}"))
