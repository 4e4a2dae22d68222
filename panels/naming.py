"""What a panel, a query and a series are called: texts in either language, before one is chosen."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from core.message import say
from signals.reading import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.message import Message
    from panels.spec import Objective, PanelSpec, QuerySpec
    from panels.state import PanelState
    from signals.reading import Series

_LABEL = re.compile(r"\{(\w+)\}")
_OF_THE_SCRAPE = ("__name__", "job", "instance")
"""Labels that tell where a series was scraped, and not what it counts."""


def panel_title(spec: PanelSpec) -> Message:
    """The panel's name in either language."""
    return say("panels.title", en=spec.title, zh=spec.title_zh or spec.title)


def title_and_reason(state: PanelState) -> Message:
    """The panel's name, then why it stands as it does."""
    return say("panels.of_service", service=state.title, reason=state.reason)


def resolve_objections(states: Iterable[PanelState]) -> tuple[Message, ...]:
    """What panels say against the end of an incident: each that burns, or that none has an answer at all."""
    states = tuple(states)
    if states and all(state.verdict is Verdict.UNKNOWN for state in states):
        return (say("panels.none_answers"),)
    return tuple(title_and_reason(state) for state in states if state.verdict is Verdict.BURNING)


def display_name(spec: QuerySpec | Objective) -> Message:
    """What a query or an objective is called in either language."""
    return say("panels.title", en=spec.name, zh=spec.name_zh or spec.name)


def series_name(query: QuerySpec, series: Series, among: Iterable[Series] = ()) -> str:
    """The query's name, and what tells a series from the others: its one label, or all of them; or as its pattern says.

    Of those `among` which another has the same name, job and instance tell, too.
    """
    return " ".join(
        filter(None, (_from_labels(query, series, query.each, query.name), _place(query, series, among)))
    )


def series_display_name(query: QuerySpec, series: Series, among: Iterable[Series] = ()) -> Message:
    """The same in either language."""
    english = _from_labels(query, series, query.each, query.name)
    chinese = _from_labels(query, series, query.each_zh or query.each, query.name_zh or query.name)
    place = _place(query, series, among)
    return say("panels.title", en=f"{english} {place}".rstrip(), zh=f"{chinese} {place}".rstrip())


def coarse_age(age_s: float) -> float:
    """An age that seldom changes what is shown: whole tens of seconds, then minutes."""
    age_s = max(0.0, age_s)
    return age_s // 10 * 10 if age_s < 120 else age_s // 60 * 60


def _place(query: QuerySpec, series: Series, among: Iterable[Series]) -> str:
    """Where it was scraped, as far as only that tells it from others of the same name."""
    name = _from_labels(query, series, query.each, query.name)
    twins = [
        dict(other.labels)
        for other in among
        if other.labels != series.labels and _from_labels(query, other, query.each, query.name) == name
    ]
    return " ".join(
        value
        for label, value in series.labels
        if label in _OF_THE_SCRAPE and any(twin.get(label) != value for twin in twins)
    )


def _from_labels(query: QuerySpec, series: Series, pattern: str, bare: str) -> str:
    labels = {name: value for name, value in series.labels if name not in _OF_THE_SCRAPE}
    if pattern and labels:
        return _LABEL.sub(lambda match: labels.get(match[1], ""), pattern)
    own = labels[query.by] if query.by in labels else " ".join(labels.values())
    return " ".join(filter(None, (bare, own)))
