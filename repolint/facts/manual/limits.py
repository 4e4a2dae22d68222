"""The limits and durations that a sentence states, in English or Chinese, in base units (seconds, shares, money, counts)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["time", "share", "money", "plain"]

_MORE = (
    r">=|>|≥|＞|⩾|超过了?|高于|大于(?:等于)?|超出|多于|达到|(?<![a-z])(?:exceed(?:s|ed|ing)?|above|over|greater than|more than|higher than"
    r"|longer than|slower than|at least)\b"
)
_LESS = (
    r"<=|<|≤|＜|⩽|不超过|不高于|低于|小于(?:等于)?|少于|不足|(?<![a-z])(?:no more than|not exceed(?:ing)?|below|under|less than|fewer than|lower than|within"
    r"|faster than|at most)\b"
)
_UNIT = (
    r"ms\b|msecs?\b|milliseconds?\b|毫秒|s\b|secs?\b|seconds?\b|秒|m\b|mins?\b|minutes?\b|分钟|分|h\b|hrs?\b|hours?\b|小时"
    r"|d\b|days?\b|天|%|％|‰|percent\b|usd\b|美元|美金|dollars?\b|euros?\b|eur\b|€|k\b"
)
_LIMIT = re.compile(
    rf"(?:(?P<less>{_LESS})|(?P<more>{_MORE})|(?=[$€¥]))\s*(?P<money>[$€¥])?\s*(?P<number>\d[\d,]*(?:\.\d+)?)"
    rf"(?![\w]*_)(?:\s*(?P<unit>{_UNIT}))?",
    re.IGNORECASE,
)
_WAIT = re.compile(
    rf"(?:\bfor\b|持续|连续|lasting|sustained for)\s*(?:more than|at least|over|longer than|超过|the last|>)?\s*(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>{_UNIT})",
    re.IGNORECASE,
)
_OTHER_UNIT = re.compile(r"\s?(?:[KMGTP]i?B|[kMG]?bps)\b|[a-zA-Z/]", re.ASCII)
"""Units that are not compared here: bytes, rates, and letters that stand close to the number."""
_FACTOR: dict[str, float] = {
    "ms": 0.001,
    "msec": 0.001,
    "msecs": 0.001,
    "millisecond": 0.001,
    "毫秒": 0.001,
    "s": 1,
    "sec": 1,
    "second": 1,
    "秒": 1,
    "m": 60,
    "min": 60,
    "minute": 60,
    "分钟": 60,
    "分": 60,
    "h": 3600,
    "hr": 3600,
    "hour": 3600,
    "小时": 3600,
    "d": 86400,
    "day": 86400,
    "天": 86400,
}


@dataclass(frozen=True, slots=True)
class Limit:
    """`more`: the text speaks of what lies above `value`, else of what lies below; None where it only names an amount."""

    value: float
    kind: Kind
    more: bool | None
    text: str
    wait_s: float | None = None


def limits(sentence: str) -> list[Limit]:
    """Every limit, in order; one that is followed by `for …` carries that duration."""
    stated: list[Limit] = []
    waits = list(_WAIT.finditer(sentence))
    for match in _LIMIT.finditer(sentence):
        if any(wait.start("number") <= match.start("number") < wait.end() for wait in waits):
            continue  # `for more than 5 minutes` is how long, not how much
        if not match["unit"] and _OTHER_UNIT.match(sentence, match.end()):
            continue
        value, kind = _read(match["number"], match["unit"] or "", match["money"] or "")
        if (
            kind == "time"
            and value >= 60
            and re.fullmatch(r"over|within", match["more"] or match["less"] or "", re.IGNORECASE)
        ):
            continue  # `over 5 minutes` is a window
        after = next((wait for wait in waits if 0 <= wait.start() - match.end() <= 12), None)
        more = True if match["more"] else False if match["less"] else None
        stated.append(
            Limit(
                value,
                kind,
                more,
                match[0].strip(),
                _read(after["number"], after["unit"], "")[0] if after else None,
            )
        )
    return stated


def waits(sentence: str) -> list[float]:
    """Every duration after `for`, in seconds."""
    return [
        value
        for match in _WAIT.finditer(sentence)
        if (quantity := _read(match["number"], match["unit"], ""))[1] == "time" and (value := quantity[0])
    ]


def _read(number: str, unit: str, money: str) -> tuple[float, Kind]:
    value = float(number.replace(",", "") or 0)
    unit = unit.lower()
    if money or unit in ("usd", "美元", "美金", "dollar", "dollars", "euro", "euros", "eur", "€"):
        return value, "money"
    if unit in ("%", "％", "percent"):
        return value / 100, "share"
    if unit == "‰":
        return value / 1000, "share"
    if unit == "k":
        return value * 1000, "plain"
    factor = _FACTOR.get(unit) or _FACTOR.get(unit.removesuffix("s"))
    return (value * factor, "time") if factor else (value, "plain")
