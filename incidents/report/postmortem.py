"""The draft of a blameless postmortem: what is known is filled in, what only people know is asked.

Markdown for any forge, with charts as SVG files beside it. The words are about what happened, not about who
(Allspaw, "Blameless PostMortems"): names stand in the timeline, as facts. What the draft can't know (error budget
from live sources, what the runbooks call their steps and say about prevention) is given by the caller.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from core.message import say
from core.units import quantity, span
from incidents.events.event import write_time
from incidents.events.names import IDS
from incidents.report.describe import in_words, observed, spoken
from incidents.report.sections import asked, listed, title
from incidents.report.statistics import durations
from incidents.report.summary import head
from incidents.report.svg import draw_svg
from incidents.report.timeline import plain, short_time, skipped_together, timeline_lines

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator, Sequence

    from core.message import Message
    from incidents.events.body import EvidencePinned
    from incidents.events.incident import Incident, Step, StepKey
    from incidents.events.names import Names

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
) -> Postmortem:
    """The draft in the language of `words`. `impact` are lines about users and error budget.

    `prevention` and `names` come from the runbooks; what has no name there is called by its id.
    """
    charts: dict[str, str] = {}
    for number, each in enumerate(incident.evidence, 1):
        if picture := draw_svg(in_words(each.pinned, words)):
            charts[f"{label.lower()}-{number}.svg"] = picture
    sections = [
        list(head(incident, label, words, names)),
        list(_impact(incident, words, impact)),
        list(_evidence(incident, label, words, charts)),
        [
            title("timeline", words),
            words(say("postmortem.times_utc")),
            "",
            *timeline_lines(incident, words, names),
        ],
        list(_tried(incident, words, names)),
        [title("factors", words), *asked(words, "factors_ask")],
        [title("well", words), *asked(words, "well_ask")],
        [title("lucky", words), *asked(words, "lucky_ask")],
        list(_follow_ups(incident, words)),
        [title("prevention", words), *(f"- [ ] {plain(item)}" for item in prevention)]
        if prevention
        else [title("prevention", words), *asked(words, "prevention_ask")],
    ]
    if any(each.pinned.query for each in incident.evidence):
        sections.append([title("queries", words), *_queries(incident, words)])
    return Postmortem("\n\n".join("\n".join(section) for section in sections) + "\n", charts)


def length(seconds: float) -> str:
    """`1:23:45` or `3:05`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _impact(incident: Incident, words: Say, lines: Sequence[str]) -> Iterator[str]:
    yield title("impact", words)
    yield from asked(words, "impact_ask")
    yield ""
    start, end = harm(incident)
    if end is None:
        yield "- " + words(say("postmortem.lasts", start=short_time(write_time(start))))
    elif end >= start:
        known = "started" in incident.times
        key = "postmortem.lasted" if known else "postmortem.lasted_detected"
        values = {"start": short_time(write_time(start)), "end": short_time(write_time(end))}
        yield "- " + words(say(key, length=span((end - start).total_seconds()), **values))
    for alert in incident.alerts.values():
        name, since = plain(alert.name), short_time(write_time(alert.since or alert.attached_at))
        over = short_time(write_time(alert.resolved_at)) if alert.resolved_at else ""
        key = "postmortem.alert" if over else "postmortem.alert_firing"
        yield "- " + words(say(key, name=name, since=since, over=over))
    for line in lines:
        yield f"- {plain(line)}"


def harm(incident: Incident) -> tuple[dt.datetime, dt.datetime | None]:
    """From when to when there was harm, as far as that is known: until it was mitigated, else resolved; None: it goes on."""
    start = incident.times.get("started", incident.times.get("detected", incident.opened_at))
    return start, incident.times.get("mitigated") or incident.times.get("resolved")


