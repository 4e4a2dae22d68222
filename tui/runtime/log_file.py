"""A log file that only this user can read, whatever the umask; a link or a pipe in its place is refused.

It needs the standard library alone, and more of it than a start without trouble should wait for.
"""

from __future__ import annotations

import errno
import io
import os
import stat
import sys
from logging.handlers import RotatingFileHandler
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import logging

    from _typeshed import ReadableBuffer


class _Whole(io.FileIO):
    """On a full disk the system takes a part of what it is given, and says so only when it is given the rest."""

    def write(self, data: ReadableBuffer, /) -> int:
        left = memoryview(data).cast("B")
        length = len(left)
        while left:
            left = left[super().write(left) or 0 :]
        return length


class PrivateLogFile(RotatingFileHandler):
    """Rotates by size; `problem` says why the last record is not in it. Opening it raises `OSError`."""

    problem = ""

    def _open(self) -> io.TextIOWrapper:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK
        descriptor = os.open(self.baseFilename, flags, 0o600)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise OSError(errno.EINVAL, "not a regular file", self.baseFilename)
        os.fchmod(descriptor, 0o600)
        return io.TextIOWrapper(_Whole(descriptor, "ab"), encoding="utf-8", write_through=True)

    def emit(self, record: logging.LogRecord) -> None:
        self.problem = ""
        super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802, ARG002  # as logging has it
        """A full disk costs the record: hundreds of lines about it would bury the screen."""
        error = sys.exception()
        self.problem = getattr(error, "strerror", None) or type(error).__name__
