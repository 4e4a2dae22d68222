"""Adds to a panel what its objectives say, service by service: burn rates, the budget left, and when it is gone."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from core.message import say
from core.units import quantity
from panels.burn_rate import (
    BUDGET_WINDOW,
    PAIRS,
    WINDOWS,
    Count,
    budget_left,
    burn_rate,
    exhausted_in,
    judge_pair,
)
from panels.limits import ORDER, worst
from panels.naming import display_name
from panels.state import PanelState, Part, Row
from signals.reading import Answer, Reading, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.errors import SourceError
    from core.message import Message
    from panels.spec import Objective

Asked = tuple["Answer | SourceError", ...]
"""The answers for one window: bad requests and all of them, or the buckets alone."""
SLOWEST_S = 300.0
"""No window is asked about more seldom than every five minutes."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Requests by service and window. `bounds` are the buckets around an objective that no bucket's bound equals."""

    by_service: Mapping[str, Mapping[str, Count]]
    bounds: tuple[float, float] | None = None


def max_age_s(window: str, covered_s: float | None) -> float:
    """How long the counts of a window may be used again: a sixtieth of what was seen of it."""
    seen_s = WINDOWS[window] if covered_s is None else min(covered_s, WINDOWS[window])
    return min(SLOWEST_S, seen_s / 60)


def count(objective: Objective, asked: Mapping[str, Asked]) -> Counted:
    """The requests that the answers tell of; a window without an answer is left out."""
    found: dict[str, dict[str, Count]] = {}
    bounds = None
    for window, answers in asked.items():
        if objective.buckets:
            counts, around = _from_buckets(objective, answers[0])
            bounds = bounds or around
        else:
            bad, total = (_by_service(objective, one) for one in answers)
            counts = {name: Count(bad[name], total[name]) for name in total if name in bad}
        for name, one in counts.items():
            found.setdefault(name, {})[window] = one
    return Counted(found, bounds)


def with_objective(
    state: PanelState, objective: Objective, asked: Mapping[str, Asked], covered_s: float | None
) -> PanelState:
    """The panel with one objective. `covered_s` is how much history the source has, None when it has all."""
    counted = count(objective, asked)
    if counted.bounds is not None:
        return _unanswerable(state, objective, counted.bounds)
    services = {
        name: counts
        for name, counts in counted.by_service.items()
        if any(one.total > 0 for one in counts.values())
    }
    if not services:
        return state
    judged = {name: _judge(objective, counts, covered_s) for name, counts in services.items()}
    first = min(services, key=lambda name: (ORDER.index(judged[name][0]), -_burn(services[name], objective)))
    verdict, reason = state.verdict, state.reason
    if ORDER.index(judged[first][0]) < ORDER.index(verdict):
        verdict, reason = judged[first][0], judged[first][1]
        if first:
            reason = say("panels.of_service", service=first, reason=reason)
    rows = [
        row
        for name in services
        for row in _service_rows(objective, name, services[name], judged[name][0], covered_s)
    ]
    parts = [*state.parts, *_parts(objective, services[first])]
    return replace(
        state, verdict=verdict, reason=reason, parts=tuple(parts),
        rows=(*state.rows, *rows, *_pair_rows(objective, services[first], covered_s)),
        readings=(*state.readings, *_readings(objective, services, asked, covered_s)),
    )  # fmt: skip


def _judge(
    objective: Objective, counts: Mapping[str, Count], covered_s: float | None
) -> tuple[Verdict, Message]:
    """The worst of the pairs, and its sentence."""
    found = (Verdict.OK, say("panels.within_limits"))
    for pair in PAIRS:
        verdict = judge_pair(pair, counts, objective.target, objective.fewest)
        if ORDER.index(verdict) < ORDER.index(found[0]):
            key = "panels.burn_few" if verdict is Verdict.UNKNOWN else "panels.burn_over"
            if pair.long not in counts or pair.short not in counts:
                key = "panels.burn_unknown"
            factor, fewest = f"{pair.factor:g}", f"{objective.fewest:g}"
            found = verdict, say(
                key, name=display_name(objective), long=pair.long, short=pair.short, factor=factor, fewest=fewest,
                seen=_seen(pair.long, covered_s),
            )  # fmt: skip
    return found


def _service_rows(
    objective: Objective, service: str, counts: Mapping[str, Count], verdict: Verdict, covered_s: float | None
) -> list[Row]:
    """What is left of the budget, and how long it lasts."""
    whole = counts.get(BUDGET_WINDOW)
    if whole is None or not whole.total > 0:
        return []
    left = budget_left(whole, objective.target)
    name = say("panels.budget_row", service=service, name=display_name(objective))
    gone = verdict if left > 0 else worst([verdict, Verdict.WARN])
    cells = (name, quantity(left, "ratio"), _gone(counts, objective.target))
    return [Row((*cells, *_seen_cell(BUDGET_WINDOW, covered_s)), gone, service)]


def _pair_rows(objective: Objective, counts: Mapping[str, Count], covered_s: float | None) -> list[Row]:
    rows = []
    for pair in PAIRS:
        rates = [_rate(counts.get(window), objective.target) for window in (pair.long, pair.short)]
        text = say("panels.burn_row", name=display_name(objective), long=pair.long, short=pair.short)
        limit = say("panels.burn_limit", factor=f"{pair.factor:g}")
        judged = judge_pair(pair, counts, objective.target, objective.fewest)
        cells = (text, say("panels.burn_rates", long=rates[0], short=rates[1]), limit)
        rows.append(Row((*cells, *_seen_cell(pair.long, covered_s)), judged))
    return rows


