"""What can be done about something that somebody looks at, the most fitting first; what may not be done says why.

The runbook that answers it best knows best: its actions come first, with its parameters, in its order. Then come those whose
own declaration names the subject (`Action.fits`), with the names that are known of it, and those of the other runbooks.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from actions.parameters import read_parameters
from actions.registry import all_actions
from core.errors import WarroomError
from response.decision import ALLOWED, Reason, Refused
from response.run_guard import may_offer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from actions.fits import ConfigSection, Fit, Subject
    from actions.model import AnyAction
    from actions.runner.request import RunSettings
    from response.decision import Decision
    from runbooks.model import Runbook
    from signals.reading import Reading


STAND_INS: Mapping[ConfigSection, tuple[ConfigSection, ...]] = {"signals.celery": ("signals.redis",)}
"""A Redis is taken for the broker where no other is named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What somebody looks at: its subjects, the names that are known of it, the runbooks that answer it, best first."""

    subjects: tuple[Subject, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    runbooks: tuple[Runbook, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """An action with what is known of its parameters. `runbook`, `step` and `number` say which step calls it, if one does."""

    action: AnyAction
    params: Mapping[str, str] = field(default_factory=dict)
    asks: Mapping[str, str] = field(default_factory=dict)
    decision: Decision = ALLOWED
    runbook: str = ""
    step: str = ""
    number: str = ""


def offers(about: About, settings: RunSettings, *, read_only: bool = False) -> tuple[Offer, ...]:
    """What fits, each action and its parameters once; what is refused stands last."""
    actions = all_actions(settings.actions)
    fitting: dict[tuple[str, str], Offer] = {}
    best, others = about.runbooks[:1], about.runbooks[1:]
    groups = (_of_runbooks(best, actions), _of_subjects(about, actions), _of_runbooks(others, actions))
    for offer in (offer for group in groups for offer in _mild_first(group)):
        called = {known.action.id for known in fitting.values() if known.step}
        if offer.step or offer.action.id not in called:
            fitting.setdefault((offer.action.id, repr(sorted(offer.params.items()))), offer)
    return _judged(fitting.values(), settings, read_only=read_only)


def every_offer(settings: RunSettings, *, read_only: bool = False) -> tuple[Offer, ...]:
    """All that there is, by id; what is refused stands last."""
    actions = all_actions(settings.actions).values()
    return _judged((Offer(action=action) for action in actions), settings, read_only=read_only)


def may_reach(action: AnyAction, settings: RunSettings, *, read_only: bool = False) -> Decision:
    """Whether the configuration has the action, and all that it can't do without."""
    decision = may_offer(action.id, action.danger, settings.actions, read_only=read_only)
    if decision != ALLOWED:
        return decision
    for section in action.needs:
        if not any(_is_configured(settings, each) for each in (section, *STAND_INS.get(section, ()))):
            return Refused(Reason.NOT_CONFIGURED, {"section": section, "action": action.id})
    return ALLOWED


def alert_names(labels: Mapping[str, str]) -> dict[str, str]:
    """What is known of an alert: its labels, and as `match` the matchers that it meets, and no alert with others."""
    quoted = ((name, value.replace("\\", "\\\\").replace('"', '\\"')) for name, value in labels.items())
    return {**labels, "match": ",".join(f'{name}="{value}"' for name, value in quoted)}


def panel_names(readings: Iterable[Reading]) -> dict[str, str]:
    """What a panel is about most: of each label the value with the largest reading."""
    known = [reading for reading in readings if reading.value is not None]
    largest = sorted(known, key=lambda reading: reading.value or 0.0)
    return {name: value for reading in largest for name, value in reading.labels}


def _is_configured(settings: RunSettings, section: ConfigSection) -> bool:
    room, _, part = section.partition(".")
    return bool(getattr(getattr(settings, room), part))


def _judged(fitting: Iterable[Offer], settings: RunSettings, *, read_only: bool) -> tuple[Offer, ...]:
    judged = [
        replace(offer, decision=may_reach(offer.action, settings, read_only=read_only)) for offer in fitting
    ]
    return tuple(sorted(judged, key=lambda offer: offer.decision != ALLOWED))


def _mild_first(group: Iterable[Offer]) -> list[Offer]:
    """What may lose something is the first thing that anybody is offered in no group."""
    return sorted(group, key=lambda offer: offer.action.danger == "destructive")


def _of_runbooks(runbooks: Iterable[Runbook], actions: Mapping[str, AnyAction]) -> Iterator[Offer]:
    for runbook in runbooks:
        for phase in runbook.phases:
            for step in phase.steps:
                for call in step.actions:
                    if (action := actions.get(call.id)) is not None:
                        yield Offer(
                            action=action,
                            params=call.parameters,
                            asks=call.asks,
                            runbook=runbook.id,
                            step=step.id,
                            number=step.number,
                        )


def _of_subjects(about: About, actions: Mapping[str, AnyAction]) -> Iterator[Offer]:
    """By the order of the subjects, then by rank and id."""
    ranked = [
        (about.subjects.index(fit.subject), fit.rank, action.id, fit)
        for action in actions.values()
        for fit in action.fits
        if fit.subject in about.subjects
    ]
    for _, _, action_id, fit in sorted(ranked, key=lambda item: item[:3]):
        action = actions[action_id]
        yield Offer(action=action, params=_filled(action, fit, about.names))


def _filled(action: AnyAction, fit: Fit, names: Mapping[str, str]) -> dict[str, str]:
    """The parameters that are known; none of a value that the action would not take."""
    params = {parameter: names[name] for parameter, name in fit.fill.items() if names.get(name)}
    needed = {name for name, each in action.parameters.model_fields.items() if each.is_required()}
    if needed <= params.keys():
        try:
            read_parameters(action.parameters, params)
        except WarroomError:
            return {}
    return params
