"""Whether somebody keeps what is in force: a file with the time of the last round."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from actions.runner.folder import runs_folder

if TYPE_CHECKING:
    from pathlib import Path

    from actions.settings import ActionsSettings

ROUND_S = 30.0
"""Between two looks at everything in force."""
MISSED_S = 3 * ROUND_S
"""After so long without a round nobody keeps it."""


def sign(settings: ActionsSettings) -> None:
    """A round was made."""
    file = _file(settings)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.touch(mode=0o600)


def kept_ago_s(settings: ActionsSettings) -> float | None:
    """How long ago the last round on this host was; None where there was none."""
    try:
        return max(0.0, time.time() - _file(settings).stat().st_mtime)
    except OSError:
        return None


def _file(settings: ActionsSettings) -> Path:
    return runs_folder(settings) / "keeper"
