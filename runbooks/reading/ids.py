"""Ids of runbooks, phases and steps (one is made from the text where nobody gave one), and the numbers of their places."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runbooks.model import Phase

_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
MAX_LENGTH = 32


def is_id(text: str) -> bool:
    """Lower case letters, digits and single dashes."""
    return _ID.fullmatch(text) is not None


def slug(text: str) -> str:
    """As forges make anchors of headings: letters and digits of any script, dashes between; '' where there are none."""
    words = re.findall(r"[^\W_]+", text.lower())
    joined = ""
    for word in words:
        if joined and len(joined) + len(word) + 1 > MAX_LENGTH:
            break
        joined = f"{joined}-{word[:MAX_LENGTH]}" if joined else word[:MAX_LENGTH]
    return joined


def unique(name: str, taken: set[str]) -> str:
    """`name`, with a number behind it where it is taken already; takes it."""
    number, candidate = 1, name
    while candidate in taken:
        number += 1
        candidate = f"{name}-{number}"
    taken.add(candidate)
    return candidate


def numbered(phases: Iterable[Phase]) -> tuple[Phase, ...]:
    """`1`, `2` for phases, `1.1`, `1.2` for their steps."""
    return tuple(
        replace(
            phase,
            number=str(place),
            steps=tuple(
                replace(step, number=f"{place}.{index}") for index, step in enumerate(phase.steps, 1)
            ),
        )
        for place, phase in enumerate(phases, 1)
    )
