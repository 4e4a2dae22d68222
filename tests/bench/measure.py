"""What a bench says: one figure beside its floor and its limit."""

from __future__ import annotations

from typing import NamedTuple


class Measure(NamedTuple):
    """`value` and `floor` with their units; `ratio` is value ÷ floor where both are of one kind.

    `ok` says whether the limit holds, None where there is none.
    """

    name: str
    value: str
    floor: str
    ratio: float | None
    limit: str
    ok: bool | None = None
