"""Why a query has no data: a typed cause with its evidence, and the sentence that is made of it at the end."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from enum import IntEnum
from typing import TYPE_CHECKING

from core.message import say
from core.units import quantity
from panels.naming import coarse_age
from signals.metrics.model import NEVER_S

if TYPE_CHECKING:
    from core.message import Message


COARSE_S = 10.0
"""A longer span is said in whole tens of seconds, then minutes: the sentence is not to change at every look."""


class Cause(IntEnum):
    """How far the search for a selector's series got; the order is that of cloudflare/pint's `promql/series`."""

    NEVER_EXPORTED = 1
    EXPORTER_DOWN = 2  # never seen, and an exporter does not answer
    DISAPPEARED = 3
    NO_LABEL = 4
    NO_VALUE = 5
    NO_COMBINATION = 6
    ONE_SAMPLE = 7
    NO_TRAFFIC = 8


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was found out about the selector that explains the silence.

    `known` are the names of all metrics, to find the nearest. `up` is what the exporter's own `up` said when the metric
    was last there (None: it has no such series any more, or the metric never was there). `down` names exporters that do
    not answer; `error` is what the last scrape of the exporter said. `values` are what the label of the matcher that finds
    nothing has instead. `watched_s` is how far back the source knows anything; None: nobody can say.
    """

    cause: Cause
    metric: str = ""
    known: frozenset[str] = frozenset()
    last_seen_s: float | None = None
    up: float | None = None
    instance: str = ""
    down: tuple[str, ...] = ()
    matcher: str = ""
    label: str = ""
    values: tuple[str, ...] = ()
    error: Message | None = None
    watched_s: float | None = None


def no_data_message(name: Message, diagnosis: Diagnosis) -> Message:
    """The sentence about the query `name`."""
    metric = diagnosis.metric
    if diagnosis.cause in (Cause.NEVER_EXPORTED, Cause.EXPORTER_DOWN):
        return _not_seen(name, diagnosis)
    if diagnosis.cause is Cause.DISAPPEARED:
        return _disappeared(name, diagnosis)
    values = ", ".join(diagnosis.values)
    return {
        Cause.NO_LABEL: say("panels.no_label", name=name, metric=metric, label=diagnosis.label),
        Cause.NO_VALUE: say(
            "panels.no_value", name=name, metric=metric, matcher=diagnosis.matcher, values=values
        ),
        Cause.NO_COMBINATION: say("panels.no_together", name=name, metric=metric),
        Cause.ONE_SAMPLE: say("panels.one_sample", name=name, metric=metric),
        Cause.NO_TRAFFIC: say("panels.no_traffic", name=name),
    }[diagnosis.cause]


def _not_seen(name: Message, diagnosis: Diagnosis) -> Message:
    """Never, where the source would know; else in how long."""
    metric, watched_s = diagnosis.metric, diagnosis.watched_s
    near = get_close_matches(metric, diagnosis.known, n=1, cutoff=0.6)
    if watched_s is None:
        key = "panels.not_exported_now_near" if near else "panels.not_exported_now"
        return say(key, name=name, metric=metric, near="".join(near))
    never = watched_s >= NEVER_S
    span = quantity(watched_s if watched_s < COARSE_S else coarse_age(watched_s), "s")
    if diagnosis.cause is Cause.EXPORTER_DOWN and diagnosis.error is not None:
        key = "panels.never_failed" if never else "panels.not_seen_failed"
        return say(key, name=name, metric=metric, span=span, error=diagnosis.error)
    if diagnosis.cause is Cause.EXPORTER_DOWN:
        key = "panels.never_down" if never else "panels.not_seen_down"
        return say(key, name=name, metric=metric, span=span, instance=", ".join(diagnosis.down[:2]))
    if near:
        key = "panels.never_exported_near" if never else "panels.not_exported_near"
        return say(key, name=name, metric=metric, span=span, near=near[0])
    return say(
        "panels.never_exported" if never else "panels.not_exported", name=name, metric=metric, span=span
    )


def _disappeared(name: Message, diagnosis: Diagnosis) -> Message:
    metric, instance = diagnosis.metric, diagnosis.instance
    if diagnosis.last_seen_s is None:
        return say("panels.gone_sometime", name=name, metric=metric)
    ago = quantity(diagnosis.last_seen_s, "s")
    if not instance:
        return say("panels.gone", name=name, metric=metric, ago=ago)
    if diagnosis.up is None:
        return say("panels.gone_target", name=name, metric=metric, ago=ago, instance=instance)
    if diagnosis.up == 0 and diagnosis.error is not None:
        return say("panels.gone_failed", name=name, metric=metric, ago=ago, error=diagnosis.error)
    if diagnosis.up == 0:
        return say("panels.gone_down", name=name, metric=metric, ago=ago, instance=instance)
    return say("panels.gone_but_up", name=name, metric=metric, ago=ago, instance=instance)
