"""Pinned evidence as an SVG picture: curves over time with their scale, the limit, and a legend in words.

Colours come from the palette of Okabe and Ito (2008), which people with any colour vision can tell apart; each curve
has its own dashes, too, for print. Nothing is drawn where nothing was measured.
"""

from __future__ import annotations

import datetime as dt
import math
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from incidents.events.body import Curve, EvidencePinned

WIDTH, HEIGHT = 720, 300
LEFT, RIGHT, TOP, BOTTOM = 70, 15, 35, 30
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000", "#8C6D1F")
DASHES = ("", "6 3", "2 3", "8 3 2 3", "1 2", "10 4", "4 2 1 2", "12 3")
NO_UNITS = ("", "none", "count")
"""A number of things: what they are is said by the title and the names of the curves."""
MAX_GAP = 1.6
"""Samples so many usual distances apart are joined; over a longer gap nothing was measured."""


class Shade(NamedTuple):
    """A part of the time that is shaded behind the curves, from and until Unix seconds, with what was so then."""

    start: float
    end: float
    name: str


def draw_svg(evidence: EvidencePinned, shades: Sequence[Shade] = ()) -> str | None:
    """The picture, or None when there is nothing to draw. `shades` lie behind the curves."""
    curves = [curve for curve in evidence.curves if any(value is not None for value in curve.values)]
    times = [at for curve in curves for at in curve.at]
    if not times:
        return None
    values = [value for curve in curves for value in curve.values if value is not None]
    start, end = min(times), max(times)
    end = end if end > start else start + 1
    high = max(*values, evidence.limit or 0, 0) or 1.0
    low = min(*values, evidence.limit or 0, 0)
    if not math.isfinite(high - low):
        return None
    legend_rows = (len(curves) + 2) // 3
    height = HEIGHT + 18 * legend_rows

    def place(at: float, value: float) -> tuple[float, float]:
        across = (at - start) / (end - start) * (WIDTH - LEFT - RIGHT)
        up = (value - low) / (high - low) * (HEIGHT - TOP - BOTTOM)
        return LEFT + across, HEIGHT - BOTTOM - up

    title = escape(evidence.title or evidence.panel)
    unit = f" [{escape(evidence.unit)}]" if evidence.unit not in NO_UNITS else ""
    view = f'viewBox="0 0 {WIDTH} {height}" role="img" font-family="sans-serif" font-size="12"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {view}><title>{title}</title>',
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        f'<text x="{LEFT}" y="20" font-size="14" font-weight="bold">{title}{unit}</text>',
    ]
    for row, shade in enumerate(shades):
        left, right = (place(min(max(at, start), end), low)[0] for at in shade[:2])
        if right > left:
            size = f'width="{right - left:.1f}" height="{HEIGHT - TOP - BOTTOM}"'
            parts.append(f'<rect x="{left:.1f}" y="{TOP}" {size} fill="#E69F00" fill-opacity="0.18"/>')
            line = TOP + 14 + row % 8 * 14
            parts.append(
                f'<text x="{left + 4:.1f}" y="{line}" fill="#8a5a00">{escape(shade.name)[:60]}</text>'
            )
    for share in (0, 0.25, 0.5, 0.75, 1):
        value = low + share * (high - low)
        _, y = place(start, value)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{_number(value)}</text>')
        at = start + share * (end - start)
        x, _ = place(at, low)
        anchor = "start" if share == 0 else "end" if share == 1 else "middle"
        parts.append(
            f'<text x="{x:.1f}" y="{HEIGHT - 10}" text-anchor="{anchor}">{_clock(at, end - start)}</text>'
        )
    if evidence.limit is not None:
        _, y = place(start, evidence.limit)
        parts.append(
            f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#b00" stroke-width="1.5" stroke-dasharray="3 2"/>'
        )
        parts.append(
            f'<text x="{WIDTH - RIGHT}" y="{y - 4:.1f}" text-anchor="end" fill="#b00">{_number(evidence.limit)}</text>'
        )
    for index, curve in enumerate(curves):
        colour, dashes = COLOURS[index % len(COLOURS)], DASHES[index % len(DASHES)]
        style = f'fill="none" stroke="{colour}" stroke-width="1.8" stroke-linecap="round" stroke-dasharray="{dashes}"'
        path = "".join(
            f"{'M' if begins else 'L'}{x:.1f} {y:.1f}" + ("h0.1" if begins else "")
            for begins, (x, y) in ((begins, place(at, value)) for begins, at, value in _strokes(curve))
        )
        parts.append(f'<path d="{path}" {style}/>')
        x, y = LEFT + index % 3 * 215, HEIGHT + 8 + index // 3 * 18
        parts.append(f'<path d="M{x} {y}h24" {style}/>')
        name = escape(curve.name or evidence.title or evidence.panel)
        parts.append(f'<text x="{x + 30}" y="{y + 4}">{name[:40]}</text>')
    parts.append("</svg>\n")
    return "\n".join(parts)


def _strokes(curve: Curve) -> Iterator[tuple[bool, float, float]]:
    """Each measured point, and whether the pen is put down anew for it."""
    points = [(at, value) for at, value in zip(curve.at, curve.values, strict=False)]
    gaps = sorted(later[0] - earlier[0] for earlier, later in pairwise(points))
    usual = gaps[len(gaps) // 2] if gaps else 0.0
    last: float | None = None
    for at, value in points:
        if value is None:
            last = None
            continue
        yield last is None or at - last > MAX_GAP * usual, at, value
        last = at


def _number(value: float) -> str:
    """Three digits that mean something."""
    if value == 0:
        return "0"
    power = math.floor(math.log10(abs(value)) / 3)
    if power >= 1:
        suffix = ("", "k", "M", "G", "T")[min(power, 4)]
        return f"{value / 1000 ** min(power, 4):.3g}{suffix}"
    return f"{value:.3g}"


def _clock(at: float, span_s: float) -> str:
    moment = dt.datetime.fromtimestamp(at, dt.UTC)
    return moment.strftime("%m-%d %H:%MZ" if span_s > 86_400 else "%H:%M:%SZ" if span_s < 600 else "%H:%MZ")
