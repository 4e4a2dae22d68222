"""The keyed fingerprint that stands for a value: the same for two places of one value, and no way back to it.

A plain hash would be one: keys of a known format can be guessed, hashed and compared. The key is this user's own file.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import WarroomError
from core.message import say

if TYPE_CHECKING:
    from collections.abc import Callable

_KEY_BYTES = 32
_DIGITS = 16
"""Hexadecimal digits shown: 64 bits, so that a million values collide once in 10^7 audits."""


class FingerprintKeyError(WarroomError):
    """The key can't be made or read."""


def fingerprints(key_file: Path) -> Callable[[str], str]:
    """The function from a value to its fingerprint, keyed by `key_file`, which is made (0600) where it is missing.

    Raises `FingerprintKeyError`.
    """
    try:
        key_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make(key_file)
        descriptor = os.open(key_file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            key = file.read(_KEY_BYTES + 1)
    except OSError as error:
        raise FingerprintKeyError(
            say("secrets.key_unreadable", file=str(key_file), detail=error.strerror or "?")
        ) from error
    if len(key) != _KEY_BYTES:
        raise FingerprintKeyError(say("secrets.key_broken", file=str(key_file)))
    return lambda value: hmac.new(key, value.encode(), hashlib.sha256).hexdigest()[:_DIGITS]


def _make(key_file: Path) -> None:
    """Whole or not at all: another process that starts now must never read half a key."""
    if key_file.exists():
        return
    descriptor, draft = tempfile.mkstemp(dir=key_file.parent, prefix=".key-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, key_file)
    finally:
        Path(draft).unlink()