def _evidence(incident: Incident, label: str, words: Say, charts: dict[str, str]) -> Iterator[str]:
    yield title("evidence", words)
    if not incident.evidence:
        yield words(say("postmortem.no_evidence"))
    for number, each in enumerate(incident.evidence, 1):
        pinned = in_words(each.pinned, words)
        shown = plain(pinned.title)
        when = short_time(write_time(each.at))
        yield f"### {number}. {words(say('postmortem.pinned', title=shown, at=when, by=plain(each.by)))}\n"
        if pinned.line:
            verdict = say(f"postmortem.verdict_{pinned.verdict or 'unknown'}")
            yield words(say("postmortem.verdict", verdict=verdict, line=plain(pinned.line))) + "\n"
        name = f"{label.lower()}-{number}.svg"
        if name in charts:
            yield f"![{plain(caption(pinned, words))}]({name})\n"


def _queries(incident: Incident, words: Say) -> Iterator[str]:
    """What was asked for the pinned panels: at the end, for those who want to ask again."""
    for number, each in enumerate(incident.evidence, 1):
        pinned = in_words(each.pinned, words)
        if not pinned.query:
            continue
        shown, source = plain(pinned.title), plain(pinned.source) or "–"
        yield words(say("postmortem.asked_of", number=number, title=shown, source=source)) + "\n"
        yield "\n".join(f"    {' '.join(line.split())}" for line in pinned.query.splitlines()) + "\n"


def caption(pinned: EvidencePinned, words: Say) -> str:
    """What a chart shows, for those who can't see it."""
    names = listed(list(dict.fromkeys(curve.name for curve in pinned.curves if curve.name)) or [pinned.title])
    if pinned.limit is None:
        return words(say("postmortem.caption", title=pinned.title, curves=names))
    limit = quantity(pinned.limit, pinned.unit)
    return words(say("postmortem.caption_limit", title=pinned.title, curves=names, limit=limit))


def _tried(incident: Incident, words: Say, names: Names) -> Iterator[str]:
    yield title("tried", words)
    took = {key: seconds for key, _, seconds in durations(incident)}
    steps = [(key, step) for key, step in incident.steps.items() if step.state != "open" or step.remarks]
    if not steps and not incident.runs:
        yield words(say("postmortem.nothing_tried"))
        return
    for together, group in groupby(steps, key=_together):
        run = list(group)
        if together[-1] and len(run) > 1:
            first, last = (names.step(key) for key, _ in (run[0], run[-1]))
            yield "- " + plain(words(skipped_together(first, last, len(run), run[0][1].reason)))
        else:
            yield from (_step(key, step, took.get(key), words, names) for key, step in run)
    for action in incident.runs.values():
        detail = f" — {plain(action.detail)}" if action.detail else ""
        yield f"- `{plain(action.action)}`: {words(say(f'event.run_{action.state}'))}{detail}"


def _together(entry: tuple[StepKey, Step]) -> tuple[str, str, bool]:
    """What steps share that were left out together."""
    key, step = entry
    return key.runbook, step.reason, step.state == "skipped" and not step.remarks


def _step(key: StepKey, step: Step, took_s: float | None, words: Say, names: Names) -> str:
    known = spoken(observed(step), words)
    details = [plain(text) for text in (step.reason, known, *step.remarks) if text]
    state = say(f"event.state_{step.state}")
    if took_s is not None and step.state != "skipped":  # leaving out takes no time that means anything
        state = say("postmortem.took", state=state, span=span(took_s))
    return "- " + words(
        say(
            "postmortem.tried_step",
            step=plain(names.step(key)),
            state=state,
            details=say("postmortem.details", text=listed(details, "event.and")) if details else "",
        )
    )


def _follow_ups(incident: Incident, words: Say) -> Iterator[str]:
    yield title("follow_ups", words)
    if not incident.follow_ups:
        yield from asked(words, "follow_ups_ask")
        return
    columns = (say(f"postmortem.column_{name}") for name in ("what", "owner", "due", "done"))
    yield "| " + " | ".join(words(column) for column in columns) + " |"
    yield "|---|---|---|---|"
    for each in incident.follow_ups:
        owner = plain(each.owner) or words(say("postmortem.no_owner"))
        yield f"| {plain(each.text)} | {owner} | {each.due or '–'} | {'✔' if each.done else ''} |"