def _parts(objective: Objective, counts: Mapping[str, Count]) -> list[Part]:
    parts = []
    whole = counts.get(BUDGET_WINDOW)
    if whole is not None and whole.total > 0:
        left = quantity(budget_left(whole, objective.target), "ratio")
        parts.append(Part(say("panels.budget_part", name=display_name(objective), left=left), objective.rank))
    if "1h" in counts:
        rate = _rate(counts["1h"], objective.target)
        parts.append(
            Part(say("panels.burn_part", name=display_name(objective), rate=rate), objective.rank + 1)
        )
    return parts


def _readings(
    objective: Objective,
    services: Mapping[str, Mapping[str, Count]],
    asked: Mapping[str, Asked],
    covered_s: float | None,
) -> tuple[Reading, ...]:
    """The burn rates, each as old as the answer that it comes from."""
    found = []
    for service, counts in services.items():
        for window, one in counts.items():
            answer = asked[window][-1]
            if one.total > 0 and isinstance(answer, Answer):
                name = " ".join(filter(None, (objective.name, "burn", window, service)))
                query = (objective.buckets or objective.bad).replace("$window", window)
                rate = burn_rate(one, objective.target)
                found.append(
                    Reading(
                        name,
                        rate,
                        "none",
                        answer.at,
                        answer.source,
                        query,
                        every_s=max_age_s(window, covered_s),
                        called=say(
                            "panels.reading_burn",
                            name=display_name(objective),
                            window=window,
                            service=service,
                        ),
                    )
                )
    return tuple(found)


def _unanswerable(state: PanelState, objective: Objective, bounds: tuple[float, float]) -> PanelState:
    """No bucket ends where the objective does: the share of good requests can't be known."""
    near = " / ".join("–" if math.isinf(bound) else f"{bound:g}" for bound in bounds)
    reason = say(
        "panels.no_such_bound", name=display_name(objective), bound=f"{objective.bound:g}", near=near
    )
    row = Row((display_name(objective), reason), Verdict.UNKNOWN)
    verdict = worst([state.verdict, Verdict.UNKNOWN])
    return replace(
        state,
        verdict=verdict,
        reason=state.reason if verdict is state.verdict else reason,
        rows=(*state.rows, row),
    )


def _from_buckets(
    objective: Objective, answer: Answer | SourceError
) -> tuple[dict[str, Count], tuple[float, float] | None]:
    """Requests slower than the bound are bad. Without a bucket that ends there: the bounds around it."""
    counts: dict[str, dict[float, float]] = {}
    for series in answer.series if isinstance(answer, Answer) else ():
        labels = dict(series.labels)
        bucket = float(labels.get("le", "nan"))
        counts.setdefault(labels.get(objective.by, ""), {})[bucket] = series.values[-1]
    found = {}
    for name, buckets in counts.items():
        total = buckets.get(math.inf, math.nan)
        good = buckets.get(objective.bound)
        if good is None:
            below = [bound for bound in buckets if bound < objective.bound]
            above = [bound for bound in buckets if bound > objective.bound]
            return {}, (max(below, default=-math.inf), min(above, default=math.inf))
        if not math.isnan(total):
            found[name] = Count(max(0.0, total - good), total)
    return found, None


def _by_service(objective: Objective, answer: Answer | SourceError) -> dict[str, float]:
    if not isinstance(answer, Answer):
        return {}
    found = {dict(one.labels).get(objective.by, ""): one.values[-1] for one in answer.series}
    return {name: value for name, value in found.items() if not math.isnan(value)}


def _burn(counts: Mapping[str, Count], objective: Objective) -> float:
    rates = [
        burn_rate(one, objective.target) for window, one in counts.items() if window in ("5m", "1h", "6h")
    ]
    return max((rate for rate in rates if not math.isnan(rate)), default=0.0)


def _rate(one: Count | None, target: float) -> str:
    rate = math.nan if one is None else burn_rate(one, target)
    return "–" if math.isnan(rate) else f"{rate:.1f}×"


def _seen_cell(window: str, covered_s: float | None) -> tuple[Message, ...]:
    """The same as a cell of its own, behind what it is about; none where all of the window was seen."""
    seen = _seen(window, covered_s)
    return (say("panels.only_seen_cell", **seen.values),) if seen.values.get("span") else ()


def _seen(window: str, covered_s: float | None) -> Message:
    """A window that is longer than the history says how much of it was seen."""
    if covered_s is None or covered_s >= WINDOWS[window]:
        return say("panels.text", text="")
    return say("panels.only_seen", span=quantity(covered_s, "s"))


def _gone(counts: Mapping[str, Count], target: float) -> Message:
    span = exhausted_in(counts, target)
    if span is None:
        return say("panels.not_spent")
    if span[1] == 0:
        return say("panels.budget_gone")
    if math.isinf(span[1]):
        return say("panels.gone_from", early=quantity(span[0], "s"))
    return say("panels.gone_in", early=quantity(span[0], "s"), late=quantity(span[1], "s"))
