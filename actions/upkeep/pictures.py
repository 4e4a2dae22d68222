"""Where pictures are kept and linked to: the folder, the addresses as the service makes them, and the newest file."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from actions.env_file import value_of
from actions.errors import ActionRefused
from actions.service_restart import in_checkout
from core.files import read_text
from core.message import say
from core.text import clean

if TYPE_CHECKING:
    from actions.model import Context
    from actions.upkeep_settings import VisualsSettings

MAX_FILE_BYTES = 1_000_000
MAX_SEEN = 100_000
"""Of a folder with more files the newest can't be told."""
LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1", "0.0.0.0")  # noqa: S104  # an address that is recognised, none to listen on


@dataclass(frozen=True, slots=True)
class Delivery:
    """The address that links begin with, whether it is the fallback, and the folder."""

    base: str
    is_fallback: bool
    storage: Path

    @property
    def is_local(self) -> bool:
        """Nobody but this machine can reach it."""
        return (urlsplit(self.base).hostname or "") in LOCAL_HOSTS


def read_delivery(settings: VisualsSettings, context: Context) -> Delivery:
    """As the service's environment file has it; raises `ActionRefused` where that can't be read, or says nothing."""
    text = _environment(settings, context)

    def value(variable: str, otherwise: str) -> str:
        known = value_of(text, variable) if variable else None
        return otherwise if known is None else known

    base = value(settings.base_variable, settings.base_url)
    fallback = value(settings.fallback_variable, settings.fallback_url)
    storage = value(settings.storage_variable, str(settings.storage or ""))
    is_fallback = not base
    if is_fallback:
        base = fallback.rstrip("/") + settings.fallback_path if fallback else ""
    if not base or not storage:
        raise ActionRefused(say("actions_upkeep.visuals_nowhere"))
    return Delivery(base.rstrip("/"), is_fallback, in_checkout(context, Path(storage)))


def _environment(settings: VisualsSettings, context: Context) -> str:
    if settings.environment_file is None:
        return ""
    path = in_checkout(context, settings.environment_file)
    try:
        return read_text(path, MAX_FILE_BYTES)
    except (OSError, UnicodeDecodeError) as error:
        detail = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise ActionRefused(
            say("actions_upkeep.unreadable", file=clean(str(path), 200), detail=detail or "?")
        ) from None


def newest_file(folder: Path, pattern: str) -> Path | None:
    """The newest regular file below the folder, no link; None where there is none. Raises `OSError`."""
    newest: tuple[float, Path] | None = None
    for count, path in enumerate(folder.rglob(pattern)):
        if count > MAX_SEEN:
            raise OSError(f"more than {MAX_SEEN} files")
        if path.is_symlink() or not path.is_file():
            continue
        changed = path.stat().st_mtime
        if newest is None or changed > newest[0]:
            newest = (changed, path)
    return None if newest is None else newest[1]


def address_of(delivery: Delivery, file: Path) -> str:
    """The link to a file, every part of its name quoted."""
    return "/" + "/".join(quote(part, safe="") for part in file.relative_to(delivery.storage).parts)


def is_writable(folder: Path) -> bool:
    """For us; nothing is written to find it out. Raises `OSError` where there is no such folder."""
    mount = os.statvfs(folder)
    return os.access(folder, os.W_OK | os.X_OK) and not mount.f_flag & os.ST_RDONLY


def free_bytes(folder: Path) -> int:
    """Room that is left for who is not root."""
    mount = os.statvfs(folder)
    return mount.f_bavail * mount.f_frsize
