"""Expressions for the comparison: every function and operator by name, and generated ones."""

from __future__ import annotations

import random
from pathlib import Path

_RANGE = ("rate", "increase", "delta", "irate", "idelta", "deriv", "resets", "changes", "sum_over_time", "avg_over_time",
          "min_over_time", "max_over_time", "count_over_time", "last_over_time", "present_over_time", "stddev_over_time",
          "stdvar_over_time", "absent_over_time")  # fmt: skip
_ELEMENT = ("abs", "sgn", "sqrt", "exp", "ln", "log2", "log10", "ceil", "floor", "round", "timestamp", "absent",
            "sin", "cos", "tan", "atan", "sinh", "cosh", "tanh", "asinh", "deg", "rad")  # fmt: skip
_CALENDAR = ("minute", "hour", "day_of_week", "day_of_month", "day_of_year", "days_in_month", "month", "year")
_SPANS = (
    "61s500ms",
    "303s500ms",
    "1021s500ms",
)  # never ends on a point of a subquery's grid (see capture.QUERY_TIMES)
_GROUP = ("sum", "avg", "min", "max", "count", "group", "stddev", "stdvar")
_OPERATOR = ("+", "-", "*", "/", "%", "^", "atan2", "==", "!=", ">", "<", ">=", "<=")
_SELECTORS = ("jobs_total", 'jobs_total{code="500"}', 'jobs_total{code=~"4..|5.."}', 'jobs_total{instance!="a"}', "depth",
              'depth{queue!~"ai|x"}', "quota", 'jobs_total{nope=""}', "missing")  # fmt: skip
_WINDOWS = ("1m", "5m", "17m", "40m")

EDGES = tuple((Path(__file__).parent / "edges.promql").read_text().splitlines())
"""One expression a line: what a function or operator does at its edges."""

FIXED = (
    *EDGES,
    *(f"{f}({s}[{w}])" for f in _RANGE for s in ("jobs_total", "depth") for w in _WINDOWS),
    *(f"{f}({s})" for f in _ELEMENT for s in ("jobs_total", "depth", "-depth", "quota / 7")),
    *(f"{f}({s})" for f in _CALENDAR for s in ("timestamp(depth) * 3", "jobs_total * 1e7", "-quota * 1e6")),
    *(f"{g} {b} ({s})" for g in _GROUP for b in ("", "by (code)", "without (instance)") for s in ("jobs_total", "depth")),
    *(f"{a} {o} {b}" for o in _OPERATOR for a, b in (("depth", "quota * 3"), ("depth", "40"), ("40", "depth"), ("7", "3")) if not (o in "==!=><>=<=" and (a, b) == ("7", "3"))),
    *(f"depth {o} bool 40" for o in ("==", "!=", ">", "<", ">=", "<=")),
    *(f"depth {o} ignoring(tier) quota" for o in _OPERATOR),
    *(f"jobs_total {o} on(instance) group_left sum by (instance) (jobs_total)" for o in ("/", ">", "-")),
    *(f"sum by (instance) (jobs_total) {o} on(instance) group_right jobs_total" for o in ("/", "<", "-")),
    "depth * on(queue) group_left(tier) quota", "quota - on(queue) group_right(tier) depth",
    "depth and on(queue) quota", "depth unless on(queue) quota", "depth or quota", "depth or on(queue) quota", "jobs_total and jobs_total > 100",
    *(f"{k}({n}, {s})" for k in ("topk", "bottomk") for n in (0, 1, 2, 99) for s in ("jobs_total", "depth")),
    "topk by (code) (1, jobs_total)", *(f"quantile({q}, {s})" for q in (-1, 0, 0.3, 0.5, 0.95, 1, 2) for s in ("jobs_total", "depth")),
    'count_values("value", jobs_total)', 'count_values by (code) ("value", floor(jobs_total / 10))',
    *(f"quantile_over_time({q}, depth[10m])" for q in (-0.1, 0, 0.2, 0.9, 1, 1.5)),
    *(f"predict_linear({s}[15m], {t})" for s in ("depth", "jobs_total") for t in (0, 600, 3600)),
    *(f"histogram_quantile({q}, {e})" for q in (-1, 0, 0.1, 0.5, 0.9, 0.99, 1, 2) for e in ("took_bucket", "rate(took_bucket[5m])", "sum by (le) (rate(took_bucket[10m]))", "rate(took_bucket[20s])")),
    "clamp(depth, 30, 60)", "clamp(depth, 60, 30)", "clamp_min(depth, 45)", "clamp_max(depth, 45)", "round(depth, 5)", "round(depth, 0.1)",
    "time()", "vector(3)", "scalar(depth)", 'scalar(depth{queue="ai"})', "pi()", "hour()", "day_of_week(vector(0))", '"text"', "1 / 0", "-1 / 0", "0 / 0",
    'absent(missing{a="b",c=~"d"})', 'absent_over_time(missing{a="b"}[5m])', "absent(depth)",
    'label_replace(depth, "q2", "$1-x", "queue", "(.).*")', 'label_replace(depth, "queue", "", "queue", "ai")', 'label_replace(depth, "new", "${1}$$", "queue", "(m.*)")',
    'label_join(jobs_total, "both", "-", "instance", "code")', "sort(depth)", "sort_desc(quota)",
    "rate(jobs_total[5m] offset 10m)", "jobs_total offset 7m", "depth @ 1700001000", "rate(jobs_total[5m] @ 1700002000)", "depth offset -1m", "sum(depth @ end())",
    "max_over_time(sum by (code) (rate(jobs_total[5m]))[20m:1m])", "avg_over_time(depth[10m:17s])", "rate(jobs_total[10m:30s] offset 3m)", "deriv(rate(jobs_total[2m])[15m:1m])", "min_over_time(vector(1)[5m:1m])",
    "-depth ^ 2", "2 ^ 3 ^ 2", "-2 ^ 2", "1 + 2 * 3 % 4", "depth > 40 and depth < 60 or quota", "1 == bool 1", 'jobs_total{code="200"} / ignoring(code) jobs_total{code="500"}',
    'sum(rate(jobs_total{code!="200"}[5m])) / sum(rate(jobs_total[5m])) > 0.005',
)  # fmt: skip


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
