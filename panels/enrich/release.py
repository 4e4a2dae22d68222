"""Which release runs, which ran before it, since when, and whether two run at once, on the panel of releases.

Its first query counts what runs now, by version; the past of that query tells of deploys.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.message import say
from core.units import quantity
from panels.enrich.registry import Enricher
from panels.fold import Contribution
from panels.judge import MAX_PARTS
from panels.limits import judge_value
from panels.state import Part, Row, Standing
from signals.reading import Answer, Reading, Verdict, server_warnings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.errors import SourceError
    from panels.enrich.registry import PanelContext
    from panels.spec import QuerySpec

SPANS_S = (7200.0, 86_400.0, 30 * 86_400.0)
"""Looked back over: each finds what the one before it is too short for, and less exactly."""
POINTS = 120
MAX_AGE_S = 60.0
MAX_RELEASES = 5


async def _enrich(context: PanelContext) -> Contribution:
    if not context.spec.queries:
        return Contribution()
    query = context.spec.queries[0]
    current = await context.cache.query(query.expr)
    if not isinstance(current, Answer):
        return Contribution()  # the query's own judgement says why
    return contribute(query, current, await past(context, query, current.at))


async def past(context: PanelContext, query: QuerySpec, at: float) -> list[Answer | SourceError]:
    """The query as `releases` wants it, until `at` (Unix seconds)."""
    spans = []
    for span_s in SPANS_S:
        step = span_s / POINTS
        end = at // step * step
        spans.append(context.cache.query_range(query.expr, end - span_s, end, step, MAX_AGE_S))
    return await asyncio.gather(*spans)


@dataclass(frozen=True, slots=True)
class Release:
    """A version as the past shows it. `since` is None where it ran already when the history begins.

    `since` and `last` (Unix seconds) are exact to `step_s`; `running` says whether it runs now.
    """

    version: str
    since: float | None
    last: float
    step_s: float
    running: bool


def releases(label: str, current: Answer, past: Sequence[Answer | SourceError]) -> tuple[Release, ...]:
    """Every version that was seen, the running ones first, then the one that left last. `past` is as `SPANS_S`.

    Times at which nothing at all was seen (the service or the metrics were down) are no change of release.
    """
    now = set(_by_version(label, current))
    seen: dict[float, set[str]] = {current.at: now}
    for answer in past:
        for series in answer.series if isinstance(answer, Answer) else ():
            for at in series.times:
                seen.setdefault(at, set()).add(dict(series.labels).get(label, "?"))
    times = sorted(seen)
    known = []
    for version in {version for there in seen.values() for version in there}:
        own = [at for at in times if version in seen[at]]
        without = [at for at in times if at < own[-1] and version not in seen[at]]
        since = next(at for at in own if at > without[-1]) if without else None
        step_s = next(
            (span_s / POINTS for span_s in SPANS_S if since is None or current.at - since <= span_s), 0.0
        )
        known.append(Release(version, since, own[-1], step_s, version in now))
    return tuple(
        sorted(known, key=lambda release: (not release.running, -(release.since or 0.0), -release.last))
    )


def contribute(query: QuerySpec, current: Answer, past: Sequence[Answer | SourceError]) -> Contribution:
    """The releases instead of what `current` alone says.

    Two that run at once are worth a look: a deploy that is not over, or stuck.
    """
    known = releases(query.by, current, past)
    running = [release for release in known if release.running]
    if not running:
        return Contribution()
    counts = _by_version(query.by, current)
    newest, at = running[0], current.at
    # That one instance runs needs no number behind the version; how many do stands in the row.
    most = sorted(counts, key=lambda version: -counts[version])[:MAX_PARTS]
    parts = [
        Part(say("panels.text", text=version), query.rank + index, judge_value(query, counts[version]))
        for index, version in enumerate(most)
    ]
    deployed = say("panels.deployed_before")
    readings: tuple[Reading, ...] = ()
    if newest.since is not None:
        deployed = say("panels.deployed", ago=quantity(max(0.0, at - newest.since), "s"))
        readings = (_since_deploy(newest.since, current),)
    parts.append(Part(deployed, 3))
    if len(known) > 1:
        before = next((release for release in known if not release.running), known[1])
        parts.append(Part(say("panels.previous_release", version=before.version), 4))
    drift = None
    if len(running) > 1:
        named = ", ".join(release.version for release in running)
        drift = say("panels.release_drift", count=len(running), versions=named)
        parts.append(Part(drift, 1, Verdict.WARN))
    return Contribution(
        verdict=None if drift is None else Verdict.WARN,
        reason=drift,
        parts=tuple(parts),
        rows=tuple(_row(release, counts.get(release.version, 0.0), at) for release in known[:MAX_RELEASES]),
        rows_first=True,
        readings=readings,
        standing=tuple(
            Standing("release", say("panels.text", text=release.version), release.since)
            for release in running
        ),
        warnings=server_warnings(*past),
        replaces_rows_of=frozenset({query.name}),
        replaces_parts_of=frozenset({query.name}),
    )


def _by_version(label: str, answer: Answer) -> dict[str, float]:
    return {dict(series.labels).get(label, "?"): series.values[-1] for series in answer.series}


def _since_deploy(since: float, current: Answer) -> Reading:
    return Reading(
        name="since deploy",
        value=current.at - since,
        unit="s",
        at=current.at,
        source=current.source,
        query=current.expr,
        every_s=MAX_AGE_S,
        called=say("panels.reading_since_deploy"),
    )


def _row(release: Release, count: float, now: float) -> Row:
    name = say("panels.text", text=release.version)
    since = say("panels.before_history")
    if release.since is not None:
        exact = quantity(release.step_s, "s")
        since = say("panels.since", ago=quantity(max(0.0, now - release.since), "s"), exact=exact)
    if release.running:
        return Row((name, say("panels.runs", count=f"{count:.0f}"), since), Verdict.OK)
    return Row((name, say("panels.left", ago=quantity(max(0.0, now - release.last), "s")), since))


ENRICHER = Enricher(id="release", applies=lambda spec: spec.kind == "release", enrich=_enrich)
