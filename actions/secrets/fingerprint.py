"""The keyed fingerprint that stands for a value: the same for two places of one value, and no way back to it.

A plain hash would be one: keys of a known format can be guessed, hashed and compared. The key is this user's own file.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

from core.errors import WarroomError
from core.files import create_file, make_private_folder, read_head, require_no_link
from core.message import say

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

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
        make_private_folder(key_file.parent)
        require_no_link(key_file)
        if not key_file.exists():
            with suppress(FileExistsError):  # another process was quicker
                create_file(key_file, secrets.token_bytes(_KEY_BYTES))
        key = read_head(key_file, _KEY_BYTES + 1)
    except OSError as error:
        raise FingerprintKeyError(
            say("secrets.key_unreadable", file=str(key_file), detail=error.strerror or "?")
        ) from error
    if len(key) != _KEY_BYTES:
        raise FingerprintKeyError(say("secrets.key_broken", file=str(key_file)))
    return lambda value: hmac.new(key, value.encode(), hashlib.sha256).hexdigest()[:_DIGITS]
