"""The name that somebody probably meant."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def nearest(name: str, names: Iterable[str], least: float = 0.72) -> str:
    """The most alike of `names`, empty where none is alike by at least `least` (0 nothing, 1 the same but for case)."""
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(name.lower())
    best, found = (least, False), ""
    for other in sorted(set(names)):
        if other == name or abs(len(other) - len(name)) > max(4, len(name) // 2):
            continue
        matcher.set_seq1(other.lower())
        if matcher.real_quick_ratio() >= best[0] and matcher.quick_ratio() >= best[0]:
            rank = (
                matcher.ratio(),
                sorted(other.lower()) == sorted(name.lower()),
            )  # letters swapped come first
            if rank > best or (rank[0] == least and not found):
                best, found = rank, other
    return found
