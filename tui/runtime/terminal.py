"""Which characters the terminal can show, as far as the locale says."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def locale_is_utf8(environment: Mapping[str, str]) -> bool:
    """What the locale says (LC_ALL, LC_CTYPE, LANG, in POSIX' order); Python's own answer is UTF-8 even under C."""
    named = next((environment[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if environment.get(name)), "C")
    return "utf" in named.lower()
