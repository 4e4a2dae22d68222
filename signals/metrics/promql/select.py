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
from signals.metrics.promql.values import Mask, Samples, Times, Vector, Windows, empty
from signals.store.ring import Matcher
from signals.store.series_buffer import STALE_BITS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from signals.reading import Labels
    from signals.store.ring import Ring, Stored

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
    """The times to evaluate at, and the ends of the whole query in ms (`@ start()`, `@ end()`)."""

    ring: Ring
    times: Times
    start_ms: int
    end_ms: int


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


def instant(node: Any, context: Context) -> tuple[Vector, np.ndarray[Any, np.dtype[np.float64]]]:
    """The selector's vector, and the times of its samples (ms, same shape)."""
    times = shifted(node, context)
    labels: list[Labels] = []
    parts = []
    for samples in _batches(context, node, int(times.min()) - LOOKBACK_MS, times):
        if not samples.labels:
            break
        index = samples.after(times) - 1
        own = (
            samples.rows[index] == np.arange(len(samples.labels))[:, None]
        )  # index -1 is a sample of the last series
        there = own & (index >= 0) & (samples.times[index] > times - LOOKBACK_MS)
        values = samples.values[index]
        present: Mask = there & (values.view(np.uint64) != STALE_BITS)
        alive: Mask = np.logical_or.reduce(present, axis=1)
        labels += [labels for labels, lives in zip(samples.labels, alive, strict=True) if lives]
        parts.append((values[alive], present[alive], samples.times[index][alive].astype(np.float64)))
    if not labels:
        return empty(len(times)), np.empty((0, len(times)))
    values, present, stamps = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return Vector(labels, values, present), stamps


def whole_range(node: Any, context: Context) -> Windows:
    """The windows of all series at once."""
    times = shifted(node.vector_selector, context)
    span = milliseconds(node, "range")
    stored = list(_select_bounded(context, node.vector_selector, int(times.min()) - span, times))
    return windows_of(_without_stale_markers(_concatenated(stored)), times - span, times)


def ranges(node: Any, context: Context) -> Iterator[Windows]:
    """Those of portions of the series; at least one, perhaps empty."""
    times = shifted(node.vector_selector, context)
    span = milliseconds(node, "range")
    for samples in _batches(context, node.vector_selector, int(times.min()) - span, times):
        yield windows_of(_without_stale_markers(samples), times - span, times)


def _without_stale_markers(samples: Samples) -> Samples:
    """Without staleness markers."""
    return samples.only(samples.values.view(np.uint64) != STALE_BITS)


def _batches(context: Context, selector: Any, start_ms: int, times: Times) -> Iterator[Samples]:
    """All series of the selector, so many at once as have few samples together."""
    batch: list[Stored] = []
    sample_count = 0
    for stored in _select_bounded(context, selector, start_ms, times):
        if batch and sample_count + len(stored.times) > BATCH_SAMPLES:
            yield _concatenated(batch)
            batch, sample_count = [], 0
        batch.append(stored)
        sample_count += len(stored.times)
    yield _concatenated(batch)


def _select_bounded(context: Context, selector: Any, start_ms: int, times: Times) -> Iterator[Stored]:
    """Raises `BadQuery` when they would fill too many cells."""
    scan = context.ring.scan(_matchers(selector), start_ms, int(times.max()))
    for count, stored in enumerate(scan, 1):
        if count * len(times) > MAX_CELLS:
            check_size(count + sum(1 for _ in scan), times)
        yield stored


def _concatenated(stored: list[Stored]) -> Samples:
    """End to end."""
    if not stored:
        return Samples([], np.empty(0, np.intp), np.empty(0, np.int64), np.empty(0))
    return Samples(
        [series.labels for series in stored],
        np.repeat(np.arange(len(stored)), [len(series.times) for series in stored]),
        np.concatenate([series.times for series in stored]),
        np.concatenate([series.values for series in stored]),
    )


def windows_of(samples: Samples, starts: Times, ends: Times) -> Windows:
    """A window (start, end] of every series at every time."""
    return Windows(samples, samples.after(starts), samples.after(ends), starts, ends)


def check_size(series: int, times: Times) -> None:
    """Raises `BadQuery` when a table of so many rows and columns would not be bearable."""
    if series * len(times) > MAX_CELLS:
        raise BadQuery(say("promql.too_large", series=series, points=len(times), limit=MAX_CELLS))
