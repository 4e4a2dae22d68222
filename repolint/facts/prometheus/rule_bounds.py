"""The one comparison of each alert rule, in base units, so that what a sentence says can be held against it."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from repolint.facts.prometheus.promql import comparisons, named, tree
from repolint.facts.rule_files import rules

if TYPE_CHECKING:
    from repolint.facts.manual.limits import Kind, Limit
    from repolint.facts.rule_files import RuleAt
    from repolint.project import Project

SERIES_ENDING = re.compile(r"_(bucket|sum|count)$")


@dataclass(frozen=True, slots=True)
class Bound:
    """The one comparison of an alert rule, in base units; `metric` when just one is compared.

    `quantile` is that of a `histogram_quantile` (0.95), None where there is none.
    """

    rule: RuleAt
    value: float
    kind: Kind
    more: bool
    metric: str
    windows: tuple[float, ...]
    quantile: float | None = None

    def text(self) -> str:
        """As a person writes it: `> 10 s`."""
        unit = {"time": " s", "share": "", "money": " USD", "plain": ""}[self.kind]
        return f"{'>' if self.more else '<'} {self.value:g}{unit}"


def bounds_of_rules(project: Project) -> tuple[Bound, ...]:
    """Alert rules that compare exactly one thing with exactly one number."""
    bounds = []
    for rule in project.fact(rules):
        node = tree(rule.expr) if rule.kind == "alert" else None
        compared = comparisons(node) if node is not None else []
        if len(compared) != 1 or compared[0].operator in ("==", "!="):
            continue
        comparison = compared[0]
        names = {selector.name for selector in named(comparison.node)}
        kind, factor = _unit(names, str(comparison.node), comparison.value)
        windows = tuple(_seconds(text) for text in re.findall(r"\[(\w+)", rule.expr))
        metric = (
            SERIES_ENDING.sub("", names.pop()) if len(names) == 1 and "/" not in str(comparison.node) else ""
        )
        share = re.search(r"histogram_quantile\(\s*(0?\.\d+)", rule.expr)
        more = comparison.operator in (">", ">=")
        quantile = float(share[1]) if share else None
        bounds.append(Bound(rule, comparison.value * factor, kind, more, metric, windows, quantile))
    return tuple(bounds)


def _unit(names: set[str], expr: str, value: float) -> tuple[Kind, float]:  # noqa: PLR0911  # the first sign decides
    """What is compared, and what its number has to be multiplied by."""
    text, expr = " ".join(names), re.sub(r'"[^"]*"', "", expr)
    if re.search(r"/(?!\s*\d)", expr):
        if re.search(r"_seconds_sum\b", text) and re.search(r"_seconds_count\b", text):
            return "time", 1.0
        if re.search(r"\*\s*100\b|\b100\s*\*", expr):
            return "share", 0.01
        return ("share", 1.0) if value <= 1 else ("plain", 1.0)
    if re.search(r"_(usd|cost|dollars)", text):
        return "money", 1.0
    counted = "histogram_quantile" not in expr and re.search(r"\b(rate|irate|increase|count)\b", expr)
    if counted:
        return "plain", 1.0
    for ending, kind, factor in _UNITS:
        if re.search(ending, text):
            return kind, factor
    return "plain", 1.0


_UNITS: tuple[tuple[str, Kind, float], ...] = (
    (r"_(milliseconds|ms)(_bucket)?\b", "time", 0.001),
    (r"_seconds(_bucket)?\b", "time", 1.0),
    (r"_(ratio|share)\b", "share", 1.0),
    (r"_percent(age)?\b", "share", 0.01),
)


def comparable(limit: Limit, bound: Bound) -> bool:
    """Whether a limit of a text speaks of the same kind of value and of the same side."""
    return (
        same_kind(limit, bound)
        and limit.more in (None, bound.more)
        and (limit.more is not None or limit.kind == "money")
    )


_PERCENTILE = re.compile(
    r"(?<![a-z0-9])p(\d{2,3})(?!\d)|\b(\d{2})(?:th|st|nd|rd)[ -]percentile|(\d{2})\s*分位|(median|中位)",
    re.IGNORECASE,
)


def same_quantile(text: str, bound: Bound) -> bool:
    """Whether a text that names a percentile names the rule's (P99 is another limit than P95)."""
    named = _PERCENTILE.findall(text)
    if not named or bound.quantile is None:
        return True
    digits = [first or second or third or "5" for first, second, third, _ in named]
    return any(equal(float("0." + digit), bound.quantile) for digit in digits)


def same_kind(limit: Limit, bound: Bound) -> bool:
    """Whether both are times, shares, money or plain numbers."""
    return limit.kind == bound.kind or (
        {limit.kind, bound.kind} == {"money", "plain"} and bound.kind == "money"
    )


def equal(left: float | None, right: float) -> bool:
    """But for rounding."""
    return left is not None and math.isclose(left, right, rel_tol=1e-6, abs_tol=1e-12)


def _seconds(text: str) -> float:
    from core.times import parse_duration

    try:
        return parse_duration(text)
    except ValueError:
        return math.nan
