"""Operators between two values: arithmetic, comparison, sets, and which series meet which."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from collections.abc import Callable

    from signals.metrics.promql.values import Floats, Mask
    from signals.reading import Labels

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


def _signature(modifier: Any) -> Callable[[Labels], Labels]:
    matching = modifier.matching if modifier is not None else None
    if matching is None:
        return drop_name
    from promql_parser import LabelModifierType

    if matching.type == LabelModifierType.Include:
        named = frozenset(matching.labels)
        return lambda labels: keep(labels, named)
    unwanted = frozenset({*matching.labels, "__name__"})
    return lambda labels: leave_out(labels, unwanted)


def _grouped(vector: Vector, signature: Callable[[Labels], Labels]) -> dict[Labels, list[int]]:
    groups: dict[Labels, list[int]] = {}
    for row, labels in enumerate(vector.labels):
        groups.setdefault(signature(labels), []).append(row)
    return groups


def _sets(operator: str, modifier: Any, left: Vector, right: Vector) -> Vector:
    signature = _signature(modifier)
    count = left.values.shape[1]
    nowhere = np.zeros(count, bool)
    right_present = {key: right.present[rows].any(axis=0) for key, rows in _grouped(right, signature).items()}
    if operator == "or":
        left_present = {
            key: left.present[rows].any(axis=0) for key, rows in _grouped(left, signature).items()
        }
        added = [
            right.present[row] & ~left_present.get(signature(labels), nowhere)
            for row, labels in enumerate(right.labels)
        ]
        extra = np.array(added) if added else np.empty((0, count), bool)
        return distinct(
            [*left.labels, *right.labels],
            np.vstack([left.values, right.values]),
            np.vstack([left.present, extra]),
        )
    partners = [right_present.get(signature(labels), nowhere) for labels in left.labels]
    mask = np.array(partners) if partners else np.empty((0, count), bool)
    return distinct(left.labels, left.values, left.present & (mask if operator == "and" else ~mask))


def _vectors(operator: str, modifier: Any, left: Vector, right: Vector) -> Vector:
    from promql_parser import VectorMatchCardinality

    cardinality = modifier.card if modifier is not None else VectorMatchCardinality.OneToOne
    swapped = cardinality == VectorMatchCardinality.OneToMany
    one_to_one = cardinality == VectorMatchCardinality.OneToOne
    many, one = (right, left) if swapped else (left, right)
    if not many.labels or not one.labels:
        return empty(left.values.shape[1])
    signature = _signature(modifier)
    singles = _one_side(one, signature, many)
    if one_to_one:
        _one_side(many, signature, one)
    group_labels = tuple(modifier.group_labels or ()) if modifier is not None else ()
    return_bool = modifier is not None and modifier.return_bool
    rows: list[tuple[Labels, Floats, Mask]] = []
    for row, labels in enumerate(many.labels):
        partner = singles.get(signature(labels))
        if partner is None:
            continue
        values, present, sources = partner
        many_values = many.values[row]
        first, second = (values, many_values) if swapped else (many_values, values)
        together = many.present[row] & present
        if operator in _ARITHMETIC:
            result = _ARITHMETIC[operator](first, second)
        else:
            holds = _COMPARISON[operator](first, second)
            result = holds.astype(np.float64) if return_bool else first
            together = together if return_bool else together & holds
        own = _own_labels(operator, modifier, labels, one_to_one=one_to_one)
        if not group_labels:
            rows.append((own, result, together))
        for source in sources if group_labels else ():
            named = dict(one.labels[source])
            mixed = own
            for name in group_labels:
                mixed = with_label(mixed, name, named.get(name, ""))
            rows.append((mixed, result, together & one.present[source]))
    if not rows:
        return empty(left.values.shape[1])
    return distinct(
        [row[0] for row in rows], np.array([row[1] for row in rows]), np.array([row[2] for row in rows])
    )


def _own_labels(operator: str, modifier: Any, labels: Labels, *, one_to_one: bool) -> Labels:
    """The labels of a result (promql/engine.go, `resultMetric`)."""
    from promql_parser import LabelModifierType

    if operator in _ARITHMETIC or (modifier is not None and modifier.return_bool):
        labels = drop_name(labels)
    matching = modifier.matching if modifier is not None else None
    if not one_to_one or matching is None:
        return labels
    if matching.type == LabelModifierType.Include:
        return keep(labels, matching.labels)
    return leave_out(labels, matching.labels)


def _one_side(
    one: Vector, signature: Callable[[Labels], Labels], many: Vector
) -> dict[Labels, tuple[Floats, Mask, list[int]]]:
    """One series a signature; two at one time are refused, where the other side asks for that signature."""
    wanted = {signature(labels) for labels in many.labels}
    singles: dict[Labels, tuple[Floats, Mask, list[int]]] = {}
    for key, rows in _grouped(one, signature).items():
        merged = merge_rows(one.values, one.present, rows)
        if merged is None:
            if key not in wanted:
                continue
            raise BadQuery(say("promql.many_to_many"))
        singles[key] = (*merged, rows)
    return singles
