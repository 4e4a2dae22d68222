"""Results over time: of each scenario, of each person or of the team; first, best, last, and whether it gets better.

Only results count (`DrillRecord.is_result`): what was aborted, and what the autopilot played, says nothing about people.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from statistics import median
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from drills.records import DrillRecord

By: TypeAlias = 'Literal["team", "person"]'
Trend: TypeAlias = Literal["better", "worse", "same", "unknown"]
FEW = 4
"""With fewer results nothing is said about a trend."""
SAME_POINTS = 5
"""Medians that differ by less are the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """All results of one scenario by one person (empty: the team), oldest first."""

    scenario: str
    who: str
    results: tuple[DrillRecord, ...]
    trend: Trend

    @property
    def first(self) -> DrillRecord:
        """The earliest."""
        return self.results[0]

    @property
    def last(self) -> DrillRecord:
        """The latest."""
        return self.results[-1]

    @property
    def best(self) -> DrillRecord:
        """The highest score; of several the earliest."""
        return max(self.results, key=points)


def points(record: DrillRecord) -> int:
    """Its score; a record that is no result has none."""
    return -1 if record.score is None else record.score.score


def compare(records: Iterable[DrillRecord], *, scenario: str = "", by: By = "team") -> tuple[Comparison, ...]:
    """Sorted by scenario, then by person. `records` are oldest first."""
    rows = [
        (record.scenario, who, record)
        for record in records
        if record.is_result and scenario in ("", record.scenario)
        for who in (record.players if by == "person" else ("",))
    ]
    rows.sort(key=lambda row: row[:2])  # stable: each group stays oldest first
    grouped = ((key, tuple(row[2] for row in group)) for key, group in groupby(rows, key=lambda row: row[:2]))
    return tuple(
        Comparison(scenario=name, who=who, results=results, trend=trend([points(each) for each in results]))
        for (name, who), results in grouped
    )


def trend(scores: Sequence[int]) -> Trend:
    """The median of the later half against that of the earlier one; with few results nobody can tell."""
    if len(scores) < FEW:
        return "unknown"
    half = len(scores) // 2
    difference = median(scores[-half:]) - median(scores[:half])
    if abs(difference) < SAME_POINTS:
        return "same"
    return "better" if difference > 0 else "worse"
