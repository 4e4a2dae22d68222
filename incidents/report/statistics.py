"""What past incidents teach: how long people needed, which step costs most time, and which one is left out.

MTTD, MTTA, MTTM and MTTR are the times from the start of the harm to detection, and from detection to
acknowledgement, mitigation and resolution. A time that runs backwards (a clock that was set back, a moment marked
wrongly) is no duration: it is left out and counted.
"""

from __future__ import annotations

from itertools import groupby
from statistics import fmean, median
from typing import TYPE_CHECKING, NamedTuple

from incidents.events.body import STEP_KINDS
from incidents.events.event import to_event
from incidents.events.fold import fold

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence

    from incidents.events.body import Moment
    from incidents.events.incident import Incident, StepKey
    from incidents.journal import Summary
    from incidents.journal.store import Store

SPANS: dict[str, tuple[Moment, Moment]] = {
    "mttd": ("started", "detected"),
    "mtta": ("detected", "acknowledged"),
    "mttm": ("detected", "mitigated"),
    "mttr": ("detected", "resolved"),
}


class Span(NamedTuple):
    """Seconds over so many incidents; `backwards` more had a time that ran backwards."""

    incidents: int
    mean_s: float | None
    median_s: float | None
    backwards: int


class StepStatistics(NamedTuple):
    """One step over all incidents that touched it. `median_s` is how long it took where it was done."""

    runbook: str
    step: str
    ticked: int
    skipped: int
    failed: int
    median_s: float | None
    total_s: float


def spans(summaries: Iterable[Summary]) -> dict[str, Span]:
    """The four means over these incidents."""
    rows = list(summaries)
    return {name: _span(rows, *moments) for name, moments in SPANS.items()}


def _span(rows: Sequence[Summary], start: Moment, end: Moment) -> Span:
    lengths = [
        (row.times[end] - row.times[start]).total_seconds()
        for row in rows
        if start in row.times and end in row.times
    ]
    forwards = [length for length in lengths if length >= 0]
    if not forwards:
        return Span(0, None, None, len(lengths))
    return Span(len(forwards), fmean(forwards), median(forwards), len(lengths) - len(forwards))


def step_statistics(store: Store, summaries: Iterable[Summary]) -> list[StepStatistics]:
    """The steps of these incidents, the one that cost most time first. Only their step events are read."""
    ids = {str(summary.id) for summary in summaries}
    records = store.records(kinds=("opened", "runbook_attached", "undone", "run_noted", *STEP_KINDS))
    entries: dict[StepKey, list[tuple[str, float]]] = {}
    for incident, group in groupby(records, key=lambda record: record.chain):
        if incident not in ids:
            continue
        for key, state, seconds in durations(fold(to_event(record) for record in group)):
            entries.setdefault(key, []).append((state, seconds))
    steps = [_step(key, ends) for key, ends in entries.items()]
    return sorted(steps, key=lambda step: (-step.total_s, step.runbook, step.step))


def durations(incident: Incident) -> list[tuple[StepKey, str, float]]:
    """How each finished step ended, and how long it took: since it was begun, else since the step before was finished."""
    finished = [
        (key, step) for key, step in incident.steps.items() if step.state in ("ticked", "skipped", "failed")
    ]
    before: dt.datetime = incident.opened_at
    ends: list[tuple[StepKey, str, float]] = []
    for key, step in sorted(finished, key=lambda pair: pair[1].at):
        begun = step.started_at if step.started_at < step.at else before
        ends.append((key, step.state, max(0.0, (step.at - begun).total_seconds())))
        before = step.at
    return ends


def _step(key: StepKey, entries: Sequence[tuple[str, float]]) -> StepStatistics:
    states = [state for state, _ in entries]
    lengths = [seconds for state, seconds in entries if state != "skipped"]
    return StepStatistics(
        runbook=key.runbook,
        step=key.step,
        ticked=states.count("ticked"),
        skipped=states.count("skipped"),
        failed=states.count("failed"),
        median_s=median(lengths) if lengths else None,
        total_s=sum(lengths),
    )


def format_duration(seconds: float) -> str:
    """`1:23:45` or `3:05`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
