"""The draft of a blameless postmortem: what is known is filled in, what only people know is asked.

Markdown for any forge, with charts as SVG files beside it. The words are about what happened, not about who
(Allspaw, "Blameless PostMortems"): names stand in the timeline, as facts. What the draft can't know (error budget
from live sources, what the runbooks call their steps and say about prevention) is given by the caller.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from incidents.event import write_time
from incidents.statistics import durations
from incidents.svg import draw_svg
from incidents.timeline import plain, short_time, timeline_lines, told
from signals.message import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from incidents.body import Moment
    from incidents.incident import Incident, StepKey
    from incidents.timeline import Tell
    from signals.message import Message

    Say = Callable[[Message], str]

_TIMES: tuple[Moment, ...] = ("started", "detected", "acknowledged", "mitigated", "resolved")


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
    step_texts: Mapping[StepKey, str] | None = None,
    tell: Tell = told,
) -> Postmortem:
    """The draft in the language of `words`. `impact` are lines about users and error budget.

    `prevention`, `step_texts` and `tell` (sentences of the timeline) come from the runbooks; a step without a text is
    called by its id.
    """
    charts: dict[str, str] = {}
    for number, each in enumerate(incident.evidence, 1):
        if picture := draw_svg(each.pinned):
            charts[f"{label.lower()}-{number}.svg"] = picture
    sections = [
        list(_head(incident, label, words)),
        list(_impact(incident, words, impact)),
        list(_evidence(incident, label, words, charts)),
        [_title("timeline", words), *timeline_lines(incident, words, tell)],
        list(_tried(incident, words, step_texts or {})),
        [_title("factors", words), *_asked(words, "factors_ask")],
        [_title("well", words), *_asked(words, "well_ask")],
        [_title("lucky", words), *_asked(words, "lucky_ask")],
        list(_follow_ups(incident, words)),
        [_title("prevention", words), *(f"- [ ] {plain(item)}" for item in prevention)]
        if prevention
        else [_title("prevention", words), *_asked(words, "prevention_ask")],
    ]
    return Postmortem("\n\n".join("\n".join(section) for section in sections) + "\n", charts)


def _title(name: str, words: Say) -> str:
    return f"## {words(say(f'postmortem.{name}'))}\n"


def _asked(words: Say, *names: str) -> Iterator[str]:
    """A question to the people, as a comment that no reader of the finished page sees, and room for the answer."""
    for name in names:
        yield f"<!-- {words(say(f'postmortem.{name}'))} -->"
    yield f"_{words(say('postmortem.to_be_written'))}_"


def _head(incident: Incident, label: str, words: Say) -> Iterator[str]:
    drill = f"{words(say('update.drill'))} " if incident.drill else ""
    yield f"# {drill}{label}: {plain(incident.title)}\n"
    yield f"> {words(say('postmortem.draft'))}\n"
    status = words(say(f"update.status_{incident.status}"))
    yield words(say("postmortem.summary", severity=incident.severity, status=status)) + "\n"
    yield f"| {words(say('postmortem.moment'))} | {words(say('postmortem.time'))} | {words(say('postmortem.since'))} |"
    yield "|---|---|---|"
    detected = incident.times.get("detected", incident.opened_at)
    for moment in _TIMES:
        at = incident.times.get(moment)
        since = "–" if at is None or at < detected else length((at - detected).total_seconds())
        shown = "–" if at is None else short_time(write_time(at))
        yield f"| {words(say(f'event.moment_{moment}'))} | {shown} | {since} |"
    people = sorted({event.actor for event in incident.events})
    yield "\n" + words(say("postmortem.people", people=", ".join(plain(name) for name in people)))
    if incident.runbooks:
        yield words(say("postmortem.runbooks", runbooks=", ".join(plain(name) for name in incident.runbooks)))


def length(seconds: float) -> str:
    """`1:23:45` or `3:05`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _impact(incident: Incident, words: Say, lines: Sequence[str]) -> Iterator[str]:
    yield _title("impact", words)
    start = incident.times.get("started", incident.times.get("detected", incident.opened_at))
    end = incident.times.get("mitigated") or incident.times.get("resolved")
    if end and end >= start:
        yield "- " + words(say("postmortem.lasted", length=length((end - start).total_seconds())))
    for alert in incident.alerts.values():
        name = plain(alert.name)
        yield "- " + words(
            say("postmortem.alert", name=name, over=short_time(write_time(alert.resolved_at)))
            if alert.resolved_at
            else say("postmortem.alert_firing", name=name)
        )
    for line in lines:
        yield f"- {plain(line)}"
    if not lines:
        yield ""
        yield from _asked(words, "impact_ask")


def _evidence(incident: Incident, label: str, words: Say, charts: dict[str, str]) -> Iterator[str]:
    yield _title("evidence", words)
    if not incident.evidence:
        yield words(say("postmortem.no_evidence"))
    for number, each in enumerate(incident.evidence, 1):
        title = plain(each.pinned.title or each.pinned.panel)
        when = short_time(write_time(each.at))
        yield f"### {number}. {title} ({when}, {plain(each.by)})\n"
        if each.pinned.line:
            yield plain(each.pinned.line) + "\n"
        name = f"{label.lower()}-{number}.svg"
        if name in charts:
            yield f"![{title}]({name})\n"
        if each.pinned.query:
            yield "\n".join(f"    {' '.join(line.split())}" for line in each.pinned.query.splitlines()) + "\n"


def _tried(incident: Incident, words: Say, step_texts: Mapping[StepKey, str]) -> Iterator[str]:
    yield _title("tried", words)
    took = {key: seconds for key, _, seconds in durations(incident)}
    if not took and not incident.runs:
        yield words(say("postmortem.nothing_tried"))
        return
    for key, step in incident.steps.items():
        if step.state == "open" and not step.remarks:
            continue
        state = words(say(f"event.state_{step.state}"))
        details = [plain(text) for text in (step.reason, step.observed, *step.remarks) if text]
        time = f" ({length(took[key])})" if key in took else ""
        yield f"- {plain(step_texts.get(key, key.step))}: {state}{time}" + (
            f" — {'; '.join(details)}" if details else ""
        )
    for run in incident.runs.values():
        detail = f" — {plain(run.detail)}" if run.detail else ""
        yield f"- `{plain(run.action)}`: {words(say(f'event.run_{run.state}'))}{detail}"


def _follow_ups(incident: Incident, words: Say) -> Iterator[str]:
    yield _title("follow_ups", words)
    if not incident.follow_ups:
        yield from _asked(words, "follow_ups_ask")
        return
    columns = (say(f"postmortem.column_{name}") for name in ("what", "owner", "due", "done"))
    yield "| " + " | ".join(words(column) for column in columns) + " |"
    yield "|---|---|---|---|"
    for each in incident.follow_ups:
        owner = plain(each.owner) or words(say("postmortem.no_owner"))
        yield f"| {plain(each.text)} | {owner} | {each.due or '–'} | {'✔' if each.done else ''} |"
