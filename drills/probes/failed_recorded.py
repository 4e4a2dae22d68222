"""A task that fails is recorded as failed, and none is lost: what was sent has succeeded, has failed, or waits.

One that had to fail and still waits decides nothing; another one that waits is recorded, and not lost.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from core.message import say
from drills.probes.model import Probe, ProbeResult
from signals.reading import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drills.probes.reach import Pages, Reach
    from drills.probes.settings import ProbesSettings

GOOD, BAD = 2, 2
METRIC_WAIT_S = 20.0
"""For the counter to be scraped."""


async def _run(reach: Reach) -> ProbeResult:
    if not reach.can_send:
        return _result(Verdict.UNKNOWN, "probes.unknown", {}, why=say("probes.no_sending"))
    prefix, expr = reach.prefix(PROBE.id), reach.settings.failed
    failed_before = await reach.number(expr)
    sent = [  # what has to fail stands before the others
        *await reach.send(prefix, "analyze", BAD, bad=True),
        *await reach.send(prefix, "analyze", GOOD),
    ]
    taken = [each.id for each in sent if each.problem is None]
    states: Pages = {}

    async def settled() -> bool:
        nonlocal states
        states = await reach.records(prefix) or {}
        return all(states.get(each) in {"succeeded", "failed"} for each in taken)

    if reach.settings.records is not None:
        await reach.wait_for(settled)
    rise: float | None = None
    if failed_before is not None:
        expected = max(sum(states.get(each) == "failed" for each in taken), 1)

        async def risen() -> bool:
            nonlocal rise
            now = await reach.number(expr)
            rise = None if now is None else now - failed_before
            return rise is not None and rise >= expected

        await reach.wait_for(risen, METRIC_WAIT_S)
    return judge(reach.settings, taken, states, rise)


def judge(settings: ProbesSettings, taken: Sequence[str], states: Pages, rise: float | None) -> ProbeResult:
    """What the records say of those that were `taken` on; `rise` is by how much the counter of failures rose, None where nobody knows."""
    counted = Counter(states.get(each, "lost") for each in taken)
    recorded = sum(states.get(each) == "failed" for each in taken if "-bad-" in each)
    must_fail = sum("-bad-" in each for each in taken)
    numbers: dict[str, float | None] = {"sent": len(taken), "must_fail": must_fail, "metric_rise": rise}
    if not must_fail or (settings.records is None and rise is None):
        why = say("probes.no_records" if must_fail else "probes.nothing_taken")
        return _result(Verdict.UNKNOWN, "probes.unknown", numbers, why=why)
    if settings.records is None:
        is_counted = (rise or 0.0) >= must_fail
        key = "probes.failed_counted" if is_counted else "probes.failed_uncounted"
        verdict = Verdict.OK if is_counted else Verdict.BURNING
        return _result(verdict, key, numbers, rise=round(rise or 0.0), must_fail=must_fail)
    names = ("succeeded", "failed", "waiting", "unknown", "lost")
    numbers |= {name: counted[name] for name in names} | {"recorded_failed": recorded}
    values = {**{name: counted[name] for name in names}, "sent": len(taken), "must_fail": must_fail}
    if counted["lost"] or any("-bad-" in each and states.get(each) == "succeeded" for each in taken):
        return _result(Verdict.BURNING, "probes.failed_lost", numbers, **values)
    if counted["unknown"] or recorded < must_fail:
        values |= {"recorded": recorded, "seconds": round(settings.wait_s)}
        return _result(Verdict.UNKNOWN, "probes.failed_waiting", numbers, **values)
    if rise is not None and rise < counted["failed"]:
        return _result(
            Verdict.BURNING, "probes.failed_uncounted", numbers, rise=round(rise), must_fail=must_fail
        )
    return _result(Verdict.OK, "probes.failed_ok", numbers, **values)


def _result(verdict: Verdict, key: str, numbers: dict[str, float | None], **values: object) -> ProbeResult:
    text = say(key, **values)  # type: ignore[arg-type]  # numbers and messages alone
    return ProbeResult(id=PROBE.id, verdict=verdict, text=text, numbers=numbers)


PROBE = Probe("failed-recorded", _run)
