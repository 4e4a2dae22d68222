"""Files on this host, replaced as a whole, with what stood there kept beside."""

from __future__ import annotations

import os
import secrets
import stat
import time
from typing import TYPE_CHECKING

from actions.errors import ActionFailed
from core.message import say
from core.text import clean

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class LocalFiles:
    """A `Files`."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock

    def write(self, path: Path, content: bytes, *, mode: int | None = None) -> Path | None:
        """Replace it; raises `ActionFailed`."""
        try:
            return self._write(path.resolve(), content, mode)
        except OSError as error:
            raise ActionFailed(
                say("actions.not_written", file=clean(str(path), 200), detail=error.strerror or "?")
            ) from error

    def _write(self, path: Path, content: bytes, mode: int | None) -> Path | None:
        known = path.stat() if path.exists() else None
        kept = None if known is None else self._keep(path, known)
        fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        permissions = mode if mode is not None else stat.S_IMODE(known.st_mode) if known else 0o600
        try:
            _create(fresh, content, permissions, known)
            fresh.replace(path)
        finally:
            fresh.unlink(missing_ok=True)
        _sync_folder(path.parent)
        return kept

    def _keep(self, path: Path, known: os.stat_result) -> Path:
        """A copy with the same permissions and owner."""
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(self._clock()))
        kept = path.with_name(f"{path.name}.{stamp}.{secrets.token_hex(2)}.bak")
        _create(kept, path.read_bytes(), stat.S_IMODE(known.st_mode), known)
        return kept


def _create(path: Path, content: bytes, permissions: int, like: os.stat_result | None) -> None:
    """A new file that nobody else can read before it has its permissions, on the disk when this returns."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        if like is not None and (like.st_uid, like.st_gid) != (os.geteuid(), os.getegid()):
            os.fchown(file.fileno(), like.st_uid, like.st_gid)
        os.fchmod(file.fileno(), permissions)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
