"""The draft of a blameless postmortem: what is known is filled in, what only people know is asked.

Markdown for any forge, with charts as SVG files beside it. The words are about what happened, not about who
(Allspaw, "Blameless PostMortems"): names stand in the timeline, as facts. What the draft can't know (error budget
from live sources, what the runbooks call their steps and say about prevention) is given by the caller.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from core.message import say
from core.units import duration, quantity
from incidents.events.body import MOMENTS, Opened, SeverityChanged
from incidents.report.actions import describe_story, run_stories
from incidents.report.describe import (
    IDS,
    describe_skipped,
    join_parts,
    localize,
    localize_evidence,
    observation_text,
    short_time,
)
from incidents.report.statistics import durations
from incidents.report.svg import draw_svg
from incidents.report.timeline import escape, escape_lines, timeline_lines

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from core.message import Message
    from incidents.events.body import EvidencePinned
    from incidents.events.incident import Incident, Step, StepKey
    from incidents.report.describe import Names

    Say = Callable[[Message], str]


class Postmortem(NamedTuple):
    """The page, and its charts by file name."""

    markdown: str
    charts: dict[str, str]


def postmortem(
    incident: Incident,
    label: str,
    words: Say,
    *,
    impact: Sequence[str] = (),
    prevention: Sequence[str] = (),
    names: Names = IDS,
    in_force: Mapping[str, Message | str] | None = None,
) -> Postmortem:
    """The draft in the language of `words`. `impact` are lines about users and error budget.

    `prevention` and `names` come from the runbooks; what has no name there is called by its id. `in_force` says until when runs, by
    their ids, are in force; None where nobody could say it.
    """
    charts: dict[str, str] = {}
    for number, evidence in enumerate(incident.evidence, 1):
        if picture := draw_svg(localize_evidence(evidence.pinned, words)):
            charts[f"{label.lower()}-{number}.svg"] = picture
    sections = [
        list(_summary(incident, label, words, names)),
        list(_impact(incident, words, impact)),
        list(_evidence(incident, label, words, charts)),
        [
            _heading("timeline", words),
            words(say("postmortem.times_utc")),
            "",
            *timeline_lines(incident, words, names),
        ],
        list(_tried(incident, words, names)),
        list(_actions(incident, words, names, in_force)),
        [_heading("factors", words), *_question("factors_ask", words)],
        [_heading("well", words), *_question("well_ask", words)],
        [_heading("lucky", words), *_question("lucky_ask", words)],
        list(_follow_ups(incident, words)),
        [_heading("prevention", words), *(f"- [ ] {escape(item)}" for item in prevention)]
        if prevention
        else [_heading("prevention", words), *_question("prevention_ask", words)],
    ]
    if any(evidence.pinned.query for evidence in incident.evidence):
        sections.append([_heading("queries", words), *_queries(incident, words)])
    return Postmortem("\n\n".join("\n".join(section) for section in sections) + "\n", charts)


def _summary(incident: Incident, label: str, words: Say, names: Names) -> Iterator[str]:
    """Title, summary and times."""
    drill = f"{words(say('update.drill'))} " if incident.drill else ""
    yield f"# {drill}{label}: {escape(incident.title)}\n"
    yield f"> {words(say('postmortem.draft'))}\n"
    yield _heading("summary", words)
    yield from _question("summary_ask", words)
    yield ""
    yield f"- {words(_standing(incident))}"
    yield f"- {words(say('postmortem.people', people=_people(incident)))}"
    if incident.runbooks:
        titles = join_parts([escape(names.runbook(name)) for name in incident.runbooks])
        yield f"- {words(say('postmortem.runbooks', runbooks=titles))}"
    yield ""
    yield from _times(incident, words)
    if incident.updates:
        last = incident.updates[-1]
        at = short_time(last.at)
        yield f"\n{words(say('postmortem.last_update', at=at, by=escape(last.by)))}\n"
        yield "\n".join(f"> {line}  " for line in escape_lines(last.text))


def _standing(incident: Incident) -> Message:
    """Its state and how bad it is; how bad it was at its worst where that was worse."""
    status = say(f"update.status_{incident.status}")
    severities = [event.body.severity for event in incident.events if isinstance(event.body, Opened)]
    severities += [
        event.body.severity
        for event in incident.events
        if isinstance(event.body, SeverityChanged) and event.id not in incident.undone
    ]
    worst = min(severities, default=incident.severity)
    if worst < incident.severity:
        return say("postmortem.standing_worst", severity=incident.severity, status=status, worst=worst)
    return say("postmortem.standing", severity=incident.severity, status=status)


def _people(incident: Incident) -> Message | str:
    """Everybody who wrote, with the roles that they had last."""
    names = sorted({event.actor for event in incident.events} | set(incident.roles.values()))
    people: list[Message | str] = []
    for name in names:
        roles = [say(f"event.role_{role}") for role, holder in incident.roles.items() if holder == name]
        held = say("event.because", text=join_parts(roles)) if roles else ""
        people.append(say("postmortem.person", name=escape(name), roles=held))
    return join_parts(people)


def _times(incident: Incident, words: Say) -> Iterator[str]:
    yield f"| {words(say('postmortem.moment'))} | {words(say('postmortem.time'))} | {words(say('postmortem.since'))} |"
    yield "|---|---|---|"
    detected = incident.times.get("detected", incident.opened_at)
    for moment in MOMENTS:
        at = incident.times.get(moment)
        shown, since = "–", "–"
        if at is not None:
            shown, after = short_time(at), (at - detected).total_seconds()
            since = words(
                say("postmortem.before" if after < 0 else "postmortem.after", span=duration(abs(after)))
            )
        yield f"| {words(say(f'event.moment_{moment}'))} | {shown} | {since if moment != 'detected' else '–'} |"


def _impact(incident: Incident, words: Say, lines: Sequence[str]) -> Iterator[str]:
    yield _heading("impact", words)
    yield from _question("impact_ask", words)
    yield ""
    start, end = impact_window(incident)
    if end is None:
        yield "- " + words(say("postmortem.lasts", start=short_time(start)))
    elif end >= start:
        known = "started" in incident.times
        key = "postmortem.lasted" if known else "postmortem.lasted_detected"
        values = {"start": short_time(start), "end": short_time(end)}
        yield "- " + words(say(key, length=duration((end - start).total_seconds()), **values))
    for alert in incident.alerts.values():
        name, since = escape(alert.name), short_time(alert.since or alert.attached_at)
        for firing in alert.earlier:
            times = {"since": short_time(firing.since), "over": short_time(firing.until)}
            yield "- " + words(say("postmortem.alert", name=name, **times))
        over = short_time(alert.resolved_at) if alert.resolved_at else ""
        key = "postmortem.alert" if over else "postmortem.alert_firing"
        yield "- " + words(say(key, name=name, since=since, over=over))
    for line in lines:
        yield f"- {escape(line)}"


def impact_window(incident: Incident) -> tuple[dt.datetime, dt.datetime | None]:
    """From when to when there was harm, as far as that is known: until it was mitigated, else resolved; None: it goes on."""
    start = incident.times.get("started", incident.times.get("detected", incident.opened_at))
    return start, incident.times.get("mitigated") or incident.times.get("resolved")


def _evidence(incident: Incident, label: str, words: Say, charts: dict[str, str]) -> Iterator[str]:
    yield _heading("evidence", words)
    if not incident.evidence:
        yield words(say("postmortem.no_evidence"))
    for number, evidence in enumerate(incident.evidence, 1):
        pinned = localize_evidence(evidence.pinned, words)
        shown = escape(pinned.title)
        when = short_time(evidence.at)
        yield f"### {number}. {words(say('postmortem.pinned', title=shown, at=when, by=escape(evidence.by)))}\n"
        if pinned.line:
            verdict = say(f"postmortem.verdict_{pinned.verdict or 'unknown'}")
            yield words(say("postmortem.verdict", verdict=verdict, line=escape(pinned.line))) + "\n"
        name = f"{label.lower()}-{number}.svg"
        if name in charts:
            yield f"![{escape(_caption(pinned, words))}]({name})\n"


def _queries(incident: Incident, words: Say) -> Iterator[str]:
    """What was asked for the pinned panels: at the end, for those who want to ask again."""
    for number, evidence in enumerate(incident.evidence, 1):
        pinned = localize_evidence(evidence.pinned, words)
        if not pinned.query:
            continue
        shown, source = escape(pinned.title), escape(pinned.source) or "–"
        yield words(say("postmortem.asked_of", number=number, title=shown, source=source)) + "\n"
        yield "\n".join(f"    {' '.join(line.split())}" for line in pinned.query.splitlines()) + "\n"


def _caption(pinned: EvidencePinned, words: Say) -> str:
    """What a chart shows, for those who can't see it."""
    names = join_parts(
        list(dict.fromkeys(curve.name for curve in pinned.curves if curve.name)) or [pinned.title]
    )
    if pinned.limit is None:
        return words(say("postmortem.caption", title=pinned.title, curves=names))
    limit = quantity(pinned.limit, pinned.unit)
    return words(say("postmortem.caption_limit", title=pinned.title, curves=names, limit=limit))


