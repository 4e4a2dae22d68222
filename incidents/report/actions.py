"""What was run in an incident: by whom, how it ended, whether it was taken back. From the incident's own events.

Whether it is still in force is known from the runs themselves, above this room: the caller says it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.message import say
from incidents.events import body as b
from incidents.report.describe import IDS, join_parts, run_detail, run_state, short_time

if TYPE_CHECKING:
    from core.message import Message
    from incidents.events.event import Event
    from incidents.events.incident import Incident
    from incidents.report.describe import Names


@dataclass(frozen=True, slots=True)
class RunStory:
    """One run as its incident heard of it: who began it, and the last that was said of it but that it was taken back."""

    key: str
    first: Event
    last: Event
    noted: b.RunNoted
    undone: Event | None = None

    @property
    def label(self) -> str:
        """How people call the run."""
        return self.noted.run


def run_stories(incident: Incident) -> tuple[RunStory, ...]:
    """In the order in which they were begun."""
    stories: dict[str, RunStory] = {}
    for event in incident.events:
        if not isinstance(event.body, b.RunNoted):
            continue
        key = str(event.body.run_id or event.body.run)
        known = stories.get(key)
        first, last, noted = known.first if known else event, event, event.body
        undone = known.undone if known else None
        if event.body.state == "undone":
            undone = event
            if known:
                last, noted = known.last, known.noted
        stories[key] = RunStory(key, first, last, noted, undone)
    return tuple(stories.values())


def describe_story(
    incident: Incident, story: RunStory, names: Names = IDS, until: Message | str = ""
) -> Message:
    """One line: what, by whom, when, how it ended, and what is left of it; `until` is when it ends where it is in force."""
    noted = story.noted
    parts: list[Message | str] = [run_state(noted)]
    if detail := run_detail(noted):
        parts.append(detail)
    if story.undone is not None and noted.state != "undone":
        parts.append(say("event.run_undone_at", by=story.undone.actor, at=short_time(story.undone.at)))
    if until:
        parts.append(say("event.run_still_in_force", until=until))
    step = (
        say("event.run_at_step", step=names.step(incident.key(noted.runbook, noted.step)))
        if noted.step
        else ""
    )
    return say(
        "event.run_story",
        run=story.label,
        action=noted.action,
        step=step,
        by=story.first.actor,
        at=short_time(story.first.at),
        what=join_parts(parts, "event.and"),
    )
