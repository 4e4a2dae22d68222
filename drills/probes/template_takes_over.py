"""When the model fails a template answers: every user gets an answer, and the degraded ratio shows it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from core.message import say
from drills.probes.model import Probe, ProbeResult
from signals.reading import Verdict

if TYPE_CHECKING:
    from core.message import Value
    from drills.probes.reach import Pages, Reach

METRIC_WAIT_S = 20.0
SHOWN_SHARE = 0.5
"""A ratio of half the templates' share shows them: it may have risen before we looked, and others ask, too."""


async def _run(reach: Reach) -> ProbeResult:
    if not reach.can_send or reach.settings.deliveries is None:
        why = say("probes.no_deliveries" if reach.can_send else "probes.no_sending")
        return _result(Verdict.UNKNOWN, "probes.unknown", {}, why=why)
    prefix, expr, count = reach.prefix(PROBE.id), reach.settings.degraded, reach.settings.count
    before = await reach.number(expr)
    sent = await reach.send(prefix, "analyze", count)
    shown: Pages = {}

    async def all_answered() -> bool:
        nonlocal shown
        shown = await reach.deliveries(prefix) or {}
        return len(shown) >= count

    await reach.wait_for(all_answered)
    kinds = Counter(shown.values())
    share = kinds["template"] / count
    after = before

    async def visible() -> bool:
        nonlocal after
        after = await reach.number(expr)
        return _shows(before, after, share)

    if expr and kinds["template"]:
        await reach.wait_for(visible, METRIC_WAIT_S)
    numbers: dict[str, float | None] = {
        "sent": count,
        "answered": len(shown),
        "analysis": kinds["analysis"],
        "template": kinds["template"],
        "error": kinds["error"],
        "template_share": share,
        "degraded_before": before,
        "degraded_after": after,
    }
    return _judge(numbers, kinds, count, denied=all(each.denied for each in sent), is_told=bool(expr))


def _judge(
    numbers: dict[str, float | None], kinds: Counter[str], count: int, *, denied: bool, is_told: bool
) -> ProbeResult:
    answered = kinds.total()
    values: dict[str, Value] = {
        "sent": count,
        "template": kinds["template"],
        "error": kinds["error"],
        "missing": count - answered,
    }
    if denied:
        return _result(Verdict.UNKNOWN, "probes.unknown", numbers, why=say("probes.nothing_taken"))
    if answered < count or kinds["error"]:
        return _result(Verdict.BURNING, "probes.template_missing", numbers, **values)
    if not kinds["template"]:
        return _result(Verdict.UNKNOWN, "probes.template_unused", numbers, **values)
    before, after = numbers["degraded_before"], numbers["degraded_after"]
    if not is_told or after is None:
        return _result(Verdict.UNKNOWN, "probes.template_untold", numbers, **values)
    ratio = f"{after:.1%}"
    if not _shows(before, after, kinds["template"] / count):
        return _result(Verdict.BURNING, "probes.template_hidden", numbers, ratio=ratio, **values)
    return _result(Verdict.OK, "probes.template_ok", numbers, ratio=ratio, **values)


def _shows(before: float | None, after: float | None, share: float) -> bool:
    return after is not None and (after > (before or 0.0) or after >= SHOWN_SHARE * share)


def _result(verdict: Verdict, key: str, numbers: dict[str, float | None], **values: Value) -> ProbeResult:
    return ProbeResult(id=PROBE.id, verdict=verdict, text=say(key, **values), numbers=numbers)


PROBE = Probe("template-takes-over", _run)
