"""A link that says what is in force, replaced at once by `ln` and `mv`: never is there a moment without one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from actions.releases.model import Argv

LIVE = "live.conf"


def point(link: str, at: str) -> tuple[Argv, ...]:
    """The commands; `rename` is atomic (POSIX), `ln --force` alone would first take the old link away."""
    fresh = f"{link}.next"
    return (
        ("ln", "--symbolic", "--force", "--no-target-directory", "--", at, fresh),
        ("mv", "--force", "--no-target-directory", "--", fresh, link),
    )


def pointed(link: str) -> str:
    """The last part of what it points at; empty where it is no link."""
    try:
        return Path(link).readlink().name
    except OSError:
        return ""


def pointed_since(link: str) -> float | None:
    """When it was made (Unix seconds)."""
    try:
        return Path(link).lstat().st_mtime
    except OSError:
        return None


def live_slot(proxy_folder: str, slots: tuple[str, ...]) -> str:
    """The slot whose SLOT.conf the proxy reads."""
    slot = pointed(f"{proxy_folder}/{LIVE}").removesuffix(".conf")
    return slot if slot in slots else ""
