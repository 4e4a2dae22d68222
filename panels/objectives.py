"""How many requests an objective had, and how many missed it: by service and window, from counters or from buckets."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from panels.burn_rate import Count
from signals.reading import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.errors import SourceError
    from panels.spec import Objective

Counts = tuple["Answer | SourceError", ...]
"""The answers for one window: bad requests and all of them, or the buckets alone."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Requests by service and window. `bounds` are the buckets around an objective that no bucket's bound equals."""

    by_service: Mapping[str, Mapping[str, Count]]
    bounds: tuple[float, float] | None = None


def count_queries(objective: Objective, window: str) -> tuple[str, ...]:
    """What is asked for one window (a PromQL duration)."""
    exprs = (objective.buckets,) if objective.buckets else (objective.bad, objective.total)
    return tuple(expr.replace("$window", window) for expr in exprs)


def count_requests(objective: Objective, asked: Mapping[str, Counts]) -> Counted:
    """The requests that the answers tell of; a window without an answer is left out."""
    by_service: dict[str, dict[str, Count]] = {}
    bounds = None
    for window, answers in asked.items():
        if objective.buckets:
            counts, around = _from_buckets(objective, answers[0])
            bounds = bounds or around
        else:
            bad, total = (_by_service(objective, answer) for answer in answers)
            counts = {name: Count(bad[name], total[name]) for name in total if name in bad}
        for name, requests in counts.items():
            by_service.setdefault(name, {})[window] = requests
    return Counted(by_service, bounds)


def _from_buckets(
    objective: Objective, answer: Answer | SourceError
) -> tuple[dict[str, Count], tuple[float, float] | None]:
    """Requests slower than the bound are bad. Without a bucket that ends there: the bounds around it."""
    counts: dict[str, dict[float, float]] = {}
    for series in answer.series if isinstance(answer, Answer) else ():
        labels = dict(series.labels)
        bucket = float(labels.get("le", "nan"))
        counts.setdefault(labels.get(objective.by, ""), {})[bucket] = series.values[-1]
    by_service = {}
    for name, buckets in counts.items():
        total = buckets.get(math.inf, math.nan)
        good = buckets.get(objective.bound)
        if good is None:
            below = [bound for bound in buckets if bound < objective.bound]
            above = [bound for bound in buckets if bound > objective.bound]
            return {}, (max(below, default=-math.inf), min(above, default=math.inf))
        if not math.isnan(total):
            by_service[name] = Count(max(0.0, total - good), total)
    return by_service, None


def _by_service(objective: Objective, answer: Answer | SourceError) -> dict[str, float]:
    if not isinstance(answer, Answer):
        return {}
    values = {dict(series.labels).get(objective.by, ""): series.values[-1] for series in answer.series}
    return {name: value for name, value in values.items() if not math.isnan(value)}
