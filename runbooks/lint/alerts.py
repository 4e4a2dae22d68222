"""The alerts that a runbook speaks of, against the rules that are evaluated: do they exist, and with these thresholds."""

from __future__ import annotations

import math
import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from core.errors import BadQuery
from core.message import say
from core.text import clean
from runbooks.lint.finding import Finding
from runbooks.model import Paragraph

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from runbooks.model import Runbook
    from runbooks.reading.read import Parsed
    from signals.alerts.model import AlertRule

_NUMBER = re.compile(
    r"(?:[><≥≤＞＜]=?|\b(?:over|above|below|under|exceeds|more than|less than)\b|超过|大于|高于|低于|小于)\s*"
    r"(\d+(?:[.,]\d+)?)\s*(?:(?P<percent>[%％])|(?P<ms>ms\b|毫秒)|(?P<min>min(?:utes?)?\b|分钟)"
    r"|(?P<h>h(?:ours?)?\b|小时)|(?P<s>s(?:ec|econds?)?\b|秒))?",
    re.IGNORECASE,
)
_FACTORS = {"percent": 0.01, "ms": 0.001, "min": 60.0, "h": 3600.0, "s": 1000.0}
"""What the number may be multiplied by to be in the unit of the rule, which nobody writes down."""
_COMPARISONS = (">", "<", ">=", "<=", "==", "!=")


def lint_alerts(parsed: Parsed, rules: Sequence[AlertRule]) -> list[Finding]:
    """Alerts that no rule has, and thresholds in the text beside an alert's name that are not those of its rule."""
    by_name: dict[str, list[AlertRule]] = {}
    for rule in rules:
        by_name.setdefault(rule.name, []).append(rule)
    return [*_unknown(parsed, by_name), *_thresholds(parsed.runbook, by_name)]


def _unknown(parsed: Parsed, rules: Mapping[str, Sequence[AlertRule]]) -> Iterator[Finding]:
    for name in parsed.runbook.alerts:
        if name not in rules:
            near = get_close_matches(name, rules, n=1)
            fix = say("lint.did_you_mean", name=near[0]) if near else None
            line = parsed.lines.get("alerts", 1)
            message = say("lint.unknown_alert", name=clean(name, 80))
            yield Finding(parsed.runbook.file, line, "unknown-alert", message, "likely", fix=fix)


def _thresholds(runbook: Runbook, rules: Mapping[str, Sequence[AlertRule]]) -> Iterator[Finding]:
    for file, line, text in _texts(runbook):
        for name in rules:
            if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is None:
                continue
            numbers = list(_NUMBER.finditer(text))
            known = [value for rule in rules[name] for value in thresholds(rule.expr)]
            if len(numbers) == 1 and known and not any(_is_same(numbers[0], value) for value in known):
                rule = rules[name][0]
                message = say("lint.threshold", name=name, said=numbers[0][0].strip(), rule=f"{known[0]:g}")
                evidence = clean(f"{rule.place}: {rule.expr}", 300)
                yield Finding(file, line, "threshold", message, "likely", evidence)


def _texts(runbook: Runbook) -> Iterator[tuple[str, int, str]]:
    """Every text with the line of what it stands in."""
    for phase in runbook.phases:
        yield runbook.file, phase.line, phase.title
        for step in phase.steps:
            yield step.file, step.line, step.text
            for block in step.blocks:
                if isinstance(block, Paragraph):
                    yield step.file, step.line, block.text


def thresholds(expr: str) -> list[float]:
    """The numbers that the expression compares with."""
    from signals.metrics.promql.parse import parse

    try:
        return list(_compared(parse(expr)))
    except BadQuery:
        return []


def _compared(node: Any) -> Iterator[float]:  # the grammar's classes have no common type
    left, right = getattr(node, "lhs", None), getattr(node, "rhs", None)
    if str(getattr(node, "op", "")) in _COMPARISONS:
        yield from (value for side in (left, right) if (value := _number(side)) is not None)
    for child in (left, right, getattr(node, "expr", None)):
        if child is not None:
            yield from _compared(child)


def _number(node: Any) -> float | None:
    value = getattr(node, "val", None)
    if isinstance(value, float):
        return value
    inner = getattr(node, "expr", None)
    if inner is None:
        return None
    number = _number(inner)
    return -number if number is not None and type(node).__name__ == "UnaryExpr" else number


def _is_same(stated: re.Match[str], value: float) -> bool:
    number, factor = float(stated[1].replace(",", ".")), _FACTORS.get(stated.lastgroup or "", 1.0)
    return math.isclose(number, abs(value)) or math.isclose(number * factor, abs(value))
