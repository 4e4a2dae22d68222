"""Operators between two values: arithmetic, comparison, sets, and which series meet which."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from core.errors import BadQuery, NotSupported
from core.message import say
from signals.metrics.promql.values import (
    Result,
    Scalar,
    Vector,
    distinct,
    drop_name,
    empty,
    keep,
    leave_out,
    merge_rows,
    with_label,
)
from signals.store.label_sets import LabelSets

if TYPE_CHECKING:
    from collections.abc import Callable

    from signals.metrics.promql.values import Floats, Indices, Mask
    from signals.reading import Labels
    from signals.store.label_sets import Groups

_ARITHMETIC: dict[str, Callable[[Floats, Floats], Floats]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "%": np.fmod,
    "^": np.power,
    "atan2": np.arctan2,
}
_COMPARISON: dict[str, Callable[[Floats, Floats], Mask]] = {
    "==": np.equal,
    "!=": np.not_equal,
    ">": np.greater,
    "<": np.less,
    ">=": np.greater_equal,
    "<=": np.less_equal,
}


def binary(operator: str, modifier: Any, left: Result, right: Result) -> Result:
    """Apply a binary operator. Raises `BadQuery` for a match that is not one to one, `NotSupported` by name."""
    if (
        operator not in _ARITHMETIC
        and operator not in _COMPARISON
        and operator not in ("and", "or", "unless")
    ):
        raise NotSupported(say("promql.not_supported", what=operator))
    fill = modifier.fill_values if modifier is not None else None
    if fill is not None and (fill.lhs, fill.rhs) != (None, None):
        raise NotSupported(say("promql.not_supported", what="fill()"))
    return_bool = modifier is not None and modifier.return_bool
    match left, right:
        case Scalar(), Scalar():
            return Scalar(_scalars(operator, left.values, right.values))
        case Vector(), Scalar():
            return _with_scalar(operator, left, right.values, return_bool=return_bool, swapped=False)
        case Scalar(), Vector():
            return _with_scalar(operator, right, left.values, return_bool=return_bool, swapped=True)
        case Vector(), Vector():
            if operator in ("and", "or", "unless"):
                return _sets(operator, modifier, left, right)
            return _vectors(operator, modifier, left, right)
    raise BadQuery(say("promql.wants_vector"))


def _scalars(operator: str, left: Floats, right: Floats) -> Floats:
    if operator in _COMPARISON:
        return _COMPARISON[operator](left, right).astype(np.float64)
    return _ARITHMETIC[operator](left, right)


def _with_scalar(
    operator: str, vector: Vector, scalar: Floats, *, return_bool: bool, swapped: bool
) -> Vector:
    other = np.broadcast_to(scalar, vector.values.shape)
    left, right = (other, vector.values) if swapped else (vector.values, other)
    if operator in _ARITHMETIC:
        return vector.with_values(_ARITHMETIC[operator](left, right))
    holds = _COMPARISON[operator](left, right)
    if return_bool:
        return vector.with_values(holds.astype(np.float64))
    return distinct(vector.labels, vector.values, vector.present & holds)


_SetKey: TypeAlias = "tuple[str, frozenset[str]]"


def _signature(modifier: Any) -> tuple[_SetKey, Callable[[Labels], Labels]]:
    """By what series meet: a name of it, and the labels that have to be equal."""
    matching = modifier.matching if modifier is not None else None
    if matching is None:
        return ("without", frozenset()), drop_name
    from promql_parser import LabelModifierType

    named = frozenset(matching.labels)
    if matching.type == LabelModifierType.Include:
        return ("by", named), lambda labels: keep(labels, named)
    unwanted = named | {"__name__"}
    return ("without", named), lambda labels: leave_out(labels, unwanted)


def _partners(many: Groups, single: Groups) -> Indices:
    """For each group of the first the group of the second of the same labels; -1 where there is none."""
    numbers = {labels: number for number, labels in enumerate(single.labels)}
    return np.array([numbers.get(labels, -1) for labels in many.labels], np.intp)


def _sets(operator: str, modifier: Any, left: Vector, right: Vector) -> Vector:
    signature = _signature(modifier)
    left_groups, right_groups = left.labels.grouped(*signature), right.labels.grouped(*signature)
    if operator == "or":
        extra = right.present & ~_present_at(right_groups, left_groups, left.present)
        return distinct(
            LabelSets((*left.labels, *right.labels)),
            np.vstack([left.values, right.values]),
            np.vstack([left.present, extra]),
        )
    there = _present_at(left_groups, right_groups, right.present)
    return distinct(left.labels, left.values, left.present & (there if operator == "and" else ~there))


def _present_at(own: Groups, other: Groups, present: Mask) -> Mask:
    """For each row of the first groups, when a row of the other group of the same labels is present."""
    count = len(other.labels)
    there = np.zeros((count + 1, present.shape[1]), bool)  # the last belongs to no group
    for groups, rows in other.tables:
        there[groups] = np.logical_or.reduce(present[rows], axis=0)
    return there[_partners(own, other)[own.of_row]]


def _vectors(operator: str, modifier: Any, left: Vector, right: Vector) -> Vector:
    from promql_parser import VectorMatchCardinality

    cardinality = modifier.card if modifier is not None else VectorMatchCardinality.OneToOne
    swapped = cardinality == VectorMatchCardinality.OneToMany
    one_to_one = cardinality == VectorMatchCardinality.OneToOne
    many, single = (right, left) if swapped else (left, right)
    if not many.labels or not single.labels:
        return empty(left.values.shape[1])
    signature = _signature(modifier)
    many_groups, single_groups = many.labels.grouped(*signature), single.labels.grouped(*signature)
    partners = _partners(many_groups, single_groups)
    singles = merge_rows(single.values, single.present, single_groups)
    _refuse(singles.twice & np.logical_or.reduce(many.present, axis=0))
    of_row = partners[many_groups.of_row]
    rows = np.flatnonzero(of_row >= 0)
    if not len(rows):
        return empty(left.values.shape[1])
    labels = many.labels if len(rows) == len(of_row) else many.labels.only(of_row >= 0)
    of_row = of_row[rows]
    labels = labels.mapped(*_own_labels(operator, modifier, one_to_one=one_to_one))
    present = many.present[rows] & singles.present[of_row]
    if group_labels := tuple(modifier.group_labels or ()) if modifier is not None else ():
        labels, picked, sources = _with_group_labels(
            labels, of_row, single.labels, single_groups, group_labels
        )
        rows, of_row, present = rows[picked], of_row[picked], present[picked] & single.present[sources]
    many_values, one_values = many.values[rows], singles.values[of_row]
    first, second = (one_values, many_values) if swapped else (many_values, one_values)
    if operator in _ARITHMETIC:
        values = _ARITHMETIC[operator](first, second)
    else:
        holds = _COMPARISON[operator](first, second)
        return_bool = modifier is not None and modifier.return_bool
        values = holds.astype(np.float64) if return_bool else first
        present = present if return_bool else present & holds
    if one_to_one and len(many_groups.labels) < len(many.labels):
        answered = np.zeros_like(many.present)
        answered[rows] = present
        _refuse(merge_rows(many.values, answered, many_groups).twice)
    return distinct(labels, values, present)


def _refuse(doubles: Mask) -> None:
    """Two series of one group at one time can't be matched (promql/engine.go, `VectorBinop`)."""
    if doubles.any():
        raise BadQuery(say("promql.many_to_many"))


