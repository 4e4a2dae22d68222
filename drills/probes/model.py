"""A probe, and what it says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from core.message import Message
    from drills.probes.reach import Reach
    from signals.reading import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResult:
    """Ok, burning or unknown, with what was measured: a number is None where it is not known. Times are in ms where the name says so."""

    id: str
    verdict: Verdict
    text: Message
    numbers: Mapping[str, float | None] = field(default_factory=dict)

    def to_json(self, text: str) -> dict[str, object]:
        """As `--json` prints it; `text` is its text in words."""
        return {"id": self.id, "verdict": self.verdict.value, "numbers": dict(self.numbers), "text": text}


@dataclass(frozen=True, slots=True)
class Probe:
    """One file of `drills/probes`, named after `id`. Its title is the text `probes.<id>`; `last`: it looks back on the others."""

    id: str
    run: Callable[[Reach], Awaitable[ProbeResult]]
    last: bool = False
