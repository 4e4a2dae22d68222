"""The log file: where tracebacks go, and nothing secret does."""

from __future__ import annotations

import logging
import os
import traceback
from pathlib import Path


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
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
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
