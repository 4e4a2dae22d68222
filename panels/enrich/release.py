"""Adds to a panel which release runs, which ran before it, since when, and whether two run at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from core.message import Message, say
from core.units import quantity
from panels.limits import worst
from panels.state import PanelState, Part, Row, Standing
from signals.reading import Answer, Reading, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.errors import SourceError

SPANS_S = (7200.0, 86_400.0, 30 * 86_400.0)
"""Looked back over: each finds what the one before it is too short for, and less exactly."""
POINTS = 120
KEEP_S = 60.0
MOST_KNOWN = 5


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
    now = {dict(one.labels).get(label, "?"): one.times[-1] for one in current.series}
    seen: dict[float, set[str]] = {current.at: set(now)}
    for answer in past:
        for one in answer.series if isinstance(answer, Answer) else ():
            for at in one.times:
                seen.setdefault(at, set()).add(dict(one.labels).get(label, "?"))
    times = sorted(seen)
    found = []
    for version in {version for there in seen.values() for version in there}:
        own = [at for at in times if version in seen[at]]
        without = [at for at in times if at < own[-1] and version not in seen[at]]
        since = next(at for at in own if at > without[-1]) if without else None
        step_s = next(
            (span_s / POINTS for span_s in SPANS_S if since is None or current.at - since <= span_s), 0.0
        )
        found.append(Release(version, since, own[-1], step_s, version in now))
    return tuple(sorted(found, key=lambda one: (not one.running, -(one.since or 0.0), -one.last)))


def with_releases(
    state: PanelState, label: str, current: Answer, past: Sequence[Answer | SourceError]
) -> PanelState:
    """The panel with its releases instead of the rows that `current` made, which are its first ones.

    Two that run at once are worth a look: a deploy that is not over, or stuck.
    """
    known = releases(label, current, past)
    running = [one for one in known if one.running]
    if not running:
        return state
    before = next((one for one in known if one not in running), running[1] if len(running) > 1 else None)
    versions = {one.version for one in running}
    parts = [replace(part, text=_without_count(part.text, versions)) for part in state.parts]
    newest = running[0]
    deployed = say("panels.deployed_before")
    if newest.since is not None:
        deployed = say("panels.deployed", ago=quantity(max(0.0, current.at - newest.since), "s"))
    parts.append(Part(deployed, 3))
    if before is not None:
        parts.append(Part(say("panels.previous_release", version=before.version), 4))
    verdict, reason = state.verdict, state.reason
    if len(running) > 1:
        verdict = worst([verdict, Verdict.WARN])
        named = ", ".join(one.version for one in running)
        drift = say("panels.release_drift", count=len(running), versions=named)
        parts.append(Part(drift, 1, Verdict.WARN))
        reason = reason if verdict is state.verdict else drift
    counts = {dict(one.labels).get(label, "?"): one.values[-1] for one in current.series}
    rows = tuple(_row(one, counts.get(one.version, 0.0), current.at) for one in known[:MOST_KNOWN])
    readings = state.readings
    if newest.since is not None:
        readings = (
            *readings,
            Reading(
                "since deploy",
                current.at - newest.since,
                "s",
                current.at,
                current.source,
                current.expr,
                every_s=KEEP_S,
                called=say("panels.reading_since_deploy"),
            ),
        )
    return replace(
        state,
        verdict=verdict,
        reason=reason,
        parts=tuple(parts),
        rows=(*rows, *state.rows[len(current.series) :]),
        readings=readings,
        standing=tuple(
            Standing("release", say("panels.text", text=one.version), one.since) for one in running
        ),
    )


def _without_count(text: Message, versions: set[str]) -> Message:
    """That one instance runs needs no number behind the version; how many do stands in the row."""
    name = text.values.get("name")
    version = name.values.get("en") if isinstance(name, Message) else None
    return say("panels.text", text=str(version)) if version in versions else text


def _row(one: Release, count: float, now: float) -> Row:
    name = say("panels.text", text=one.version)
    since = say("panels.before_history")
    if one.since is not None:
        exact = quantity(one.step_s, "s")
        since = say("panels.since", ago=quantity(max(0.0, now - one.since), "s"), exact=exact)
    if one.running:
        return Row((name, say("panels.runs", count=f"{count:.0f}"), since), Verdict.OK)
    return Row((name, say("panels.left", ago=quantity(max(0.0, now - one.last), "s")), since))
