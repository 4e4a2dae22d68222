"""Which revisions the service's Alembic scripts have, read again only when a file of theirs changed.

They are read from their text (`revision`, `alembic_config`): nothing of the service is imported or run, so that it may
need what is not installed here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.errors import BadAnswer
from core.files import read_bytes
from core.message import say
from core.text import clean
from signals.database.alembic_config import MAX_BYTES, NoScripts, read_alembic_config
from signals.database.graph import BrokenScripts, Scripts, make_scripts
from signals.database.revision import Revision, UnreadableRevision, read_revision

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from signals.database.alembic_config import AlembicConfig
    from signals.settings import PostgresSettings

MAX_SCRIPTS = 10_000
"""What more stands there is no folder of revisions."""
FileState = tuple[int, int]
"""Modification time and size of a file; nothing at all where it is gone."""


class AlembicScripts:
    """The scripts of one `alembic.ini`, or of a folder; there may be neither."""

    def __init__(self, settings: PostgresSettings) -> None:
        self._settings = settings
        self._read: dict[Path, tuple[FileState, Revision | None]] = {}
        self._cached: tuple[dict[Path, FileState], AlembicConfig, Scripts] | None = None

    @property
    def configured(self) -> bool:
        """Whether there is anything to compare a database with."""
        return self._settings.alembic_ini is not None or self._settings.migrations is not None

    def revisions(self) -> Scripts | None:
        """Blocks while they are read; None where no scripts are configured; raises `BadAnswer`."""
        return self._load()[1] if self.configured else None

    def version_table(self) -> tuple[str | None, str | None]:
        """Name and schema of the table that Alembic keeps; no name where only the service's code knows it; raises `BadAnswer`."""
        settings = self._settings
        if settings.version_table is not None or not self.configured:
            return settings.version_table or "alembic_version", settings.version_table_schema
        config = self._load()[0]
        return config.version_table, settings.version_table_schema or config.version_schema

    def _load(self) -> tuple[AlembicConfig, Scripts]:
        settings = self._settings
        try:
            config = read_alembic_config(
                settings.alembic_ini,
                settings.alembic_section,
                settings.migrations,
                settings.version_locations,
            )
            files = config.scripts(deep=config.recursive is not False)[:MAX_SCRIPTS]
            states = {file: _state(file) for file in (*config.files, *files)}
            if self._cached is None or self._cached[:2] != (states, config):
                revisions = [self._revision(file, states[file]) for file in files]
                certain = {str(file) for file in config.scripts(deep=config.recursive is True)}
                together = _connected([revision for revision in revisions if revision], certain)
                self._cached = (states, config, make_scripts(together))
        except (NoScripts, BrokenScripts, UnreadableRevision) as error:
            raise self._bad_scripts(str(error)) from None
        except OSError as error:
            raise self._bad_scripts(f"{error.filename}: {error.strerror}") from None
        return self._cached[1:]

    def _revision(self, file: Path, state: FileState) -> Revision | None:
        known = self._read.get(file)
        if known is None or known[0] != state:
            self._read[file] = known = (state, read_revision(read_bytes(file, MAX_BYTES), str(file)))
        return known[1]

    def _bad_scripts(self, detail: str) -> BadAnswer:
        place = self._settings.alembic_ini or self._settings.migrations
        return BadAnswer(say("schema.bad_scripts", file=clean(str(place)), detail=clean(detail)))


def _state(file: Path) -> FileState:
    status = file.stat()
    return status.st_mtime_ns, status.st_size


def _connected(revisions: Sequence[Revision], certain: Iterable[str]) -> list[Revision]:
    """Those in the files that Alembic reads by itself, and what builds on them or they on; without any of these all.

    A project that keeps revisions deeper reads them by code of its own; an archive of old ones is of no branch.
    """
    files = set(certain)
    chosen = {revision.id for revision in revisions if revision.file in files}
    if not chosen:
        return list(revisions)
    links: dict[str, set[str]] = {revision.id: set() for revision in revisions}
    for revision in revisions:
        for other in (*revision.down, *revision.depends_on):
            if other in links:
                links[revision.id].add(other)
                links[other].add(revision.id)
    waiting = list(chosen)
    while waiting:
        for other in links[waiting.pop()] - chosen:
            chosen.add(other)
            waiting.append(other)
    return [revision for revision in revisions if revision.id in chosen]
