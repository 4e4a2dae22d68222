"""Every kind of breakage by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.breakages import bursts, database, leak, marks, parts, releases, variables
from sandbox.breakages.model import Refused

if TYPE_CHECKING:
    from sandbox.breakages.model import Breakage

_BREAKAGES: dict[str, Breakage] = {
    each.name: each
    for module in (bursts, database, leak, marks, parts, releases, variables)
    for each in module.BREAKAGES
}


def find_breakage(name: str) -> Breakage:
    """Raises `Refused`."""
    if name not in _BREAKAGES:
        raise Refused(f"no breakage {name!r}")
    return _BREAKAGES[name]
