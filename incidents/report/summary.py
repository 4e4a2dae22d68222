"""The top of a postmortem, for somebody who slept: where it stands, who took part, when what happened, what people were told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.message import say
from core.units import span
from incidents.events.body import Opened, SeverityChanged
from incidents.events.event import write_time
from incidents.report.sections import asked, listed, title
from incidents.report.timeline import plain, plain_lines, short_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from core.message import Message
    from incidents.events.body import Moment
    from incidents.events.incident import Incident
    from incidents.events.names import Names

    Say = Callable[[Message], str]

_TIMES: tuple[Moment, ...] = ("started", "detected", "acknowledged", "mitigated", "resolved")


def head(incident: Incident, label: str, words: Say, names: Names) -> Iterator[str]:
    """Title, summary and times."""
    drill = f"{words(say('update.drill'))} " if incident.drill else ""
    yield f"# {drill}{label}: {plain(incident.title)}\n"
    yield f"> {words(say('postmortem.draft'))}\n"
    yield title("summary", words)
    yield from asked(words, "summary_ask")
    yield ""
    yield f"- {words(_standing(incident))}"
    yield f"- {words(say('postmortem.people', people=_people(incident)))}"
    if incident.runbooks:
        titles = listed([plain(names.runbook(name)) for name in incident.runbooks])
        yield f"- {words(say('postmortem.runbooks', runbooks=titles))}"
    yield ""
    yield from _times(incident, words)
    if incident.updates:
        last = incident.updates[-1]
        at = short_time(write_time(last.at))
        yield f"\n{words(say('postmortem.last_update', at=at, by=plain(last.by)))}\n"
        yield "\n".join(f"> {line}  " for line in plain_lines(last.text))


def _standing(incident: Incident) -> Message:
    """Its state and how bad it is; how bad it was at its worst where that was worse."""
    status = say(f"update.status_{incident.status}")
    said = [event.body.severity for event in incident.events if isinstance(event.body, Opened)]
    said += [
        event.body.severity
        for event in incident.events
        if isinstance(event.body, SeverityChanged) and event.id not in incident.undone
    ]
    worst = min(said, default=incident.severity)
    if worst < incident.severity:
        return say("postmortem.standing_worst", severity=incident.severity, status=status, worst=worst)
    return say("postmortem.standing", severity=incident.severity, status=status)


def _people(incident: Incident) -> Message | str:
    """Everybody who wrote, with the roles that they had last."""
    names = sorted({event.actor for event in incident.events} | set(incident.roles.values()))
    people: list[Message | str] = []
    for name in names:
        roles = [say(f"event.role_{role}") for role, holder in incident.roles.items() if holder == name]
        held = say("event.because", text=listed(roles)) if roles else ""
        people.append(say("postmortem.person", name=plain(name), roles=held))
    return listed(people)


def _times(incident: Incident, words: Say) -> Iterator[str]:
    yield f"| {words(say('postmortem.moment'))} | {words(say('postmortem.time'))} | {words(say('postmortem.since'))} |"
    yield "|---|---|---|"
    detected = incident.times.get("detected", incident.opened_at)
    for moment in _TIMES:
        at = incident.times.get(moment)
        shown, since = "–", "–"
        if at is not None:
            shown, after = short_time(write_time(at)), (at - detected).total_seconds()
            since = words(
                say("postmortem.before" if after < 0 else "postmortem.after", span=span(abs(after)))
            )
        yield f"| {words(say(f'event.moment_{moment}'))} | {shown} | {since if moment != 'detected' else '–'} |"
