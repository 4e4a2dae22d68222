"""A panel as evidence: what its window shows right now, with its data, ready for the journal."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from incidents.events.body import Curve, EvidencePinned
from incidents.events.phrase import Phrase
from signals.reading import with_warnings

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.message import Message
    from panels.state import PanelState
    from signals.reading import Series

    Say = Callable[[Message], str]

MAX_POINTS, MAX_CURVES = 2000, 16
"""A longer curve is thinned evenly: a picture is no wider."""


def panel_evidence(state: PanelState, words: Say) -> EvidencePinned:
    """The panel's line with its warnings, verdict, query and source, and the curves of its first chart (else its trend).

    Its texts are kept without a language; `words` is that of the writer.
    """
    chart = state.charts[0] if state.charts else None
    named: list[tuple[Phrase | None, Series]] = []
    if chart is not None:
        named += zip((Phrase.from_message(name, words) for name in chart.names), chart.curves, strict=False)
    elif state.trend is not None:
        named.append((None, state.trend))
    queries = dict.fromkeys(reading.query for reading in state.readings if reading.query)
    sources = dict.fromkeys(reading.source for reading in state.readings if reading.source)
    limit = chart.limit if chart is not None else None
    return EvidencePinned(
        panel=state.id,
        titled=Phrase.from_message(state.title, words),
        said=Phrase.from_message(with_warnings(state.reason, state.warnings), words),
        verdict=state.verdict.value,
        unit=chart.unit if chart is not None else "",
        limit=limit if limit is not None and math.isfinite(limit) else None,
        curves=tuple(_curve(name, series) for name, series in named[:MAX_CURVES]),
        query="\n".join(queries),
        source=", ".join(sources),
    )


def _curve(named: Phrase | None, series: Series) -> Curve:
    step = -(-len(series.times) // MAX_POINTS) or 1
    times, values = list(series.times)[::step], list(series.values)[::step]
    return Curve(
        named=named,
        at=tuple(float(at) for at in times),
        values=tuple(float(value) if math.isfinite(value) else None for value in values),
    )
