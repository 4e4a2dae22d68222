"""Files on this host, replaced as a whole, with what stood there kept beside."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING

from actions.errors import ActionFailed
from core.files import read_bytes, real_path, replace_file, write_new
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
            target = real_path(path)
            kept = self._keep(target) if target.exists() else None
            replace_file(target, content, mode=mode)
        except OSError as error:
            raise ActionFailed(
                say("actions.not_written", file=clean(str(path), 200), detail=error.strerror or "?")
            ) from error
        return kept

    def _keep(self, path: Path) -> Path:
        """A copy with the same permissions and owner."""
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(self._clock()))
        kept = path.with_name(f"{path.name}.{stamp}.{secrets.token_hex(2)}.bak")
        write_new(kept, read_bytes(path), like=path)
        return kept
