"""The file of a SQLite journal: where it is, whether it can be written, and whether an incident is open in it.

Asked with Python's own module alone: SQLAlchemy and what reads events take 15 MB, which a board does not need on a
day without incidents.
"""

from __future__ import annotations

import datetime as dt
import os
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from core.home import user_folder
from core.text import clean

if TYPE_CHECKING:
    from incidents.settings import JournalSettings

REVISIONS = ("0001", "0002")
"""Every revision that this release knows, oldest first; the last is the one it works with."""
VERSION_TABLE = "warroom_journal_version"
RUNS_LAST_DAYS = 31
"""Nothing may be in force for longer."""
Stamp = tuple[tuple[int, int], ...]


class JournalFile:
    """Polls one journal's file; reads it only after it has changed."""

    def __init__(self, settings: JournalSettings) -> None:
        self._file = _file(settings)
        self._checked: tuple[Stamp, bool] | None = None

    @property
    def place(self) -> str:
        """The file, for people; empty for a journal that is no plain file."""
        return clean(str(self._file)) if self._file else ""

    def is_idle(self) -> bool:
        """Whether nothing is there to follow: no file yet, or one of this release with nothing open in it.

        Open is an incident that is not resolved, and a run that may go on or have left something in force.
        False in every doubt: opening the journal then says what is wrong with it.
        """
        if self._file is None:
            return False
        stamp = _stamp(self._file)
        if self._checked is None or self._checked[0] != stamp:
            self._checked = (stamp, _has_no_open_incident(self._file))
        return self._checked[1]


def default_file() -> Path:
    """`journal.db` in the user's data folder; raises `ConfigError` where there is no home."""
    return user_folder("data") / "journal.db"


def is_writable(file: Path) -> bool:
    """Whether SQLite could write: it needs the file and, for its log, the folder (also on a read-only mount)."""
    if not (os.access(file, os.W_OK) and os.access(file.parent, os.W_OK)):
        return False
    return not os.statvfs(file).f_flag & os.ST_RDONLY


def _file(settings: JournalSettings) -> Path | None:
    if settings.url is None:
        return default_file()
    scheme, _, path = settings.url.get_secret_value().partition(":///")
    return Path(path) if scheme == "sqlite" and path and "?" not in path else None


def _stamp(file: Path) -> Stamp:
    """Times (ns) and sizes of the file and of SQLite's write-ahead log, where a commit goes first."""
    stamps = []
    for part in (file, file.with_name(f"{file.name}-wal")):
        try:
            status = part.stat()
            stamps.append((status.st_mtime_ns, status.st_size))
        except OSError:
            stamps.append((0, -1))
    return tuple(stamps)


def _has_no_open_incident(file: Path) -> bool:
    try:
        if not file.exists():
            return _can_be_made(file)
        if not is_writable(file):
            return False
        connection = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=1.0)
        try:
            (revision,) = connection.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchone() or (None,)  # noqa: S608  # our own constant
            unresolved = connection.execute("SELECT 1 FROM incident WHERE status <> 'resolved' LIMIT 1")
            runs = connection.execute("SELECT 1 FROM run WHERE planned_at > ? LIMIT 1", (_cutoff(),))
            return revision == REVISIONS[-1] and unresolved.fetchone() is None and runs.fetchone() is None
        finally:
            connection.close()
    except (sqlite3.Error, OSError):
        return False


def _cutoff() -> str:
    """What was run before may not be in force any more; as the table holds times, which sort as text."""
    return (dt.datetime.now(dt.UTC) - dt.timedelta(days=RUNS_LAST_DAYS)).strftime("%Y-%m-%dT%H:%M:%S")


def _can_be_made(file: Path) -> bool:
    """Whether its folder is there and can be written, or can be made."""
    nearest = next(folder for folder in file.absolute().parents if folder.exists())
    return nearest.is_dir() and is_writable(nearest)
