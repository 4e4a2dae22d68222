"""Whether a command is deferred in time, with real requests: Discord drops an interaction that is not within 3 s."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from core.message import say
from drills.probes.model import ProbeResult
from signals.reading import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drills.probes.reach import Reach


async def defer(reach: Reach, probe_id: str, command: str) -> ProbeResult:
    """Send as many as configured, and judge the slowest: each one that is late is a user without an answer."""
    limit_ms, count = reach.settings.limit_ms, reach.settings.count
    if not reach.can_send:
        return _unknown(probe_id, "probes.no_sending")
    sent = await reach.send(reach.prefix(probe_id), command, count)
    took = [each.took_ms for each in sent if each.took_ms is not None and not each.denied]
    late = sum(
        not each.denied and (each.problem is not None or (each.took_ms or 0.0) > limit_ms) for each in sent
    )
    denied = sum(each.denied for each in sent)
    numbers: dict[str, float | None] = {
        "sent": count,
        "late": late,
        "slowest_ms": max(took, default=None),
        "p95_ms": percentile(took, 0.95),
        "limit_ms": limit_ms,
    }
    problem = next((each.problem for each in sent if each.problem is not None), None)
    if late:
        text = say(
            "probes.defer_late",
            late=late,
            sent=count,
            limit=round(limit_ms),
            slowest=round(max(took, default=0.0)),
            why=problem or "",
        )
        return ProbeResult(id=probe_id, verdict=Verdict.BURNING, text=text, numbers=numbers)
    if denied:
        text = say("probes.unknown", why=problem or "")
        return ProbeResult(id=probe_id, verdict=Verdict.UNKNOWN, text=text, numbers=numbers)
    text = say(
        "probes.defer_ok",
        sent=count,
        slowest=round(max(took)),
        p95=round(percentile(took, 0.95) or 0.0),
        limit=round(limit_ms),
    )
    return ProbeResult(id=probe_id, verdict=Verdict.OK, text=text, numbers=numbers)


def percentile(values: Sequence[float], share: float) -> float | None:
    """The nearest-rank percentile; None of nothing."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)] if values else None


def _unknown(probe_id: str, key: str) -> ProbeResult:
    return ProbeResult(id=probe_id, verdict=Verdict.UNKNOWN, text=say("probes.unknown", why=say(key)))
