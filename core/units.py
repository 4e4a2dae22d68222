"""A value with its unit, as people read it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from core.message import say

if TYPE_CHECKING:
    from core.message import Message


def quantity(value: float, unit: str) -> Message:
    """`unit` is that of a `Reading`; NaN reads as nothing yet."""
    if math.isnan(value):
        return say("quantity.not_a_number")
    if unit == "ratio":
        return say("quantity.percent", value=_percent(100 * value))
    if unit == "s":
        return say("quantity.seconds", value=_seconds(value))
    if unit == "1/min":
        return say("quantity.per_minute", value=_short(value))
    if unit == "usd":
        return say("quantity.dollars", value=f"{value:.2g}" if 0 < abs(value) < 0.1 else f"{value:.2f}")
    return say("quantity.plain", text=binary_size(value) if unit == "bytes" else _short(value))


def duration(seconds: float) -> Message:
    """A length of time in its two largest parts, such as `17 min 33 s`; less than nothing is nothing."""
    minutes, s = divmod(max(0, int(seconds)), 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    if days:
        return say("quantity.d_h", d=days, h=hour)
    if hours:
        return say("quantity.h_min", h=hour, min=minute)
    return say("quantity.min_s", min=minute, s=s) if minutes else say("quantity.s", s=s)


def times(value: float) -> str:
    """How many times something is contained in another, such as `1.5` or `241`."""
    return f"{value:.1f}" if value < 10 else _short(round(value))


def threshold(limit: float, unit: str) -> Message:
    """A limit as it was written, without digits that say nothing."""
    return say("quantity.percent", value=f"{100 * limit:.6g}") if unit == "ratio" else quantity(limit, unit)


def _percent(value: float) -> str:
    if abs(value) >= 1000:
        return _short(value)
    if 1e-6 < abs(value) < 0.005:  # less is what floats leave of zero
        return f"{value:.1g}" if abs(value) >= 1e-4 else "< 0.0001" if value > 0 else "> -0.0001"
    return f"{round(value, 2) + 0.0:.2f}"  # never a negative zero


def _short(value: float) -> str:
    if math.isinf(value):
        return "Inf" if value > 0 else "-Inf"
    if abs(value) >= 10_000:
        return f"{value:,.0f}".replace(",", " ")
    return f"{value:.0f}" if value == int(value) or abs(value) >= 100 else f"{value:.2g}"


def binary_size(value: float) -> str:
    """In the largest binary unit of which there is at least one, such as `23.5 GiB`."""
    size, unit = value, "B"
    for larger in ("KiB", "MiB", "GiB", "TiB", "PiB"):
        if not 1024 <= abs(size) < math.inf:
            break
        size, unit = size / 1024, larger
    digits = ".2e" if abs(size) >= 1e6 else ".0f" if unit == "B" or abs(size) >= 100 else ".3g"
    return f"{size:{digits}} {unit}"


def _seconds(value: float) -> str:
    if value < 120:
        return f"{value:.2g} s" if value < 1 else f"{value:.3g} s"
    if value < 7200:
        return f"{value / 60:.0f} min"
    return f"{value / 3600:.0f} h" if value < 172_800 else f"{value / 86_400:.0f} d"
