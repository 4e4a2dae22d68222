"""Aggregation operators, by or without; groups of equal size are aggregated together, all times at once."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import BadQuery, NotSupported
from core.message import say
from signals.metrics.promql.quantiles import quantiles
from signals.metrics.promql.sums import mean, total
from signals.metrics.promql.values import (
    Result,
    Scalar,
    Text,
    Vector,
    column_parts,
    distinct,
    keep,
    label_name,
    leave_out,
    with_label,
)
from signals.store.label_sets import LabelSets

if TYPE_CHECKING:
    from collections.abc import Callable

    from signals.metrics.promql.values import Floats, Mask
    from signals.reading import Labels
    from signals.store.label_sets import Groups


def aggregate(operator: str, modifier: Any, parameter: Result | None, vector: Vector) -> Vector:
    """Apply an aggregation operator. Raises `NotSupported` by its name."""
    if operator in _CHOICES:
        wanted = _countable(operator, _scalar(operator, parameter))
        return _CHOICES[operator](vector, _groups(vector, modifier), wanted)
    if operator == "count_values":
        return _count_values(vector, modifier, parameter)
    if operator not in _REDUCERS and operator != "quantile":
        raise NotSupported(say("promql.not_supported", what=operator))
    levels = _scalar(operator, parameter) if operator == "quantile" else np.empty(0)
    groups = _groups(vector, modifier)
    shape = len(groups.labels), vector.values.shape[1]
    values, present = np.empty(shape), np.empty(shape, bool)
    for which, rows in groups.tables:
        for columns in column_parts(rows.size, shape[1]):
            own_values, own_present = vector.values[rows, columns], vector.present[rows, columns]
            present[which, columns] = np.logical_or.reduce(own_present, axis=0)
            if operator == "quantile":
                values[which, columns] = _quantile(own_values, own_present, levels[columns])
            else:
                values[which, columns] = _REDUCERS[operator](own_values, own_present)
    return distinct(groups.labels, values, present)


def _groups(vector: Vector, modifier: Any, counted: str = "") -> Groups:
    """By the modifier's labels, or without them; the label `counted` gets another value in each group."""
    if modifier is None:
        return vector.labels.grouped("all", lambda _: ())
    from promql_parser import AggModifierType

    named = frozenset(modifier.labels)
    if modifier.type == AggModifierType.By:
        named -= {counted}
        return vector.labels.grouped(("by", named), lambda labels: keep(labels, named))
    named |= {counted} - {""}
    unwanted = named | {"__name__"}
    return vector.labels.grouped(("without", named), lambda labels: leave_out(labels, unwanted))


def _scalar(operator: str, parameter: Result | None) -> Floats:
    if isinstance(parameter, Scalar):
        return parameter.values
    raise BadQuery(say("promql.wants_scalar", what=operator))


def _leaves_out(modifier: Any, label: str) -> bool:
    from promql_parser import AggModifierType

    return modifier is not None and modifier.type == AggModifierType.Without and label in modifier.labels


def _countable(operator: str, wanted: Floats) -> Floats:
    """How many series to keep, or which share; raises `BadQuery` for what is neither."""
    if np.isnan(wanted).any() or (operator != "limit_ratio" and not (np.abs(wanted) < 2**63).all()):
        raise BadQuery(say("promql.not_a_count"))
    return wanted


def _variance(values: Floats, present: Mask) -> Floats:
    """Of the population, by Welford, as Prometheus does it: equal values have none."""
    count = np.zeros(values.shape[1:])
    middle, squares = np.zeros_like(count), np.zeros_like(count)
    for own, there in zip(values, present, strict=True):
        count += there
        distance = np.where(there, own - middle, 0.0)
        middle += distance / np.maximum(count, 1)
        squares += distance * np.where(there, own - middle, 0.0)
    return np.asarray(squares / count)


_REDUCERS: dict[str, Callable[[Floats, Mask], Floats]] = {
    "sum": lambda values, present: total(np.where(present, values, 0.0)),
    "avg": lambda values, present: mean(
        np.where(present, values, 0.0), np.add.reduce(present, axis=0, dtype=np.float64)
    ),
    "min": lambda values, present: np.fmin.reduce(np.where(present, values, np.nan), axis=0),
    "max": lambda values, present: np.fmax.reduce(np.where(present, values, np.nan), axis=0),
    "count": lambda _, present: np.add.reduce(present, axis=0, dtype=np.float64),
    "group": lambda _, present: np.ones(present.shape[1:]),
    "stddev": lambda values, present: np.sqrt(_variance(values, present)),
    "stdvar": _variance,
}
"""What they make of groups of equal size, along the first axis: the members; then groups by times."""


def _quantile(values: Floats, present: Mask, levels: Floats) -> Floats:
    size, *shape = values.shape
    each = np.broadcast_to(levels, shape).ravel()
    return quantiles(each, values.reshape(size, -1).T, present.reshape(size, -1).T).reshape(shape)


