"""The Alembic scripts of each release: which revisions it knows, and what each of them does. Nothing of it is imported."""

from __future__ import annotations

import io
import math
import os
import re
import subprocess
import tarfile
import time
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from actions.providers.process import INHERITED
from actions.releases.errors import ReleaseError
from actions.releases.model import VERSION
from actions.template import fill
from core.errors import SourceError
from core.files import is_file, read_bytes
from core.message import say
from core.text import clean
from signals.database.graph import BrokenScripts, Scripts, make_scripts
from signals.database.revision import UnreadableRevision, read_revision
from signals.database.revisions import AlembicScripts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from actions.release_settings import ReleaseScripts
    from core.message import Message
    from signals.settings import PostgresSettings

GIT_TIMEOUT_S = 60.0
KEPT_S = 60.0
MAX_ARCHIVE_BYTES = 32_000_000
MAX_SCRIPT_BYTES = 1_000_000
_OFF = ("core.fsmonitor=false", "core.hooksPath=/dev/null", "protocol.allow=never")
"""By none of these may a repository start a program or fetch."""


@dataclass(frozen=True, slots=True)
class KnownScripts:
    """A release's scripts. `sources` are the texts by revision; `postgres` how its own Alembic is run, None where it can't be."""

    scripts: Scripts
    sources: Mapping[str, bytes] = field(repr=False)
    postgres: PostgresSettings | None = None

    @property
    def heads(self) -> tuple[str, ...]:
        """What this release's schema is."""
        return self.scripts.heads


class ReleaseSchemas:
    """The scripts of releases for who asks again and again: each is read anew after a minute, for a tag may move."""

    def __init__(self, settings: ReleaseScripts, postgres: PostgresSettings | None) -> None:
        self._settings = settings
        self._postgres = postgres
        self._known: dict[str, tuple[float, KnownScripts | Message]] = {}

    def read(self, version: str) -> KnownScripts | Message:
        """Of one release, or why they are not known. Blocks. Its name may come from anywhere."""
        now = time.monotonic()
        at, known = self._known.get(version, (-math.inf, None))
        if known is None or now - at > KEPT_S:
            known = self._read(version)
            self._known = {name: each for name, each in self._known.items() if now - each[0] <= KEPT_S}
            self._known[version] = (now, known)
        return known

    def _read(self, version: str) -> KnownScripts | Message:
        if re.fullmatch(VERSION, version) is None:
            return say("releases.bad_name", version=clean(version, 200))
        try:
            return read_scripts(self._settings, self._postgres, version)
        except ReleaseError as error:
            return error.message


def read_scripts(
    settings: ReleaseScripts | None, postgres: PostgresSettings | None, version: str
) -> KnownScripts:
    """Of one release; raises `ReleaseError` with the reason why they are not known."""
    if settings is None:
        raise ReleaseError(say("releases.no_scripts"))
    try:
        if settings.alembic_ini is not None:
            return _on_this_host(postgres, settings.alembic_ini, version)
        return _in_repository(settings, version)
    except SourceError as error:
        raise ReleaseError(error.message) from None
    except (BrokenScripts, UnreadableRevision, tarfile.TarError, OSError) as error:
        raise ReleaseError(
            say("releases.scripts_broken", version=version, detail=clean(str(error)))
        ) from None


def _on_this_host(postgres: PostgresSettings | None, place: str, version: str) -> KnownScripts:
    ini = Path(fill(place, {"version": version}))
    if postgres is None:
        raise ReleaseError(say("actions.not_configured", section="signals.postgres"))
    if not is_file(ini):
        raise ReleaseError(say("releases.no_ini", version=version, file=clean(str(ini), 200)))
    own = postgres.model_copy(
        update={"alembic_ini": ini, "migrations": None, "alembic_folder": None, "version_locations": ()}
    )
    scripts = AlembicScripts(own).revisions()
    if scripts is None:
        raise ReleaseError(say("releases.no_ini", version=version, file=clean(str(ini), 200)))
    sources = {
        revision.id: read_bytes(Path(revision.file), MAX_SCRIPT_BYTES)
        for revision in scripts.revisions.values()
    }
    return KnownScripts(scripts, sources, own)


def _in_repository(settings: ReleaseScripts, version: str) -> KnownScripts:
    """Out of one archive; the release's name is resolved to a commit first, and only that is used."""
    ref = fill(settings.ref, {"version": version})
    commit = _git(
        settings, version, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}"
    )
    tar = _git(settings, version, "archive", "--format=tar", commit.decode().strip(), "--", settings.path)
    sources: dict[str, bytes] = {}
    revisions = []
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        for member in archive:
            name = PurePosixPath(member.name).name
            if not member.isfile() or not name.endswith(".py") or member.size > MAX_SCRIPT_BYTES:
                continue
            file = archive.extractfile(member)
            source = file.read() if file else b""
            if (revision := read_revision(source, clean(member.name, 200))) is not None:
                revisions.append(revision)
                sources[revision.id] = source
    return KnownScripts(make_scripts(revisions), sources)


def _git(settings: ReleaseScripts, version: str, *words: str) -> bytes:
    off = [word for option in _OFF for word in ("-c", option)]
    command = ["git", *off, "-C", str(settings.repository), *words]
    environment = {name: os.environ[name] for name in INHERITED if name in os.environ}
    try:
        done = subprocess.run(
            command,
            env={**environment, "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=GIT_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ReleaseError(say("releases.no_git", version=version, detail=type(error).__name__)) from None
    if done.returncode or len(done.stdout) > MAX_ARCHIVE_BYTES:
        lines = clean(done.stderr.decode(errors="replace").strip(), 200)
        raise ReleaseError(say("releases.no_git", version=version, detail=lines or f"git {words[0]}"))
    return done.stdout
