"""The log file: where tracebacks go, and nothing secret does."""

from __future__ import annotations

import logging
import os
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class _Masking(logging.Formatter):
    """Masks the whole finished record: message, values, exception and traceback."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")
        self.secrets: frozenset[str] = frozenset()

    def format(self, record: logging.LogRecord) -> str:
        from tui.config.secrets import MASK, masked

        text = super().format(record)
        for secret in sorted(self.secrets, key=len, reverse=True):  # a part of a longer one comes after it
            text = text.replace(secret, MASK)
        return masked(text)


_FORMATTER = (
    _Masking()
)  # one for the process, as logging's root is: secrets may be known before the log is opened


def keep_out(secrets: Iterable[str]) -> None:
    """From now on none of `secrets` reaches the log file, wherever in a record it stands."""
    _FORMATTER.secrets |= frozenset(secrets)


def log_path() -> Path:
    """`$WARROOM_LOG`, else `warroom.log` in the user's state folder (XDG base directory specification)."""
    if asked := os.environ.get("WARROOM_LOG"):
        return Path(asked)
    from platformdirs import user_state_path

    return user_state_path("warroom", appauthor=False) / "warroom.log"


def open_log(level: int = logging.INFO) -> Path:
    """Send all log records to the log file; returns its path. A folder that can't be written is no reason to stop."""
    from logging.handlers import RotatingFileHandler

    path = log_path()
    root = logging.getLogger()
    if any(isinstance(handler, RotatingFileHandler) for handler in root.handlers):
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler: logging.Handler = RotatingFileHandler(
            path, maxBytes=2_000_000, backupCount=2, encoding="utf-8"
        )
    except OSError:
        handler = logging.NullHandler()
    handler.setFormatter(_FORMATTER)
    root.addHandler(handler)
    root.setLevel(level)
    for noisy in ("httpx", "httpcore", "urllib3"):  # they log whole URLs, which may hold credentials
        logging.getLogger(noisy).setLevel(logging.WARNING)
    return path


def log_crash(error: BaseException) -> Path:
    """Write the traceback of `error` to the log file; returns its path."""
    path = open_log()
    logging.getLogger("warroom").error("%s", "".join(traceback.format_exception(error)))
    return path
