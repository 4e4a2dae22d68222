"""When a metric that is gone was last there, and which exporter had it then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from signals.reading import Answer

    AskRange: TypeAlias = Callable[[str, float, float, float], Awaitable[Answer]]

SPANS_S = (300.0, 1800.0, 86_400.0, 30 * 86_400.0)
"""How far back is looked: closely first, then further and coarser."""
POINTS = 120
CLOSE_S = 60.0


@dataclass(frozen=True, slots=True)
class LastSeen:
    """`at` is Unix seconds; None where it was there before all that is looked at, or between two looks."""

    at: float | None = None
    job: str = ""
    instance: str = ""


async def last_seen(metric: str, ask_range: AskRange, now: float) -> LastSeen:
    """Asks for ever longer spans with `ask_range` (expr, start, end, step), then once more closely. Raises its errors."""
    for span_s in SPANS_S:
        step = span_s / POINTS
        end = now // step * step
        # Between two close points nothing that was there for a moment is missed; far ones would read too much.
        there = f"last_over_time({metric}[{1000 * step:.0f}ms])" if step <= CLOSE_S else metric
        answer = await ask_range(f"count by (job, instance) ({there})", end - span_s, end, step)
        if not answer.series:
            continue
        last = max(answer.series, key=lambda series: series.times[-1])
        at, labels = last.times[-1], dict(last.labels)
        if step > CLOSE_S:
            closely = await ask_range(f"max(timestamp({metric}))", at, at + step, step / POINTS)
            at = max((series.values[-1] for series in closely.series), default=at)
        return LastSeen(float(at), labels.get("job", ""), labels.get("instance", ""))
    return LastSeen()
