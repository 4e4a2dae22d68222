"""sum, avg, min, max, count, group, stddev, stdvar, topk, bottomk, quantile and count_values, by or without.

Sums, means and variances are not rounded between the terms.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import BadQuery, NotSupported
from core.message import say
from signals.metrics.promql.values import (
    Result,
    Scalar,
    Text,
    Vector,
    distinct,
    empty,
    keep,
    label_name,
    leave_out,
    with_label,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from signals.metrics.promql.values import Floats, Mask
    from signals.reading import Labels


def aggregate(operator: str, modifier: Any, parameter: Result | None, vector: Vector) -> Vector:
    """Apply an aggregation operator. Raises `NotSupported` by its name."""
    if operator in ("topk", "bottomk") and not (np.abs(_scalar(operator, parameter)) < 2**63).all():
        raise BadQuery(say("promql.not_a_count"))
    if operator not in (*_REDUCERS, "topk", "bottomk", "count_values", "quantile"):
        raise NotSupported(say("promql.not_supported", what=operator))
    if not vector.labels:
        return empty(vector.values.shape[1])
    groups: dict[Labels, list[int]] = {}
    group_of = _grouping(modifier)
    for row, labels in enumerate(vector.labels):
        groups.setdefault(group_of(labels), []).append(row)
    if operator in ("topk", "bottomk"):
        return _ranked(vector, groups, _scalar(operator, parameter), largest=operator == "topk")
    if operator == "count_values":
        return _count_values(vector, groups, parameter)
    if operator == "quantile":
        level = _scalar(operator, parameter)
        reduce: Callable[[Floats, Mask], Floats] = lambda v, p: _quantile(v, p, level)  # noqa: E731
    else:
        reduce = _REDUCERS[operator]
    values = np.array([reduce(vector.values[rows], vector.present[rows]) for rows in groups.values()])
    present = np.array([vector.present[rows].any(axis=0) for rows in groups.values()])
    return distinct(list(groups), values, present)


def exact_sum(values: list[float]) -> float:
    """The sum, rounded once (Shewchuk, as `math.fsum`); infinities as IEEE 754 says."""
    try:
        return math.fsum(values)
    except (OverflowError, ValueError):  # intermediate overflow; inf - inf
        return sum(values)


def mean(values: list[float]) -> float:
    """The mean; the sum may overflow where the mean need not. Equal values have themselves, without rounding."""
    if values.count(values[0]) == len(values):
        return values[0]
    summed = exact_sum(values)
    if math.isinf(summed) and all(map(math.isfinite, values)):
        return exact_sum([value / len(values) for value in values])
    return summed / len(values)


def variance(values: list[float]) -> float:
    """The variance of the population."""
    middle = mean(values)
    return exact_sum([(value - middle) * (value - middle) for value in values]) / len(values)


def quantile_of(level: float, values: Floats) -> float:
    """The quantile between ranks `level × (n - 1)`, linear (prometheus/prometheus, promql/quantile.go)."""
    if not len(values) or math.isnan(level):
        return math.nan
    if level < 0:
        return -math.inf
    if level > 1:
        return math.inf
    ordered = np.sort(values)
    nans = int(np.isnan(ordered).sum())
    if nans:  # NaN sorts first in Prometheus, last in numpy
        ordered = np.concatenate([ordered[-nans:], ordered[:-nans]])
    rank = level * (len(ordered) - 1)
    low = max(0, math.floor(rank))
    high = min(len(ordered) - 1, low + 1)
    weight = rank - math.floor(rank)
    return float(ordered[low] * (1 - weight) + ordered[high] * weight)


def _grouping(modifier: Any) -> Callable[[Labels], Labels]:
    if modifier is None:
        return lambda _: ()
    from promql_parser import AggModifierType

    named = frozenset(modifier.labels)
    if modifier.type == AggModifierType.By:
        return lambda labels: keep(labels, named)
    unwanted = named | {"__name__"}
    return lambda labels: leave_out(labels, unwanted)


def _per_time(function: Callable[[list[float]], float]) -> Callable[[Floats, Mask], Floats]:
    """A reducer that sees, for each time, the values that are there."""

    def reduce(values: Floats, present: Mask) -> Floats:
        columns = values.T.tolist()
        if not present.all():
            columns = [
                [value for value, is_present in zip(column, mask, strict=True) if is_present]
                for column, mask in zip(columns, present.T.tolist(), strict=True)
            ]
        return np.array([function(column) if column else 0.0 for column in columns])

    return reduce


_REDUCERS: dict[str, Callable[[Floats, Mask], Floats]] = {
    "sum": _per_time(exact_sum),
    "avg": _per_time(mean),
    "min": lambda values, present: np.fmin.reduce(np.where(present, values, np.nan), axis=0),
    "max": lambda values, present: np.fmax.reduce(np.where(present, values, np.nan), axis=0),
    "count": lambda _, present: present.sum(axis=0).astype(np.float64),
    "group": lambda _, present: np.ones(present.shape[1]),
    "stddev": _per_time(lambda values: math.sqrt(variance(values))),
    "stdvar": _per_time(variance),
}


def _quantile(values: Floats, present: Mask, level: Floats) -> Floats:
    return np.array([quantile_of(float(level[c]), values[rows, c]) for c, rows in enumerate(present.T)])


def _scalar(operator: str, parameter: Result | None) -> Floats:
    if isinstance(parameter, Scalar):
        return parameter.values
    raise BadQuery(say("promql.wants_scalar", what=operator))


def _ranked(vector: Vector, groups: dict[Labels, list[int]], wanted: Floats, *, largest: bool) -> Vector:
    present = np.zeros_like(vector.present)
    order: dict[int, None] = {}
    for rows in groups.values():
        for column in range(vector.values.shape[1]):
            present_rows = [row for row in rows if vector.present[row, column]]
            ranked = sorted(
                present_rows, key=lambda row: _rank(vector.values[row, column], largest=largest)
            )  # used at once
            chosen = ranked[: max(0, int(min(wanted[column], len(ranked))))]
            present[chosen, column] = True
            order.update(dict.fromkeys(chosen))
    rows = list(order)
    return Vector([vector.labels[row] for row in rows], vector.values[rows], present[rows])


def _rank(value: float, *, largest: bool) -> tuple[bool, float]:
    return math.isnan(value), 0.0 if math.isnan(value) else (-value if largest else value)


def _count_values(vector: Vector, groups: dict[Labels, list[int]], parameter: Result | None) -> Vector:
    from signals.metrics.prometheus_api import format_value

    if not isinstance(parameter, Text):
        raise BadQuery(say("promql.wants_label"))
    label_name(parameter.text)
    counts: dict[Labels, Floats] = {}
    for group, rows in groups.items():
        for row in rows:
            for column in np.flatnonzero(vector.present[row]):
                labels = with_label(group, parameter.text, format_value(float(vector.values[row, column])))
                counts.setdefault(labels, np.zeros(vector.values.shape[1]))[column] += 1
    table = np.array(list(counts.values()))
    return Vector(list(counts), table, table > 0)
