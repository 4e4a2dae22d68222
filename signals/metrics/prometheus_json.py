"""An answer as Prometheus' HTTP API writes it under `data` (documentation, "HTTP API")."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from signals.reading import Answer, Series

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"


def format_value(value: float) -> str:
    """A sample's value as Go's `strconv.FormatFloat(v, 'f', -1, 64)` writes it."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    text = repr(value)
    if "e" in text:
        from decimal import Decimal

        text = format(Decimal(text), "f")
    return text.removesuffix(".0")


def answer_to_json(answer: Answer) -> dict[str, Json]:
    """`{"resultType", "result"}`; times are Unix seconds, values are strings."""
    if answer.kind == "string":
        return {"resultType": "string", "result": [_time(answer.at), answer.text]}
    if answer.kind == "scalar":
        return {"resultType": "scalar", "result": _pair(answer.series[0], 0)}
    result: list[Json] = []
    for series in answer.series:
        labels: dict[str, Json] = dict(series.labels)
        if answer.kind == "vector":
            result.append({"metric": labels, "value": _pair(series, 0)})
        else:
            result.append(
                {"metric": labels, "values": [_pair(series, index) for index in range(len(series.times))]}
            )
    return {"resultType": answer.kind, "result": result}


def _pair(series: Series, index: int) -> list[Json]:
    return [_time(series.times[index]), format_value(series.values[index])]


def _time(at: float) -> Json:
    rounded = round(at, 3)
    return int(rounded) if rounded == int(rounded) else rounded
