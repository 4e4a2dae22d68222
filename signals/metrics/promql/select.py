"""What a selector finds in the ring: vectors of instants, and windows of samples.

Windows are open on the left, as in Prometheus 3: (t - range, t].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import promql_parser as grammar

from core.errors import BadQuery, NotSupported
from core.message import say
from signals.metrics.promql.parse import milliseconds
from signals.metrics.promql.values import Ranges, Times, Vector, Windows, windows_of
from signals.store.ring import Matcher
from signals.store.series_buffer import STALE_BITS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from signals.metrics.promql.values import Deadline, Floats, Mask
    from signals.store.ring import Part, Ring, Scan

LOOKBACK_MS = 300_000
"""How far back an instant selector looks (Prometheus' `--query.lookback-delta`)."""
MAX_CELLS = 10_000_000
"""Series × points that one selector may fill: about 200 MB while it is evaluated."""
BATCH_SAMPLES = 25_000
"""Samples that are looked at at once, where that is possible: all those of a day took 180 MB for 90 series."""

_MATCHERS: dict[str, Literal["=", "!=", "=~", "!~"]] = {
    "MatchOp.Equal": "=",
    "MatchOp.NotEqual": "!=",
    "MatchOp.Re": "=~",
    "MatchOp.NotRe": "!~",
}


@dataclass(frozen=True, slots=True)
class Context:
    """The times to evaluate at, the ends of the whole query in ms (`@ start()`, `@ end()`), and when it has to end."""

    ring: Ring
    times: Times
    start_ms: int
    end_ms: int
    deadline: Deadline


def shifted(node: Any, context: Context) -> Times:
    """The evaluation times after `@` and `offset`."""
    times = context.times
    if node.at is not None:
        kind = node.at.type
        if kind == grammar.AtModifierType.Start:
            fixed = context.start_ms
        elif kind == grammar.AtModifierType.End:
            fixed = context.end_ms
        else:
            fixed = round(node.at.at.timestamp() * 1000)
        times = np.full_like(times, fixed)
    return times - milliseconds(node, "offset")


def _matchers(selector: Any) -> list[Matcher]:
    if selector.matchers.or_matchers:
        raise NotSupported(say("promql.not_supported", what="'or' between matchers"))
    matchers = [Matcher(m.name, _MATCHERS[str(m.op)], m.value) for m in selector.matchers.matchers]
    return [Matcher("__name__", "=", selector.name), *matchers] if selector.name else matchers


def instant(node: Any, context: Context) -> tuple[Vector, Floats]:
    """The selector's vector, and the times of its samples (ms, same shape)."""
    times = shifted(node, context)
    scan = _scan_bounded(context, node, int(times.min()) - LOOKBACK_MS, times)
    values = np.zeros((len(scan.labels), len(times)))
    stamps = np.zeros(values.shape)
    present = np.zeros(values.shape, bool)
    for part in scan.parts(BATCH_SAMPLES):
        context.deadline.check()
        newest = part.times.searchsorted(times, side="right") - 1
        stamp = part.times[newest]
        young = (newest >= 0) & (stamp > times - LOOKBACK_MS)
        own = part.values[:, newest]
        values[part.rows], stamps[part.rows] = own, stamp
        present[part.rows] = young & (own.view(np.uint64) != STALE_BITS)
    alive: Mask = np.logical_or.reduce(present, axis=1)
    if alive.all():
        return Vector(scan.labels, values, present), stamps
    return Vector(scan.labels.only(alive), values[alive], present[alive]), stamps[alive]


def ranges(node: Any, context: Context) -> Ranges:
    """The windows of a range selector."""
    times = shifted(node.vector_selector, context)
    span = milliseconds(node, "range")
    scan = _scan_bounded(context, node.vector_selector, int(times.min()) - span + 1, times)
    return Ranges(scan.labels, _portions(scan, context, times - span, times))


def _portions(scan: Scan, context: Context, starts: Times, ends: Times) -> Iterator[Windows]:
    """Of so many series at once as have few samples together, and few windows."""
    batch: list[Part] = []
    sample_count = 0
    for part in scan.parts(min(BATCH_SAMPLES, max(1, MAX_CELLS // 10 // len(ends)))):
        context.deadline.check()
        if batch and sample_count + part.values.size > BATCH_SAMPLES:
            yield windows_of(batch, starts, ends, context.deadline)
            batch, sample_count = [], 0
        batch.append(part)
        sample_count += part.values.size
    if batch:
        yield windows_of(batch, starts, ends, context.deadline)


def _scan_bounded(context: Context, selector: Any, start_ms: int, times: Times) -> Scan:
    """Raises `BadQuery` when the series would fill too many cells."""
    scan = context.ring.scan(_matchers(selector), start_ms, int(times.max()))
    check_size(len(scan.labels), times)
    return scan


def check_size(series: int, times: Times) -> None:
    """Raises `BadQuery` when a table of so many rows and columns would not be bearable."""
    if series * len(times) > MAX_CELLS:
        raise BadQuery(say("promql.too_large", series=series, points=len(times), limit=MAX_CELLS))