def _tried(incident: Incident, words: Say, names: Names) -> Iterator[str]:
    yield _heading("tried", words)
    took = {key: seconds for key, _, seconds in durations(incident)}
    steps = [(key, step) for key, step in incident.steps.items() if step.state != "open" or step.remarks]
    if not steps:
        yield words(say("postmortem.nothing_tried"))
        return
    for (_, _, skipped), group in groupby(steps, key=_skip_key):
        run = list(group)
        if skipped and len(run) > 1:
            first, last = (names.step(key) for key, _ in (run[0], run[-1]))
            yield "- " + escape(words(describe_skipped(first, last, len(run), run[0][1].reason)))
        else:
            yield from (_step(key, step, took.get(key), words, names) for key, step in run)


def _actions(
    incident: Incident, words: Say, names: Names, in_force: Mapping[str, Message | str] | None
) -> Iterator[str]:
    """What was run, by whom, how it ended, whether it was taken back, and what is left of it."""
    yield _heading("actions", words)
    stories = run_stories(incident)
    if not stories:
        yield words(say("postmortem.nothing_run"))
        return
    for story in stories:
        until = (in_force or {}).get(story.key, "")
        yield f"- {escape(words(describe_story(incident, story, names, until)))}"
    if in_force is None:
        yield f"\n{words(say('postmortem.in_force_unknown'))}"


