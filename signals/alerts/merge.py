"""Two views of the same alerts made one: rules as their evaluator sees them, and what reached the Alertmanager.

Whether somebody is told of an alert is the Alertmanager's word. It holds an alert under other labels than its
Prometheus does: external ones are added and some are relabelled on the way (`outgoing`). Where that is not known, an
alert is taken for the one whose labels contradict it nowhere; of several, one that is silenced hides nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from signals.alerts.model import AlertState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from signals.alerts.alertmanager import Held
    from signals.alerts.model import Alert, Alerts
    from signals.alerts.outgoing import Outgoing


def merge(own: Alerts, held: Held, outgoing: Outgoing | None, *, sends: bool) -> Alerts:
    """All alerts once. `outgoing` is None where nobody says under which labels they are sent.

    `sends`: whether who evaluated `own` sends its alerts; one that is not held has then not arrived.
    """
    left = dict(enumerate(held.alerts))
    merged: list[Alert] = []
    for alert in own.alerts:
        places = _places(alert, held.alerts, outgoing)
        for place in places:
            left.pop(place, None)
        counterparts = [held.alerts[place] for place in places]
        if counterparts:
            merged.append(_told(alert, counterparts))
        elif alert.state.fires:
            sent = sends and (outgoing is None or bool(outgoing.sent(alert.labels)))
            merged.append(replace(_not_held(alert, held, outgoing), held=False if sent else None))
        else:
            merged.append(alert)
    only_held = (replace(alert, held=True) for alert in left.values())
    return replace(own, alerts=(*merged, *only_held), silences_known=True)


def _places(alert: Alert, held: Sequence[Alert], outgoing: Outgoing | None) -> list[int]:
    """Where the Alertmanager's alerts that are this one stand."""
    named = [place for place, other in enumerate(held) if other.name == alert.name]
    if outgoing is not None:
        sent = outgoing.sent(alert.labels)
        exact = [place for place in named if dict(held[place].labels) in sent]
        if exact:
            return exact
        if any(labels.get("alertname") != alert.name for labels in sent):  # relabelling renamed it
            return [place for place, other in enumerate(held) if dict(other.labels) in sent]
        return []
    alike = {place: _shared(alert.labels, held[place].labels) for place in named}
    most = max((count for count in alike.values() if count is not None), default=None)
    return [] if most is None else [place for place, count in alike.items() if count == most]


def _shared(ours: Mapping[str, str], theirs: Mapping[str, str]) -> int | None:
    """How many labels both have alike; None where one contradicts."""
    common = ours.keys() & theirs.keys()
    return len(common) if all(ours[name] == theirs[name] for name in common) else None


def _told(alert: Alert, counterparts: Sequence[Alert]) -> Alert:
    """The alert with the Alertmanager's word; of several the loudest speaks, and the first that began to fire.

    One that is pending here and fires there is one that another replica sent.
    """
    loudest = min(counterparts, key=lambda other: list(AlertState).index(other.state))
    since = min(other.since for other in counterparts)
    if alert.state.fires:
        since = min(since, alert.since)
    return replace(alert, state=loudest.state, quiet=loudest.quiet, since=since, fires_at=None, held=True)


def _not_held(alert: Alert, held: Held, outgoing: Outgoing | None) -> Alert:
    """An alert that has not reached it, or not yet again after a restart: what the silences say of it.

    Where its labels on arrival are not known, a silence that asks for one that it has not covers nothing.
    """
    for silence in sorted(held.silences, key=lambda silence: silence.begins):
        for labels in _sent(alert, outgoing):
            known = outgoing is not None or all(matcher.name in labels for matcher in silence.matchers)
            if known and silence.covers(labels):
                return replace(alert, state=AlertState.SILENCED, quiet=silence.quiet())
    return alert


def _sent(alert: Alert, outgoing: Outgoing | None) -> Iterable[Mapping[str, str]]:
    return (alert.labels,) if outgoing is None else outgoing.sent(alert.labels)
