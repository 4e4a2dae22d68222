"""Why a query has no data: judged from evidence, in the order in which the causes rule each other out."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from enum import IntEnum
from typing import TYPE_CHECKING

from core.message import say
from core.units import quantity
from signals.metrics.promql.names import Needs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.message import Message
    from signals.metrics.promql.names import Selector


class Stage(IntEnum):
    """How far the search for a selector's series got; the order is that of cloudflare/pint's `promql/series`."""

    NEVER = 1
    GONE = 2
    LABEL = 3
    VALUE = 4
    TOGETHER = 5
    YOUNG = 6
    QUIET = 7


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was found out about one selector.

    `up` is what the exporter's own `up` said when the metric was last there (None: it has no such series any more, or
    the metric never was there). `down` names exporters that do not answer. `values` are what the label of the matcher
    that finds nothing has instead.
    """

    stage: Stage
    metric: str
    known: frozenset[str] = frozenset()
    last_seen_s: float | None = None
    up: float | None = None
    instance: str = ""
    down: tuple[str, ...] = ()
    matcher: str = ""
    label: str = ""
    values: tuple[str, ...] = ()


def why_empty(name: Message, wanted: Needs, found: Mapping[Selector, Evidence]) -> Message:
    """The sentence for query `name`. Of alternatives (`or`) the one that got furthest speaks, else the first gap."""
    evidence = _furthest(wanted, found)
    if evidence is None:
        return say("panels.no_traffic", name=name)
    metric = evidence.metric
    if evidence.stage is Stage.NEVER:
        return _never(name, evidence)
    if evidence.stage is Stage.GONE:
        return _gone(name, evidence)
    values = ", ".join(evidence.values)
    return {
        Stage.LABEL: say("panels.no_label", name=name, metric=metric, label=evidence.label),
        Stage.VALUE: say(
            "panels.no_value", name=name, metric=metric, matcher=evidence.matcher, values=values
        ),
        Stage.TOGETHER: say("panels.no_together", name=name, metric=metric),
        Stage.YOUNG: say("panels.one_sample", name=name, metric=metric),
        Stage.QUIET: say("panels.no_traffic", name=name),
    }[evidence.stage]


def _furthest(wanted: Needs | Selector, found: Mapping[Selector, Evidence]) -> Evidence | None:
    """None where nothing is wanted, such as `vector(0)`: that alternative has no gap to speak of."""
    if not isinstance(wanted, Needs):
        return found.get(wanted)
    parts = [one for part in wanted.parts if (one := _furthest(part, found)) is not None]
    choose = max if wanted.how == "any" else min
    return choose(parts, key=lambda one: one.stage) if parts else None


def _never(name: Message, evidence: Evidence) -> Message:
    if evidence.down:
        return say(
            "panels.never_down", name=name, metric=evidence.metric, instance=", ".join(evidence.down[:2])
        )
    near = get_close_matches(evidence.metric, evidence.known, n=1, cutoff=0.6)
    if near:
        return say("panels.never_exported_near", name=name, metric=evidence.metric, near=near[0])
    return say("panels.never_exported", name=name, metric=evidence.metric)


def _gone(name: Message, evidence: Evidence) -> Message:
    metric, instance = evidence.metric, evidence.instance
    if evidence.last_seen_s is None:
        return say("panels.gone_sometime", name=name, metric=metric)
    ago = quantity(evidence.last_seen_s, "s")
    if not instance:
        return say("panels.gone", name=name, metric=metric, ago=ago)
    if evidence.up is None:
        return say("panels.gone_target", name=name, metric=metric, ago=ago, instance=instance)
    if evidence.up == 0:
        return say("panels.gone_down", name=name, metric=metric, ago=ago, instance=instance)
    return say("panels.gone_but_up", name=name, metric=metric, ago=ago, instance=instance)
