"""The log file: where tracebacks go, and nothing secret does.

It needs the standard library alone: what went wrong may be the import of anything else.
"""

from __future__ import annotations

import io
import logging
import os
import stat
import sys
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_BYTES, BACKUPS = 2_000_000, 2


class _Masking(logging.Formatter):
    """Masks the whole finished record: message, values, exception and traceback."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")
        self.secrets: frozenset[str] = frozenset()

    def format(self, record: logging.LogRecord) -> str:
        from tui.config.secrets import MASK, mask

        text = super().format(record)
        for secret in sorted(self.secrets, key=len, reverse=True):  # a part of a longer one comes after it
            text = text.replace(secret, MASK)
        return mask(text)


class _LogFile(logging.Handler):
    """Opens the file at its first record; where it can't be written, records are dropped: that is no reason to stop."""

    def __init__(self) -> None:
        super().__init__()
        self._file: logging.Handler | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        if self._file is None:
            self._file = _open_file(log_path())
        self._file.emit(record)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
        super().close()


_MASKING = _Masking()
"""One for the process, as logging's root is: secrets may be known before the log is opened."""


def mask_in_log(secrets: Iterable[str]) -> None:
    """From now on none of `secrets` reaches the log file, wherever in a record it stands."""
    _MASKING.secrets |= frozenset(secrets)


def log_path() -> Path:
    """`$WARROOM_LOG`, else `warroom.log` in the user's state folder (XDG base directory specification)."""
    if path := os.environ.get("WARROOM_LOG"):
        return Path(path)
    try:
        from platformdirs import user_state_path
    except ImportError:
        return Path(os.path.expanduser("~/.local/state/warroom/warroom.log"))  # noqa: PTH111  # Path's own raises where there is no home
    return user_state_path("warroom", appauthor=False) / "warroom.log"


def open_log(level: int = logging.INFO) -> None:
    """Send all log records and warnings to the log file, none to the terminal."""
    root = logging.getLogger()
    if any(isinstance(handler, _LogFile) for handler in root.handlers):
        return
    root.addHandler(_LogFile())
    root.setLevel(level)
    logging.captureWarnings(capture=True)
    for noisy in ("httpx", "httpcore", "urllib3"):  # they log whole URLs, which may hold credentials
        logging.getLogger(noisy).setLevel(logging.WARNING)


def log_crash(error: BaseException) -> Path:
    """Write the traceback of `error` to the log file; returns its path."""
    open_log()
    logging.getLogger("warroom").error("%s", "".join(traceback.format_exception(error)))
    return log_path()


def log_uncaught() -> None:
    """Log what ends a thread and what nobody can catch, unless somebody else has a hook for it."""
    if threading.excepthook is threading.__excepthook__:
        threading.excepthook = lambda args: args.exc_value and log_crash(args.exc_value)
    if sys.unraisablehook is sys.__unraisablehook__:
        sys.unraisablehook = lambda args: args.exc_value and log_crash(args.exc_value)


def _open_file(path: Path) -> logging.Handler:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file: logging.Handler = _private_file(path)
    except OSError:
        return logging.NullHandler()
    file.setFormatter(_MASKING)
    return file


def _private_file(path: Path) -> logging.Handler:
    """A log file that only this user can read, whatever the umask; a link or a pipe in its place is refused."""
    from logging.handlers import RotatingFileHandler

    class PrivateFile(RotatingFileHandler):
        def _open(self) -> io.TextIOWrapper:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK
            descriptor = os.open(self.baseFilename, flags, 0o600)
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                os.close(descriptor)
                raise OSError(f"{self.baseFilename} is no file")
            os.fchmod(descriptor, 0o600)
            return io.TextIOWrapper(io.FileIO(descriptor, "ab"), encoding="utf-8", write_through=True)

        def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # as logging has it
            """A full disk costs the record: hundreds of lines about it would bury the screen."""

    return PrivateFile(path, maxBytes=MAX_BYTES, backupCount=BACKUPS, encoding="utf-8")