def _skip_key(entry: tuple[StepKey, Step]) -> tuple[str, str, bool]:
    """What steps share that were left out together."""
    key, step = entry
    return key.runbook, step.reason, step.state == "skipped" and not step.remarks


def _step(key: StepKey, step: Step, took_s: float | None, words: Say, names: Names) -> str:
    known = localize(observation_text(step), words)
    details = [escape(text) for text in (step.reason, known, *step.remarks) if text]
    state = say(f"event.state_{step.state}")
    if took_s is not None and step.state != "skipped":  # leaving out takes no time that means anything
        state = say("postmortem.took", state=state, span=duration(took_s))
    return "- " + words(
        say(
            "postmortem.tried_step",
            step=escape(names.step(key)),
            state=state,
            details=say("postmortem.details", text=join_parts(details, "event.and")) if details else "",
        )
    )


def _follow_ups(incident: Incident, words: Say) -> Iterator[str]:
    yield _heading("follow_ups", words)
    if not incident.follow_ups:
        yield from _question("follow_ups_ask", words)
        return
    columns = (say(f"postmortem.column_{name}") for name in ("what", "owner", "due", "done"))
    yield "| " + " | ".join(words(column) for column in columns) + " |"
    yield "|---|---|---|---|"
    for item in incident.follow_ups:
        owner = escape(item.owner) or words(say("postmortem.no_owner"))
        yield f"| {escape(item.text)} | {owner} | {item.due or '–'} | {'✔' if item.done else ''} |"


def _heading(name: str, words: Say) -> str:
    """A heading of the page."""
    return f"## {words(say(f'postmortem.{name}'))}\n"


def _question(name: str, words: Say) -> Iterator[str]:
    """A question to the people, as a comment that no reader of the finished page sees, and room for the answer."""
    yield f"<!-- {words(say(f'postmortem.{name}'))} -->"
    yield f"_{words(say('postmortem.to_be_written'))}_"
