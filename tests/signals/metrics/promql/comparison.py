"""Whether two answers agree: the same series at the same times, values to 1e-9."""

from __future__ import annotations

import math
from typing import Any


def near(one: str, other: str) -> bool:
    a, b = float(one), float(other)
    return a == b or (math.isnan(a) and math.isnan(b)) or math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12)


def same(mine: dict[str, Any], theirs: dict[str, Any]) -> bool:
    if "error" in mine or "error" in theirs:
        return ("error" in mine) == ("error" in theirs)
    if mine["resultType"] != theirs["resultType"]:
        return False
    if mine["resultType"] == "string":
        return bool(mine["result"] == theirs["result"])
    if mine["resultType"] == "scalar":
        return near(mine["result"][1], theirs["result"][1])
    table = {tuple(sorted(item["metric"].items())): item for item in mine["result"]}
    if len(mine["result"]) != len(theirs["result"]):
        return False
    for item in theirs["result"]:
        own = table.get(tuple(sorted(item["metric"].items())))
        if own is None:
            return False
        pairs = item.get("values") or [item["value"]]
        own_pairs = own.get("values") or [own["value"]]
        if [pair[0] for pair in pairs] != [pair[0] for pair in own_pairs]:
            return False
        if not all(near(a[1], b[1]) for a, b in zip(own_pairs, pairs, strict=True)):
            return False
    return True


def unnamed(data: dict[str, Any]) -> dict[str, Any]:
    """Prometheus 2 leaves the metric's name on the result of atan2, which Prometheus 3 does not."""
    if data.get("resultType") in ("vector", "matrix"):
        for item in data["result"]:
            item["metric"].pop("__name__", None)
    return data


def differences(rows: list[tuple[str, float, dict[str, Any], dict[str, Any]]]) -> list[str]:
    """What differs beyond the two known differences between Prometheus 2 and 3, which have cases of their own."""
    wrong = []
    for expr, at, mine, theirs in rows:
        if not same(mine, unnamed(theirs) if "atan2" in expr else theirs):
            wrong.append(f"{expr} @ {at}\n  ours   {str(mine)[:400]}\n  theirs {str(theirs)[:400]}")
    return wrong
