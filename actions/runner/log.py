"""What a runner says itself: into the file of its run, with the secrets of the configuration taken out."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from typing import TYPE_CHECKING

from actions.redact import Redactor

if TYPE_CHECKING:
    from collections.abc import Iterable


class _Redacted(logging.Formatter):
    def __init__(self, redact: Redactor) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        return self._redact(super().format(record))


def log_to_run(secrets: Iterable[str]) -> None:
    """Send records, warnings and what ends a thread to standard error, which is the run's file by now."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Redacted(Redactor(secrets)))
    logging.getLogger().addHandler(handler)
    logging.captureWarnings(capture=True)
    threading.excepthook = sys.unraisablehook = _uncaught


def _uncaught(args: threading.ExceptHookArgs | sys.UnraisableHookArgs) -> None:
    if args.exc_value is not None:
        log_crash(args.exc_value)


def log_crash(error: BaseException) -> None:
    """The whole story of what nobody expected."""
    logging.getLogger("warroom.runner").error("%s", "".join(traceback.format_exception(error)))
