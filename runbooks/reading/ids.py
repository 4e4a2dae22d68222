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


class TakenIds:
    """The ids of one file, each with the line where it stands first."""

    def __init__(self) -> None:
        self._lines: dict[str, int] = {}
        self._numbers: dict[str, int] = {}

    def line_of(self, name: str) -> int | None:
        """Where the id stands, None where it is free."""
        return self._lines.get(name)

    def take(self, name: str, line: int) -> str:
        """`name`, with the first free number behind it where it is taken already. What was not free once never is."""
        number, candidate = self._numbers.get(name, 1), name
        while candidate in self._lines:
            number += 1
            candidate = f"{name}-{number}"
        self._numbers[name] = number
        self._lines[candidate] = line
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
