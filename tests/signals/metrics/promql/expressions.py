"""Expressions for the comparison: every function and operator by name, and generated ones."""

from __future__ import annotations

import random
from pathlib import Path

_RANGE = [
    "rate",
    "increase",
    "delta",
    "irate",
    "idelta",
    "deriv",
    "resets",
    "changes",
    "sum_over_time",
    "avg_over_time",
    "min_over_time",
    "max_over_time",
    "count_over_time",
    "last_over_time",
    "present_over_time",
    "stddev_over_time",
    "stdvar_over_time",
    "absent_over_time",
]
_ELEMENT = [
    "abs",
    "sgn",
    "sqrt",
    "exp",
    "ln",
    "log2",
    "log10",
    "ceil",
    "floor",
    "round",
    "timestamp",
    "absent",
    "sin",
    "cos",
    "tan",
    "atan",
    "sinh",
    "cosh",
    "tanh",
    "asinh",
    "deg",
    "rad",
]
_CALENDAR = ("minute", "hour", "day_of_week", "day_of_month", "day_of_year", "days_in_month", "month", "year")
_SPANS = (
    "61s500ms",
    "303s500ms",
    "1021s500ms",
)  # never ends on a point of a subquery's grid (see capture.QUERY_TIMES)
_GROUP = ("sum", "avg", "min", "max", "count", "group", "stddev", "stdvar")
_OPERATOR = ("+", "-", "*", "/", "%", "^", "atan2", "==", "!=", ">", "<", ">=", "<=")
_SELECTORS = (
    "jobs_total",
    'jobs_total{code="500"}',
    'jobs_total{code=~"4..|5.."}',
    'jobs_total{instance!="a"}',
    "depth",
    'depth{queue!~"ai|x"}',
    "quota",
    'jobs_total{nope=""}',
    "missing",
)
_WINDOWS = ("1m", "5m", "17m", "40m")

EDGES = tuple((Path(__file__).parent / "edges.promql").read_text().splitlines())
"""One expression a line: what a function or operator does at its edges."""
PLAIN = tuple((Path(__file__).parent / "plain.promql").read_text().splitlines())
"""One expression a line: what no list of names below makes up."""

FIXED = (
    *EDGES,
    *PLAIN,
    *(f"{f}({s}[{w}])" for f in _RANGE for s in ("jobs_total", "depth") for w in _WINDOWS),
    *(f"{f}({s})" for f in _ELEMENT for s in ("jobs_total", "depth", "-depth", "quota / 7")),
    *(f"{f}({s})" for f in _CALENDAR for s in ("timestamp(depth) * 3", "jobs_total * 1e7", "-quota * 1e6")),
    *(
        f"{g} {b} ({s})"
        for g in _GROUP
        for b in ("", "by (code)", "without (instance)")
        for s in ("jobs_total", "depth")
    ),
    *(
        f"{a} {o} {b}"
        for o in _OPERATOR
        for a, b in (("depth", "quota * 3"), ("depth", "40"), ("40", "depth"), ("7", "3"))
        if not (o in "==!=><>=<=" and (a, b) == ("7", "3"))
    ),
    *(f"depth {o} bool 40" for o in ("==", "!=", ">", "<", ">=", "<=")),
    *(f"depth {o} ignoring(tier) quota" for o in _OPERATOR),
    *(f"jobs_total {o} on(instance) group_left sum by (instance) (jobs_total)" for o in ("/", ">", "-")),
    *(f"sum by (instance) (jobs_total) {o} on(instance) group_right jobs_total" for o in ("/", "<", "-")),
    *(f"{k}({n}, {s})" for k in ("topk", "bottomk") for n in (0, 1, 2, 99) for s in ("jobs_total", "depth")),
    *(f"quantile({q}, {s})" for q in (-1, 0, 0.3, 0.5, 0.95, 1, 2) for s in ("jobs_total", "depth")),
    *(f"quantile_over_time({q}, depth[10m])" for q in (-0.1, 0, 0.2, 0.9, 1, 1.5)),
    *(f"predict_linear({s}[15m], {t})" for s in ("depth", "jobs_total") for t in (0, 600, 3600)),
    *(
        f"histogram_quantile({q}, {e})"
        for q in (-1, 0, 0.1, 0.5, 0.9, 0.99, 1, 2)
        for e in (
            "took_bucket",
            "rate(took_bucket[5m])",
            "sum by (le) (rate(took_bucket[10m]))",
            "rate(took_bucket[20s])",
        )
    ),
)


def generated(count: int, seed: int = 11) -> list[str]:
    """Well-typed instant-vector expressions, nested up to three deep."""
    chance = random.Random(seed)
    return [_vector(chance, 3) for _ in range(count)]


def _vector(chance: random.Random, depth: int) -> str:
    if depth == 0:
        return chance.choice(_SELECTORS)
    kind = chance.randrange(7)

    def inner() -> str:
        return _vector(chance, depth - 1)

    if kind == 0:
        return f"{chance.choice(_RANGE[:-1])}({chance.choice(_SELECTORS)}[{chance.choice(_WINDOWS)}])"
    if kind == 1:
        return f"{chance.choice(_ELEMENT[:11])}({inner()})"
    if kind == 2:
        by = chance.choice(("", "by (code)", "by (queue, instance)", "without (code)"))
        return f"{chance.choice(_GROUP)} {by} ({inner()})"
    if kind == 3:
        return f"({inner()}) {chance.choice(_OPERATOR)} {chance.choice(('2', '0.5', '40', '-3'))}"
    if kind == 4:
        return f"({inner()}) {chance.choice(('and', 'or', 'unless'))} ({inner()})"
    if kind == 5:
        return f"({inner()}) {chance.choice(_OPERATOR[:5])} ({inner()})"
    return f"{chance.choice(('avg_over_time', 'max_over_time', 'delta', 'deriv'))}(({inner()})[{chance.choice(_SPANS)}:{chance.choice(('30s', '1m'))}])"
