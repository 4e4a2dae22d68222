"""What a step of the checklist offers to be run: its actions, and its `sh` blocks where the configuration allows that.

Each with its danger, whether it may be run here at all, and the runs of it that its incident knows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from actions.blocks import blocks_of
from core.message import say
from incidents.report.actions import run_stories
from response.checklist import Missing
from response.decision import Refused
from response.run_guard import may_offer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from actions.model import AnyAction, Danger
    from actions.settings import ActionsSettings
    from core.message import Message
    from incidents.events.incident import Incident
    from incidents.report.actions import RunStory
    from response.checklist import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class StepAction:
    """One button of a step. `params` are as written, `asks` what whoever runs it fills in, by parameter.

    `refused` is why it can't be run here; `stories` are its runs in this incident, `is_done` whether one of them was verified
    and not taken back.
    """

    id: str
    title: Message
    danger: Danger
    params: Mapping[str, str]
    asks: Mapping[str, str] = field(default_factory=dict)
    is_block: bool = False
    lasts_s: float = 0.0
    refused: Message | None = None
    stories: tuple[RunStory, ...] = ()

    @property
    def is_done(self) -> bool:
        """Whether nobody has to run it any more."""
        return any(story.noted.state == "verified" and story.undone is None for story in self.stories)

    @property
    def running(self) -> RunStory | None:
        """The run of it that goes on."""
        return next((story for story in reversed(self.stories) if story.noted.state == "running"), None)


def step_actions(
    row: Row, incident: Incident | None, actions: Mapping[str, AnyAction], settings: ActionsSettings
) -> tuple[StepAction, ...]:
    """In the order of the manual; the blocks behind the actions. `actions` are all that there are, by id."""
    if row.step is None or isinstance(row.runbook, Missing):
        return ()
    stories = step_stories(row, incident)
    calls = tuple(_calls(row, actions, settings, stories))
    return (*calls, *_blocks(row, actions, settings, stories))


def step_stories(row: Row, incident: Incident | None) -> tuple[RunStory, ...]:
    """Every run of the row's step, also those that took another back."""
    if incident is None or row.step is None:
        return ()
    keys = {incident.key(row.runbook.id, name) for name in (row.step.id, row.step.number)}
    return tuple(
        story
        for story in run_stories(incident)
        if story.noted.step and incident.key(story.noted.runbook, story.noted.step) in keys
    )


def _calls(
    row: Row,
    actions: Mapping[str, AnyAction],
    settings: ActionsSettings,
    stories: tuple[RunStory, ...],
) -> Iterator[StepAction]:
    calls = row.step.actions if row.step else ()
    for part, call in enumerate(calls, 1):
        action = actions.get(call.id)
        alone = sum(other.id == call.id for other in calls) == 1
        own = tuple(
            story
            for story in stories
            if story.noted.action == call.id
            and (story.noted.part == part or (alone and not story.noted.part))
        )
        if action is None:
            unknown = say("lint.unknown_action", id=call.id)
            yield StepAction(
                id=call.id,
                title=unknown,
                danger="destructive",
                params=call.parameters,
                refused=unknown,
                stories=own,
            )
            continue
        offer = may_offer(call.id, action.danger, settings)
        yield StepAction(
            id=call.id,
            title=action.title,
            danger=action.danger,
            params=call.parameters,
            asks=call.asks,
            lasts_s=action.lasts_s,
            refused=offer.message if isinstance(offer, Refused) else None,
            stories=own,
        )


def _blocks(
    row: Row,
    actions: Mapping[str, AnyAction],
    settings: ActionsSettings,
    stories: tuple[RunStory, ...],
) -> Iterator[StepAction]:
    if row.step is None or isinstance(row.runbook, Missing):
        return
    for action_id, block in blocks_of(settings, row.runbook, row.step).items():
        action = actions.get(action_id)
        danger = action.danger if action else block.danger
        offer = may_offer(action_id, danger, settings)
        first = next(iter(block.text.splitlines()), "")
        refused = offer.message if isinstance(offer, Refused) else None
        if action is None:  # its manual is shown here, and stands in no folder whose blocks may be run
            refused = say("actions.no_such_block", id=action_id, runbook=row.runbook.id)
        yield StepAction(
            id=action_id,
            title=say("response.run_block", command=first),
            danger=danger,
            params={"language": row.runbook.language},
            is_block=True,
            refused=refused,
            stories=tuple(story for story in stories if story.noted.action == action_id),
        )
