"""What a run prints: harmless, without secrets, on the disk line by line, and bounded.

The file keeps the beginning; what comes after its limit is counted, and the last of it is written when the run ends.
"""

from __future__ import annotations

import hashlib
import os
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from core.text import clean_block

if TYPE_CHECKING:
    from pathlib import Path

    from actions.redact import Redactor

MAX_LINE = 1_100_000
TAIL_BYTES = 64_000
"""So much of the end is kept of an output that is longer than its limit."""


class OutputFile:
    """Where a run's output goes; one writer."""

    def __init__(self, path: Path, redact: Redactor, limit_bytes: int) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        self._descriptor = os.open(path, flags, 0o600)
        self._redact = redact
        self._left = limit_bytes
        self._hash = hashlib.sha256()
        self._size = 0
        self._skipped = 0
        self._tail: deque[bytes] = deque()
        self._tail_size = 0

    def print_line(self, line: str) -> None:
        """One line, on the disk when this returns; where there is no room for it, the run goes on without."""
        raw = (self._redact(clean_block(line, MAX_LINE)).rstrip("\n") + "\n").encode()
        if len(raw) <= self._left:
            self._left -= len(raw)
            self._write(raw)
            return
        self._left = 0  # nothing after a gap may stand before it
        self._tail.append(raw)
        self._tail_size += len(raw)
        while self._tail_size > TAIL_BYTES and len(self._tail) > 1:
            dropped = len(self._tail.popleft())
            self._tail_size -= dropped
            self._skipped += dropped

    def close(self) -> tuple[int, str]:
        """Write what was kept of the end; returns the size in bytes and the SHA-256 of the file."""
        if self._skipped:
            self._write(f"… {self._skipped} bytes are left out here\n".encode())
        for raw in self._tail:
            self._write(raw)
        self._tail.clear()
        with suppress(OSError):
            os.fsync(self._descriptor)
        with suppress(OSError):
            os.close(self._descriptor)
        return self._size, self._hash.hexdigest()

    def _write(self, raw: bytes) -> None:
        rest = memoryview(raw)
        try:
            while rest:
                written = os.write(self._descriptor, rest)
                self._hash.update(rest[:written])
                self._size += written
                rest = rest[written:]
        except OSError:  # the disk is full: what it takes later stands behind a gap that is counted
            self._left = 0
            self._skipped += len(rest)
