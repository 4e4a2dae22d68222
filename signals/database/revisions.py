"""Which revisions the service's Alembic scripts have, read again only when a file of theirs changed."""

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

BUNDLED = Path(__file__).parents[2] / "migrations" / "service"
PATIENCE_S = 30.0
"""Alembic's import alone takes a second, more on a busy machine."""
Stamp = tuple[tuple[str, int, int], ...]


class Revisions(NamedTuple):
    """`known` are all, heads included."""

    heads: tuple[str, ...]
    known: frozenset[str]


class Scripts:
    """The scripts of one `alembic.ini`, or the bundled ones."""

    def __init__(self, settings: PostgresSettings) -> None:
        self._ini, self._section = settings.alembic_ini, settings.alembic_section
        self._folders: tuple[str, ...] = ()
        self._read: tuple[Stamp, Revisions] | None = None

    def revisions(self) -> Revisions:
        """Blocks while they are read; raises `BadAnswer`."""
        if self._read is None or self._read[0] != self._stamp():
            found = self._ask()
            self._read = (self._stamp(), found)
        return self._read[1]

    def _ask(self) -> Revisions:
        program = Path(__file__).with_name("alembic_heads.py")
        ini = str(self._ini) if self._ini else ""
        # Safe path (-P): beside that program stand modules with the names of Python's own.
        command = [sys.executable, "-P", str(program), ini, self._section, str(BUNDLED)]
        try:
            ended = subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE_S, check=False
            )
            told = json.loads(ended.stdout)
        except subprocess.TimeoutExpired:
            raise self._bad(f"no answer within {PATIENCE_S:.0f} s") from None
        except (OSError, ValueError) as error:
            raise self._bad(type(error).__name__) from error
        if "error" in told:
            raise self._bad(str(told["error"]))
        self._folders = tuple(told["folders"])
        return Revisions(tuple(told["heads"]), frozenset(told["known"]))

    def _stamp(self) -> Stamp:
        """Names, times and sizes of all files that say something about revisions."""
        files = [Path(self._ini)] if self._ini else []
        for folder in self._folders:
            files += sorted(Path(folder).glob("*.py"))
        found = []
        for file in files:
            try:
                status = file.stat()
                found.append((str(file), status.st_mtime_ns, status.st_size))
            except OSError:
                found.append((str(file), 0, -1))
        return tuple(found)

    def _bad(self, detail: str) -> BadAnswer:
        return BadAnswer(say("schema.bad_scripts", file=str(self._ini or BUNDLED), detail=clean(detail)))
