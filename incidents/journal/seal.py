"""Keyed hashes over what waits in the spool, with a secret of the user's state folder.

A digest shows that a line was changed, but whoever changes it can compute the new one, and can bring a whole file of
events that look right. A seal (HMAC-SHA256) can be made by those alone who can read the key: this user, and root, against
whom nothing on this machine helps. Where there is no home there is no key, and the digests alone are checked.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import os
import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING

from core.errors import ConfigError
from core.files import make_private_folder, require_no_link, require_regular
from core.home import user_folder
from core.message import say
from core.text import clean
from incidents.journal.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from io import FileIO
    from pathlib import Path

KEY_BYTES = 32
NOTHING = "0" * 64
"""The sum of no seals."""


def seal_of(key: bytes, *texts: str) -> str:
    """The seal over `texts`, in hex."""
    return hmac.new(key, "\0".join(texts).encode(errors="surrogatepass"), hashlib.sha256).hexdigest()


def is_sealed(key: bytes, seal: object, *texts: str) -> bool:
    """Whether `seal`, as it was stored, is that of `texts`."""
    return isinstance(seal, str) and hmac.compare_digest(seal.encode(), seal_of(key, *texts).encode())


def added(total: str, seal: object) -> str:
    """The sum (exclusive or) with a seal more, or without one that is in it; what is no seal changes nothing."""
    try:
        return f"{int(total, 16) ^ int(str(seal), 16):064x}"
    except ValueError:
        return total


def spool_key(first_use: Callable[[bytes], None]) -> bytes | None:
    """The key; None without a home, or where none can be kept. Raises `JournalError` for one that is there and can't be read.

    When it is made, `first_use` seals what waits from before: only then is the key kept, so that a program that ends in
    between leaves nothing that nobody can check.
    """
    try:
        file = user_folder("state") / "spool.key"
    except ConfigError:
        return None
    try:
        make_private_folder(file.parent)
        there = file.exists()
    except OSError:
        return None
    try:
        with _locked(file) as handle:
            key = handle.read(KEY_BYTES) or b""
            if len(key) == KEY_BYTES:
                return key
            key = secrets.token_bytes(KEY_BYTES)
            first_use(key)
            handle.seek(0)
            handle.truncate()
            handle.write(key)
            os.fsync(handle.fileno())
            return key
    except OSError as error:
        if not there:
            return None
        detail = error.strerror or type(error).__name__
        raise JournalError(say("journal.unreadable", place=clean(str(file)), detail=detail)) from error


@contextmanager
def _locked(file: Path) -> Iterator[FileIO]:
    require_no_link(file)
    if file.exists():
        require_regular(file)
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    with os.fdopen(os.open(file, flags, 0o600), "r+b", buffering=0) as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle
