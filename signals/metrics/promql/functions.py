"""Functions by name. One table; what is not in it is refused by name."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from core.errors import BadQuery, NotSupported
from core.message import say
from signals.metrics.promql.histogram import histogram_fraction, histogram_quantile
from signals.metrics.promql.over_time import numbers
from signals.metrics.promql.values import (
    Result,
    Scalar,
    Text,
    Vector,
    distinct,
    label_name,
    with_label,
    without_names,
)
from signals.regex import compile_regex, expand
from signals.store.label_sets import LabelSets

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from signals.metrics.promql.values import Floats, Mask, Times
    from signals.reading import Labels


def call(name: str, arguments: list[Result], times: Times, fixed: Labels) -> Result:
    """Call a function. `fixed` are the labels that the first argument's equality matchers fix (for `absent`)."""
    if name in _ELEMENTWISE and len(arguments) == 1:
        vector = _vector(arguments[0])
        return vector.with_values(_ELEMENTWISE[name](vector.values))
    if name in _CALENDAR:
        vector = _vector(arguments[0]) if arguments else _everywhere(times / 1000)
        return vector.with_values(_calendar(name, vector.values))
    if name not in _SPECIAL:
        raise NotSupported(say("promql.not_supported", what=f"{name}()"))
    return _SPECIAL[name](arguments, times, fixed)


def _vector(value: Result) -> Vector:
    if isinstance(value, Vector):
        return value
    raise BadQuery(say("promql.wants_vector"))


def _text(value: Result) -> str:
    if isinstance(value, Text):
        return value.text
    raise BadQuery(say("promql.wants_label"))


def _everywhere(values: Floats, labels: Labels = ()) -> Vector:
    return Vector(LabelSets([labels]), np.array([values]), np.ones((1, len(values)), bool))


_ELEMENTWISE: dict[str, Callable[[Floats], Floats]] = {
    "abs": np.abs,
    "sgn": np.sign,
    "sqrt": np.sqrt,
    "exp": np.exp,
    "ln": np.log,
    "log2": np.log2,
    "log10": np.log10,
    "ceil": np.ceil,
    "floor": np.floor,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "asinh": np.arcsinh,
    "acosh": np.arccosh,
    "atanh": np.arctanh,
    "deg": np.degrees,
    "rad": np.radians,
}


def _calendar(name: str, values: Floats) -> Floats:
    """A part of the UTC date at each value (Unix seconds, cut to whole ones); NaN for what is no time."""
    usable = np.abs(values) < _FARTHEST_S
    seconds = np.trunc(np.where(usable, values, 0.0)).astype(np.int64).astype("datetime64[s]")
    return np.where(usable, _CALENDAR[name](seconds).astype(np.float64), np.nan)


_FARTHEST_S = 1e16
"""Beyond this a date has no meaning; Prometheus' own answer then depends on the processor."""

_Moments: TypeAlias = "np.ndarray[Any, np.dtype[np.datetime64]]"


def _days(moments: _Moments) -> NDArray[np.int64]:
    return moments.astype("datetime64[D]").astype(np.int64)


def _months(moments: _Moments) -> NDArray[np.int64]:
    return moments.astype("datetime64[M]").astype(np.int64)


def _month_starts(months: NDArray[np.int64]) -> NDArray[np.int64]:
    """The days with which these months begin; both counted from 1970."""
    return _days(months.astype("datetime64[M]"))


def _since(moments: _Moments, unit: str) -> NDArray[np.int64]:
    """Whole days since the month or year of each moment began."""
    return _days(moments) - _days(moments.astype(f"datetime64[{unit}]"))


_CALENDAR: dict[str, Callable[[_Moments], NDArray[np.int64]]] = {
    "minute": lambda at: at.astype(np.int64) // 60 % 60,
    "hour": lambda at: at.astype(np.int64) // 3600 % 24,
    "day_of_week": lambda at: (_days(at) + 4) % 7,  # 1970-01-01 was a Thursday
    "day_of_month": lambda at: _since(at, "M") + 1,
    "day_of_year": lambda at: _since(at, "Y") + 1,
    "days_in_month": lambda at: _month_starts(_months(at) + 1) - _month_starts(_months(at)),
    "month": lambda at: _months(at) % 12 + 1,
    "year": lambda at: at.astype("datetime64[Y]").astype(np.int64) + 1970,
}


def absent(present: Mask, fixed: Labels) -> Vector:
    """1 where no row is present, with the labels that are known."""
    missing: Mask = ~np.logical_or.reduce(present, axis=0)
    return distinct(LabelSets([fixed]), np.ones((1, len(missing))), missing[None, :])


def _to_scalar(vector: Vector) -> Scalar:
    alone = np.add.reduce(vector.present, axis=0) == 1
    return Scalar(np.where(alone, np.where(vector.present, vector.values, 0.0).sum(axis=0), np.nan))


def _clamp(vector: Vector, low: Floats, high: Floats) -> Vector:
    values = np.fmax(low, np.fmin(high, vector.values))
    values = np.where(np.isnan(low) | np.isnan(high) | np.isnan(vector.values), np.nan, values)
    return distinct(without_names(vector.labels), values, vector.present & ~(low > high))


def _round(vector: Vector, nearest: Floats) -> Vector:
    inverse = 1.0 / nearest  # as Prometheus does, so that 0.1 does not make 0.30000000000000004
    return vector.with_values(np.floor(vector.values * inverse + 0.5) / inverse)


def _sorted(vector: Vector, *, descending: bool) -> Vector:
    if vector.values.shape[1] != 1:
        return vector  # a range query has no order
    column = vector.values[:, 0]
    order = sorted(
        range(len(column)),
        key=lambda row: (math.isnan(column[row]), -column[row] if descending else column[row]),
    )
    return Vector(LabelSets(vector.labels[row] for row in order), vector.values[order], vector.present[order])


def _sorted_by_label(arguments: list[Result], *, descending: bool) -> Vector:
    vector = _vector(arguments[0])
    names = [_text(argument) for argument in arguments[1:]]
    if vector.values.shape[1] != 1:
        return vector

    def key(row: int) -> tuple[list[list[tuple[bool, int, str]]], Labels]:
        own = dict(vector.labels[row])
        return [_natural(own.get(name, "")) for name in names], vector.labels[row]

    order = sorted(range(len(vector.labels)), key=key, reverse=descending)
    return Vector(LabelSets(vector.labels[row] for row in order), vector.values[order], vector.present[order])


def _natural(text: str) -> list[tuple[bool, int, str]]:
    """For an order in which 9 stands before 10: a longer number is larger."""
    chunks = re.findall(r"0*([0-9]+)|([^0-9]+)", text)
    return [(not number, len(number), number or other) for number, other in chunks]


def _label_replace(arguments: list[Result]) -> Vector:
    vector = _vector(arguments[0])
    target, replacement, source, pattern = (_text(argument) for argument in arguments[1:])
    regex = compile_regex(pattern)
    label_name(target)
    labels = []
    for item in vector.labels:
        match = regex.fullmatch(dict(item).get(source, ""))
        labels.append(with_label(item, target, expand(match, replacement)) if match else item)
    return distinct(LabelSets(labels), vector.values, vector.present)


def _label_join(arguments: list[Result]) -> Vector:
    vector = _vector(arguments[0])
    target, separator, *sources = (_text(argument) for argument in arguments[1:])
    label_name(target)
    labels = [
        with_label(item, target, separator.join(dict(item).get(source, "") for source in sources))
        for item in vector.labels
    ]
    return distinct(LabelSets(labels), vector.values, vector.present)


def _nearest(arguments: list[Result]) -> Floats:
    return numbers(arguments[1]) if len(arguments) > 1 else np.ones(1)


_SPECIAL: dict[str, Callable[[list[Result], Times, Labels], Result]] = {
    "histogram_quantile": lambda a, _, __: histogram_quantile(numbers(a[0]), _vector(a[1])),
    "histogram_fraction": lambda a, _, __: histogram_fraction(numbers(a[0]), numbers(a[1]), _vector(a[2])),
    "clamp": lambda a, _, __: _clamp(_vector(a[0]), numbers(a[1]), numbers(a[2])),
    "clamp_min": lambda a, _, __: _clamp(_vector(a[0]), numbers(a[1]), np.full(1, np.inf)),
    "clamp_max": lambda a, _, __: _clamp(_vector(a[0]), np.full(1, -np.inf), numbers(a[1])),
    "round": lambda a, _, __: _round(_vector(a[0]), _nearest(a)),
    "time": lambda _, times, __: Scalar(times / 1000),
    "pi": lambda _, times, __: Scalar(np.full(len(times), math.pi)),
    "timestamp": lambda a, times, _: _vector(a[0]).with_values(
        np.broadcast_to(times / 1000, _vector(a[0]).values.shape)
    ),
    "vector": lambda a, _, __: _everywhere(numbers(a[0])),
    "scalar": lambda a, _, __: _to_scalar(_vector(a[0])),
    "absent": lambda a, _, fixed: absent(_vector(a[0]).present, fixed),
    "sort": lambda a, _, __: _sorted(_vector(a[0]), descending=False),
    "sort_desc": lambda a, _, __: _sorted(_vector(a[0]), descending=True),
    "sort_by_label": lambda a, _, __: _sorted_by_label(a, descending=False),
    "sort_by_label_desc": lambda a, _, __: _sorted_by_label(a, descending=True),
    "label_replace": lambda a, _, __: _label_replace(a),
    "label_join": lambda a, _, __: _label_join(a),
}
