"""What the samples of a step say: whether the queue settles, which objective is missed first, and what holds it up.

Pure. The queue settles when the interval of its slope (Sen's, `signals.metrics.trend`) leaves no room for more growth than
a share of what is sent; a step that is too short to be sure of either is unknown.
"""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from drills.stress.model import Bottleneck, Sample, StepResult, Violation
from signals.metrics.trend import Slope, slope
from signals.reading import Series

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drills.stress.model import Objective
    from drills.stress.settings import Step, StressSettings

WARM_UP = 0.25
"""The first share of a step: the queue is still filling to its level."""
GROWTH = 0.1
"""Of the rate: a queue that grows by less than a tenth of what is sent settles."""
SENT_SHARE = 0.9
BUSY_SHARE, MODEL_SHARE, DATABASE_SHARE, BROKER_S = 0.9, 0.5, 0.9, 0.5


def judge_step(
    step: Step, sent: int, took_s: float, samples: Sequence[Sample], settings: StressSettings
) -> StepResult:
    """All that the samples tell."""
    drift = queue_slope(samples, step.for_s)
    steady = settles(drift, step.per_s)
    bottleneck, evidence = find_bottleneck(step, sent, took_s, samples, settings, is_steady=steady)
    return StepResult(
        step=step,
        sent=sent,
        took_s=took_s,
        samples=tuple(samples),
        drift_per_s=None if drift is None else drift.middle,
        is_steady=steady,
        violations=violations(samples, settings, drift, step),
        bottleneck=bottleneck,
        evidence=evidence,
    )


def queue_slope(samples: Sequence[Sample], for_s: float) -> Slope | None:
    """How fast the queue grows once the step has warmed up."""
    points = [
        (each.at_s, float(each.waiting))
        for each in samples
        if each.waiting is not None and each.at_s >= WARM_UP * for_s
    ]
    return slope(Series((), [at for at, _ in points], [waiting for _, waiting in points]))


def settles(drift: Slope | None, per_s: float) -> bool | None:
    """None where neither is sure."""
    if drift is None:
        return None
    if drift.high <= GROWTH * per_s:
        return True
    return False if drift.low > 0 and drift.middle > GROWTH * per_s else None


def violations(
    samples: Sequence[Sample], settings: StressSettings, drift: Slope | None, step: Step
) -> tuple[Violation, ...]:
    """Each objective that was missed, in the order of when; a queue that grows is missed from when it had warmed up."""
    limits: tuple[tuple[Objective, str, float], ...] = (
        ("p95", "p95_s", settings.max_p95_s),
        ("limited", "limited", settings.max_limited),
        ("errors", "errors", settings.max_errors),
    )
    missed = []
    if drift is not None and settles(drift, step.per_s) is False:
        missed.append(Violation(objective="queue", at_s=WARM_UP * step.for_s, value=drift.middle))
    for objective, name, limit in limits:
        for each in samples:
            value: float | None = getattr(each, name)
            if value is not None and value > limit:
                missed.append(Violation(objective=objective, at_s=each.at_s, value=value))
                break
    return tuple(sorted(missed, key=lambda each: each.at_s))


def find_bottleneck(
    step: Step,
    sent: int,
    took_s: float,
    samples: Sequence[Sample],
    settings: StressSettings,
    *,
    is_steady: bool | None,
) -> tuple[Bottleneck, dict[str, float | None]]:
    """What holds it up, and the numbers that say so: who could not send, who refuses, who is full."""
    sent_share = sent / (step.per_s * took_s) if took_s else None
    shares = [each.busy / each.slots for each in samples if each.busy is not None and each.slots]
    busy = median(shares) if shares else None  # the mean would count the moment in which they fill up
    p95, model = _last(samples, "p95_s"), _last(samples, "model_s")
    evidence: dict[str, float | None] = {
        "sent_share": sent_share,
        "limited": _last(samples, "limited"),
        "busy_share": busy,
        "model_s": model,
        "p95_s": p95,
        "database": _last(samples, "database"),
        "broker_s": _mean([each.broker_s for each in samples if each.broker_s is not None]),
    }
    signs: tuple[tuple[Bottleneck, bool], ...] = (
        ("generator", sent_share is not None and sent_share < SENT_SHARE),
        ("broker", (evidence["broker_s"] or 0.0) > BROKER_S),
        ("limit", (evidence["limited"] or 0.0) > settings.max_limited),
        ("database", (evidence["database"] or 0.0) > DATABASE_SHARE),
        ("workers", is_steady is False and (busy or 0.0) >= BUSY_SHARE),
        ("model", model is not None and model > MODEL_SHARE * settings.max_p95_s),
    )
    for name, is_seen in signs:
        if is_seen:
            return name, evidence
    is_well = is_steady is True and p95 is not None and p95 <= settings.max_p95_s
    return ("none" if is_well else "unknown"), evidence


def highest_steady(results: Sequence[StepResult]) -> StepResult | None:
    """The fastest step whose queue settled and that missed nothing, of those before the first that did."""
    best = None
    for each in results:
        if each.is_steady is not True or each.violations or each.bottleneck == "generator":
            break
        best = each
    return best


def _last(samples: Sequence[Sample], name: str) -> float | None:
    values: list[float] = [value for each in samples if (value := getattr(each, name)) is not None]
    return values[-1] if values else None


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
