"""Which revisions the service's Alembic scripts have, read again only when a file of theirs changed. `env.py` is not run.

Alembic and SQLAlchemy take 22 MB that a board does not need for the rest of its life, so another process reads the
scripts and ends.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from core.errors import BadAnswer
from core.message import say
from core.text import clean

if TYPE_CHECKING:
    from signals.settings import PostgresSettings

TIMEOUT_S = 30.0
"""Alembic's import alone takes a second, more on a busy machine."""
FileStates = tuple[tuple[str, int, int], ...]
"""Path, modification time and size of files."""

_PROGRAM = """import json, sys
sys.path[:] = json.loads(sys.argv[1])
from signals.database.revisions import read_scripts
json.dump(read_scripts(*sys.argv[2:5]), sys.stdout)"""
"""With this process's import path, so that the working directory and what stands in it do not count."""


class Revisions(NamedTuple):
    """`known` are all, heads included."""

    heads: tuple[str, ...]
    known: frozenset[str]


class AlembicScripts:
    """The scripts of one `alembic.ini`, or of a folder; there may be neither."""

    def __init__(self, settings: PostgresSettings) -> None:
        self._ini, self._section = settings.alembic_ini, settings.alembic_section
        self._folder = settings.migrations
        self._folders: tuple[str, ...] = ()
        self._cached: tuple[FileStates, Revisions] | None = None

    def revisions(self) -> Revisions | None:
        """Blocks while they are read; None where no scripts are configured; raises `BadAnswer`."""
        if self._ini is None and self._folder is None:
            return None
        if self._cached is None or self._cached[0] != self._file_states():
            revisions = self._read()
            self._cached = (self._file_states(), revisions)
        return self._cached[1]

    def _read(self) -> Revisions:
        ini = str(self._ini) if self._ini else ""
        arguments = [json.dumps(sys.path), ini, self._section, str(self._folder or "")]
        try:
            process = subprocess.run(
                [sys.executable, "-P", "-c", _PROGRAM, *arguments],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=TIMEOUT_S,
                check=False,
            )
            answer = json.loads(process.stdout)
        except subprocess.TimeoutExpired:
            raise self._bad_scripts(f"no answer within {TIMEOUT_S:.0f} s") from None
        except (OSError, ValueError) as error:
            raise self._bad_scripts(type(error).__name__) from error
        if "error" in answer:
            raise self._bad_scripts(str(answer["error"]))
        self._folders = tuple(answer["folders"])
        return Revisions(tuple(answer["heads"]), frozenset(answer["known"]))

    def _file_states(self) -> FileStates:
        """Of all files that say something about revisions."""
        files = [Path(self._ini)] if self._ini else []
        for folder in self._folders:
            files += sorted(Path(folder).glob("*.py"))
        states = []
        for file in files:
            try:
                status = file.stat()
                states.append((str(file), status.st_mtime_ns, status.st_size))
            except OSError:
                states.append((str(file), 0, -1))
        return tuple(states)

    def _bad_scripts(self, detail: str) -> BadAnswer:
        return BadAnswer(say("schema.bad_scripts", file=str(self._ini or self._folder), detail=clean(detail)))


def read_scripts(ini: str, section: str, folder: str) -> dict[str, object]:
    """Heads, all revisions, and the folders they stand in; or what is wrong with them. Runs in a process of its own."""
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config(ini or None, ini_section=section)
    try:
        location = folder if not ini else config.get_main_option("script_location") or ""
        if ini and location and ":" not in location:
            # Alembic takes it from the working directory, where Warroom need not stand; the file's own folder is meant.
            location = str(Path(ini).absolute().parent / location)
        if location:
            config.set_main_option("script_location", location.replace("%", "%%"))
        scripts = ScriptDirectory.from_config(config)
        known = sorted(script.revision for script in scripts.walk_revisions())
        folders = {str(Path(script.path).parent) for script in scripts.walk_revisions()} | {scripts.versions}
    except (Exception, SystemExit) as error:  # noqa: BLE001  # scripts are programs: they may raise anything
        return {"error": f"{type(error).__name__}: {error}"}
    return {"heads": sorted(scripts.get_heads()), "known": known, "folders": sorted(folders)}
