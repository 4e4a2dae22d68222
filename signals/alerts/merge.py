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
    places_of = _Places(held.alerts)
    left = dict(enumerate(held.alerts))
    merged: list[Alert] = []
    for alert in own.alerts:
        places = places_of.exact(alert, outgoing) if outgoing is not None else places_of.alike(alert)
        for place in places:
            left.pop(place, None)
        counterparts = [held.alerts[place] for place in places]
        if counterparts:
            merged.append(_with_alertmanager(alert, counterparts))
        elif alert.state.fires:
            sent = sends and (outgoing is None or bool(outgoing.sent(alert.labels)))
            merged.append(replace(_not_held(alert, held, outgoing), held=False if sent else None))
        else:
            merged.append(alert)
    only_held = (replace(alert, held=True) for alert in left.values())
    return replace(own, alerts=(*merged, *only_held), silences_known=True)


class _Places:
    """Where the Alertmanager's alerts stand: a storm is thousands on both sides, so none is looked for among all."""

    def __init__(self, held: Sequence[Alert]) -> None:
        self._held = held
        self._by_labels: dict[frozenset[tuple[str, str]], list[int]] = {}
        self._by_name: dict[str, list[int]] = {}
        self._by_pair: dict[tuple[str, tuple[str, str]], list[int]] = {}
        for place, alert in enumerate(held):
            self._by_labels.setdefault(frozenset(alert.labels.items()), []).append(place)
            self._by_name.setdefault(alert.name, []).append(place)
            for pair in alert.labels.items():
                self._by_pair.setdefault((alert.name, pair), []).append(place)

    def exact(self, alert: Alert, outgoing: Outgoing) -> list[int]:
        """Those with the labels under which this one is sent."""
        sent = dict.fromkeys(frozenset(labels.items()) for labels in outgoing.sent(alert.labels))
        return [place for labels in sent for place in self._by_labels.get(labels, ())]

    def alike(self, alert: Alert) -> list[int]:
        """Those of its name that contradict it nowhere and have most labels in common.

        Among those that share its rarest label first: that is one of many, as a rule.
        """
        postings = (self._by_pair.get((alert.name, pair), []) for pair in alert.labels.items())
        rarest = min((places for places in postings if places), key=len, default=[])
        for places in (rarest, self._by_name.get(alert.name, [])):
            shared = {place: _shared(alert.labels, self._held[place].labels) for place in places}
            most = max((count for count in shared.values() if count is not None), default=None)
            if most is not None:
                return [place for place, count in shared.items() if count == most]
        return []


def _shared(ours: Mapping[str, str], theirs: Mapping[str, str]) -> int | None:
    """How many labels both have alike; None where one contradicts."""
    common = ours.keys() & theirs.keys()
    return len(common) if all(ours[name] == theirs[name] for name in common) else None


def _with_alertmanager(alert: Alert, counterparts: Sequence[Alert]) -> Alert:
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
