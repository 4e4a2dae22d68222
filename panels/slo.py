"""Adds to a panel what its objective says: burn rates by window, the budget left, and when it will be gone."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from panels.burn import BUDGET_WINDOW, PAIRS, WINDOWS, Count, budget_left, burn_rate, exhausted_in, judge_pair
from panels.judge import ORDER
from panels.quantity import quantity
from panels.state import PanelState, Part, Row
from signals.message import say
from signals.reading import Answer, Reading, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from panels.settings import Objective
    from signals.errors import SourceError
    from signals.message import Message

Asked = tuple["Answer | SourceError", "Answer | SourceError"]
"""The answers for the bad requests and for all of them."""


def with_objective(
    state: PanelState, objective: Objective, asked: Mapping[str, Asked], covered_s: float | None
) -> PanelState:
    """The panel with its burn rates. `covered_s` is how much history the source has, None when it has all."""
    counts = {
        window: Count(bad, total)
        for window, pair in asked.items()
        if not math.isnan(total := _value(pair[1])) and not math.isnan(bad := _value(pair[0]))
    }
    if not any(count.total > 0 for count in counts.values()):
        return state
    target, verdict, reason = objective.target, state.verdict, state.reason
    rows = []
    for pair in PAIRS:
        judged = judge_pair(pair, counts, target, objective.fewest)
        rates = [_rate(counts.get(window), target) for window in (pair.long, pair.short)]
        seen = _seen(pair.long, covered_s)
        text = say("panels.burn_row", long=pair.long, short=pair.short, seen=seen)
        limit = say("panels.burn_limit", factor=f"{pair.factor:g}")
        rows.append(Row((text, say("panels.burn_rates", long=rates[0], short=rates[1]), limit), judged))
        if ORDER.index(judged) < ORDER.index(verdict):
            key = "panels.burn_few" if judged is Verdict.UNKNOWN else "panels.burn_over"
            verdict = judged
            reason = say(
                key,
                long=pair.long,
                short=pair.short,
                factor=f"{pair.factor:g}",
                fewest=f"{objective.fewest:g}",
            )
    parts = list(state.parts)
    if "1h" in counts:
        parts.append(Part(say("panels.burn_part", rate=_rate(counts["1h"], target)), 3))
    whole = counts.get(BUDGET_WINDOW)
    if whole is not None and whole.total > 0:
        left = quantity(budget_left(whole, target), "ratio")
        parts.append(Part(say("panels.budget_part", left=left), 2))
        rows.append(
            Row((say("panels.budget_row", seen=_seen(BUDGET_WINDOW, covered_s)), left, _gone(counts, target)))
        )
    readings = tuple(
        Reading(f"burn {window}", burn_rate(count, target), "none", state.at, _source(asked[window]),
                objective.bad.replace("$window", window))
        for window, count in counts.items() if count.total > 0
    )  # fmt: skip
    return replace(
        state, verdict=verdict, reason=reason, parts=tuple(parts),
        rows=(*state.rows, *rows), readings=(*state.readings, *readings),
    )  # fmt: skip


def _value(answer: Answer | SourceError) -> float:
    return answer.series[0].values[-1] if isinstance(answer, Answer) and answer.series else math.nan


def _source(pair: Asked) -> str:
    return pair[1].source if isinstance(pair[1], Answer) else ""


def _rate(count: Count | None, target: float) -> str:
    rate = math.nan if count is None else burn_rate(count, target)
    return "–" if math.isnan(rate) else f"{rate:.1f}×"


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