def _with_group_labels(
    labels: LabelSets, of_row: Indices, others: LabelSets, groups: Groups, names: tuple[str, ...]
) -> tuple[LabelSets, list[int], list[int]]:
    """Each row with labels of its partner; a partner that is several series in turn makes several rows.

    Returns also which row each was, and which series the partner.
    """
    members: dict[int, list[int]] = {}
    for source, group in enumerate(groups.of_row.tolist()):
        members.setdefault(group, []).append(source)
    pairs = [(row, source) for row, group in enumerate(of_row.tolist()) for source in members[group]]
    mixed = []
    for row, source in pairs:
        named, own = dict(others[source]), labels[row]
        for name in names:
            own = with_label(own, name, named.get(name, ""))
        mixed.append(own)
    return LabelSets(mixed), [row for row, _ in pairs], [source for _, source in pairs]


def _own_labels(
    operator: str, modifier: Any, *, one_to_one: bool
) -> tuple[tuple[str, bool, _SetKey | None], Callable[[Labels], Labels]]:
    """The labels of a result (promql/engine.go, `resultMetric`), and a name of the way in which they are made."""
    from promql_parser import LabelModifierType

    unnamed = operator in _ARITHMETIC or (modifier is not None and modifier.return_bool)
    matching = modifier.matching if modifier is not None else None
    if not one_to_one or matching is None:
        return ("own", unnamed, None), drop_name if unnamed else lambda labels: labels
    names = frozenset(matching.labels)
    if matching.type == LabelModifierType.Include:
        kept = names - {"__name__"} if unnamed else names
        return ("own", unnamed, ("by", names)), lambda labels: keep(labels, kept)
    left_out = names | {"__name__"} if unnamed else names
    return ("own", unnamed, ("without", names)), lambda labels: leave_out(labels, left_out)
