"""Whether somebody keeps what is in force: a file with the time of the last round, and what it could not keep."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from actions.runner.folder import runs_folder
from core.files import replace_file
from core.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from actions.settings import ActionsSettings

ROUND_S = 30.0
"""Between two looks at everything in force."""
MISSED_S = 3 * ROUND_S
"""After so long without a round nobody keeps it."""
MAX_BYTES = 4096


@dataclass(frozen=True, slots=True)
class LastRound:
    """The last look at everything in force on this host.

    `ago_s` is how long ago it was; after a clock was set back: how far. `not_kept` are the labels of runs that could neither be
    applied again nor be taken back.
    """

    ago_s: float
    not_kept: tuple[str, ...] = ()

    @property
    def is_missed(self) -> bool:
        """Whether so much time has passed that nobody keeps anything."""
        return self.ago_s > MISSED_S

    def keeps(self, label: str) -> bool:
        """Whether this run is among those that are kept."""
        return not self.is_missed and label not in self.not_kept


def sign(settings: ActionsSettings, not_kept: Iterable[str]) -> None:
    """A round was made, which could not keep these runs."""
    file = _file(settings)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    replace_file(file, "\n".join(not_kept).encode())


def last_round(settings: ActionsSettings) -> LastRound | None:
    """None where there was none."""
    try:
        with _file(settings).open("rb") as file:
            labels = file.read(MAX_BYTES).decode(errors="replace").split()
        ago_s = abs(time.time() - _file(settings).stat().st_mtime)
    except OSError:
        return None
    return LastRound(ago_s, tuple(clean(label, 40) for label in labels))


def _file(settings: ActionsSettings) -> Path:
    return runs_folder(settings) / "keeper"