def _ranked(vector: Vector, groups: Groups, wanted: Floats, *, largest: bool) -> Vector:
    """The k first of each group and time; of equal ones at the end of the line those that Prometheus' heap keeps."""
    chosen = np.zeros_like(vector.present)
    keys = -vector.values if largest else vector.values
    counts = np.maximum(wanted, 0).astype(np.int64)
    order: list[int] = []
    for _, rows in groups.tables:
        there = vector.present[rows]
        ranks = np.lexsort((keys[rows], ~there), axis=0)  # stable; NaN is last
        sizes = np.minimum(counts, np.add.reduce(there, axis=0))
        first = np.arange(len(rows))[:, None, None] < sizes
        members = np.take_along_axis(rows[:, :, None], ranks, axis=0)
        places = np.nonzero(first)
        chosen[members[places], places[2]] = True
        for group, column in np.argwhere((sizes > 0) & (sizes < np.add.reduce(there, axis=0))).tolist():
            line = keys[members[:, group, column], column]
            size = int(sizes[group, column])
            if line[size - 1] == line[size] or np.isnan(line[size - 1 : size + 1]).all():
                own = rows[there[:, group, column], group]
                chosen[own, column] = False
                chosen[[own[index] for index in _kept_by_heap(keys[own, column].tolist(), size)], column] = (
                    True
                )
        if chosen.shape[1] == 1:
            order += [row for group in members[:, :, 0].T.tolist() for row in group]
    alive = np.logical_or.reduce(chosen, axis=1)
    if not order:
        return Vector(vector.labels.only(alive), vector.values[alive], chosen[alive])
    kept = [row for row in order if alive[row]]
    return Vector(LabelSets(vector.labels[row] for row in kept), vector.values[kept], chosen[kept])


@dataclass(frozen=True, slots=True)
class _Worst:
    """In a heap, the worst is the first: the largest key, NaN before all."""

    key: float
    index: int

    def __lt__(self, other: _Worst) -> bool:
        return math.isnan(self.key) or self.key > other.key


def _kept_by_heap(keys: list[float], size: int) -> list[int]:
    """Which of the keys Prometheus keeps: its heap replaces its worst one when a better one comes."""
    heap: list[_Worst] = []
    for index, key in enumerate(keys):
        if len(heap) < size:
            _push(heap, _Worst(key, index))
        elif heap[0].key > key or (math.isnan(heap[0].key) and not math.isnan(key)):
            heap[0] = _Worst(key, index)
            _sink(heap)
    return [item.index for item in heap]


def _push(heap: list[_Worst], item: _Worst) -> None:
    """As Go's container/heap: Python's takes another path, and leaves equal ones elsewhere."""
    heap.append(item)
    child = len(heap) - 1
    while child and heap[child] < heap[(child - 1) // 2]:
        parent = (child - 1) // 2
        heap[child], heap[parent] = heap[parent], heap[child]
        child = parent


def _sink(heap: list[_Worst]) -> None:
    parent = 0
    while (child := 2 * parent + 1) < len(heap):
        if child + 1 < len(heap) and heap[child + 1] < heap[child]:
            child += 1
        if not heap[child] < heap[parent]:
            break
        heap[parent], heap[child] = heap[child], heap[parent]
        parent = child


def _first(vector: Vector, groups: Groups, wanted: Floats) -> Vector:
    """The first k of each group, in the order of their labels."""
    chosen = np.zeros_like(vector.present)
    for _, rows in groups.tables:
        there = vector.present[rows]
        chosen[rows] = there & (np.cumsum(there, axis=0) <= wanted)
    return distinct(vector.labels, vector.values, chosen)


def _sampled(vector: Vector, _: Groups, ratio: Floats) -> Vector:
    """The share of the series of which the hash of the labels is below the ratio; a negative one means the others."""
    from signals.metrics.promql.label_hash import offset_of

    offsets = np.array([offset_of(labels) for labels in vector.labels])[:, None]
    wanted = np.where(ratio >= 0, offsets < ratio, offsets >= 1 + ratio)
    return distinct(vector.labels, vector.values, vector.present & wanted)


_CHOICES: dict[str, Callable[[Vector, Groups, Floats], Vector]] = {
    "topk": lambda *given: _ranked(*given, largest=True),
    "bottomk": lambda *given: _ranked(*given, largest=False),
    "limitk": _first,
    "limit_ratio": _sampled,
}


def _count_values(vector: Vector, modifier: Any, parameter: Result | None) -> Vector:
    from signals.reading import format_value

    if not isinstance(parameter, Text):
        raise BadQuery(say("promql.wants_label"))
    label = label_name(parameter.text)
    if not vector.labels:
        return vector
    groups, columns = _groups(vector, modifier, label), vector.values.shape[1]
    if _leaves_out(modifier, label):
        return aggregate("count", modifier, None, vector)
    labels: list[Labels] = []
    counts: list[Floats] = []
    for which, rows in groups.tables:
        for group, own in zip(which.tolist(), rows.T, strict=True):
            there = vector.present[own]
            values, places = np.unique(vector.values[own][there], return_inverse=True)
            cells = places * columns + np.nonzero(there)[1]
            counted = np.bincount(cells, minlength=len(values) * columns).reshape(-1, columns)
            counts.append(counted.astype(np.float64))
            labels += [
                with_label(groups.labels[group], label, format_value(value)) for value in values.tolist()
            ]
    table = np.concatenate(counts)
    return distinct(LabelSets(labels), table, table > 0)
