"""The checks of `warroom doctor`: the terminal, every source, every query, and a repository against the live side.

Public face: `check_local`, `check_sources`, `check_queries`, `check_repository`, each of which gives findings.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was checked and where, whether it is well, and how to fix it when it is not."""

    check: str
    ok: bool
    what: str
    where: str
    fix: str = ""


def passed(check: str, where: str, what: str) -> Finding:
    """Nothing to fix."""
    return Finding(check, ok=True, what=what, where=where)


def failed(check: str, where: str, what: str, fix: str = "") -> Finding:
    """Something to fix."""
    return Finding(check, ok=False, what=what, where=where, fix=fix)
