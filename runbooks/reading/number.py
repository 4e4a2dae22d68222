"""Numbers phases and steps by where they stand."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runbooks.model import Phase


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
