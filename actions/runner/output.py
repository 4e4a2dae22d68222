"""What a run prints: harmless, without secrets, on the disk line by line, and bounded.

The file keeps the beginning; what comes after its limit is counted, and the last of it is written when the run ends.
"""

from __future__ import annotations

import hashlib
import os
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.text import clean, clean_block

if TYPE_CHECKING:
    from pathlib import Path

    from actions.redact import Redactor

MAX_LINE = 1_100_000
TAIL_BYTES = 64_000
"""So much of the end is kept of an output that is longer than its limit."""


@dataclass(frozen=True, slots=True)
class Written:
    """What became of an output: its file's size and SHA-256, and how many bytes the system did not take, and why."""

    size: int
    sha256: str
    lost: int = 0
    lost_why: str = ""


class OutputFile:
    """Where a run's output goes; one writer. A disk that takes nothing costs the output, and that is counted, not the run."""

    def __init__(self, path: Path, redact: Redactor, limit_bytes: int) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        self._redact = redact
        self._left = limit_bytes
        self._hash = hashlib.sha256()
        self._size = 0
        self._skipped = 0
        self._lost_why = ""
        self._tail: deque[bytes] = deque()
        self._tail_size = 0
        self._descriptor: int | None = None
        try:
            self._descriptor = os.open(path, flags, 0o600)
        except OSError as error:
            self._fail(error)

    def print_line(self, line: str) -> None:
        """One line, on the disk when this returns; where there is no room for it, the run goes on without."""
        raw = (self._redact(clean_block(line, MAX_LINE)).rstrip("\n") + "\n").encode()
        if len(raw) <= self._left:
            self._left -= len(raw)
            self._skipped += self._write(raw)
            return
        self._left = 0  # nothing after a gap may stand before it
        self._tail.append(raw)
        self._tail_size += len(raw)
        while self._tail_size > TAIL_BYTES and len(self._tail) > 1:
            dropped = len(self._tail.popleft())
            self._tail_size -= dropped
            self._skipped += dropped

    def lose(self, size: int, error: OSError) -> None:
        """Something beside the lines could not be kept either."""
        self._skipped += size
        self._fail(error)

    def close(self) -> Written:
        """Write what was kept of the end."""
        if self._skipped:
            self._write(f"… {self._skipped} bytes are left out here\n".encode())
        for raw in self._tail:
            self._skipped += self._write(raw)
        self._tail.clear()
        if self._descriptor is not None:
            try:
                os.fsync(self._descriptor)
            except OSError as error:  # what the system took is not on the disk: nobody can say how much of it
                self.lose(max(1, self._size), error)
            with suppress(OSError):
                os.close(self._descriptor)
        lost = self._skipped if self._lost_why else 0
        return Written(self._size, self._hash.hexdigest(), lost, self._lost_why)

    def _write(self, raw: bytes) -> int:
        """How many bytes the disk did not take; what it takes later stands behind a gap that is counted."""
        rest = memoryview(raw)
        if self._descriptor is None:
            return len(rest)
        try:
            while rest:
                written = os.write(self._descriptor, rest)
                self._hash.update(rest[:written])
                self._size += written
                rest = rest[written:]
        except OSError as error:
            self._fail(error)
        return len(rest)

    def _fail(self, error: OSError) -> None:
        self._left = 0
        self._lost_why = clean(error.strerror or type(error).__name__, 200)
