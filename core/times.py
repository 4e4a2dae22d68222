"""Times and durations as people and Prometheus write them."""

from __future__ import annotations

import datetime as dt
import math
import re

_UNIT_S = {"y": 31_536_000.0, "w": 604_800.0, "d": 86_400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_DURATION = re.compile(
    r"(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?", re.ASCII
)


def parse_time(text: str) -> float:
    """Unix seconds from `1700000000.5` or RFC 3339 (`2023-11-14T22:13:20Z`); raises `ValueError`.

    A time without a zone is UTC, as everything on our screens is.
    """
    try:
        seconds = float(text)
    except ValueError:
        at = dt.datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=dt.UTC)).timestamp()
    if not math.isfinite(seconds):
        raise ValueError(text)
    return seconds


def parse_duration(text: str) -> float:
    """Seconds from `90`, `15s`, `1h30m` (Prometheus documentation, "Float literals and time durations").

    Raises `ValueError`.
    """
    try:
        seconds = float(text)
    except ValueError:
        match = _DURATION.fullmatch(text)
        if not match or not text:
            raise ValueError(text) from None
        return sum(
            int(count) * unit for count, unit in zip(match.groups(), _UNIT_S.values(), strict=True) if count
        )
    if not math.isfinite(seconds):
        raise ValueError(text)
    return seconds
