"""What the guard answers: allowed, a question to ask first, or refused with a reason.

Reasons and questions are values that code may compare; their text is made from them at the end, in no language.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from core.message import say
from incidents.events.body import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal

    from core.message import Message, Value
    from incidents.events.body import QuestionKind


class Reason(StrEnum):
    """Why something is refused. Its text is `response.<value>` of the catalogue."""

    PREVENTION = "prevention"
    PAUSE_POINT = "pause_point"
    PHASE_FINISHED = "phase_finished"
    STEP_FINISHED = "step_finished"
    STEP_UNTOUCHED = "step_untouched"
    PAUSE_CONFIRMED = "pause_confirmed"
    NOT_IC = "not_ic"
    ROLE_YOURS = "role_yours"
    ROLE_HELD = "role_held"
    ROLE_NOT_YOURS = "role_not_yours"
    ROLE_NOT_OFFERED = "role_not_offered"
    INCIDENT_OPEN = "incident_open"
    RESOLVED_ALREADY = "resolved_already"
    ALERT_UNKNOWN = "alert_unknown"
    ALERT_RESOLVED = "alert_resolved"
    ALERT_FIRES = "alert_firing"
    FOLLOW_UP_DONE = "follow_up_done"
    NOTHING_TO_UNDO = "nothing_to_undo"
    ACTION_NOT_ALLOWED = "action_not_allowed"
    ACTIONS_READ_ONLY = "actions_read_only"
    PLAN_BLOCKED = "plan_blocked"
    NOT_CONFIRMED = "not_confirmed"
    TARGET_NOT_TYPED = "target_not_typed"
    ROLE_NEEDED = "role_needed"
    EXECUTOR_NEEDS_JOURNAL = "executor_needs_journal"
    EXECUTOR_NOT_TOLD = "executor_not_told"
    RUN_STARTED = "run_started"
    SAME_PERSON = "same_person"
    SECOND_PERSON = "second_person"
    RUN_UNDONE = "run_undone"
    RUN_NOT_UNDONE = "run_not_undone"
    RUN_NOT_ACTIVE = "run_not_active"
    RUN_NOT_IN_FORCE = "run_not_in_force"
    ENDS_BY_ITSELF = "ends_by_itself"
    BAD_END = "bad_end"
    RUN_NOT_LOST = "run_not_lost"
    CHAOS_IN_INCIDENT = "chaos_in_incident"
    NOT_CONFIGURED = "not_configured"


@dataclass(frozen=True, slots=True)
class Allowed:
    """Nothing speaks against it."""


@dataclass(frozen=True, slots=True)
class Ask:
    """It is done only after this question. `about` as in `Answer`; `details` are the lines under the question."""

    question: QuestionKind
    about: tuple[str, ...] = ()
    details: tuple[Message, ...] = ()

    @property
    def problem(self) -> Message:
        """What is doubtful, as a statement."""
        return say(f"response.{self.question}")

    @property
    def message(self) -> Message:
        """The question."""
        return say("response.go_on", problem=self.problem)

    def answer(self, how: Literal["asked", "--yes"] = "asked") -> Answer:
        """Yes, for the journal."""
        return Answer(question=self.question, about=self.about, how=how)

    def is_answered(self, answers: tuple[Answer, ...]) -> bool:
        """Whether one of `answers` said yes to all that this question is about."""
        return any(
            answer.question == self.question and set(self.about) <= set(answer.about) for answer in answers
        )


@dataclass(frozen=True, slots=True)
class Refused:
    """It is not done; `values` go into the reason's text."""

    reason: Reason
    values: Mapping[str, Value] = field(default_factory=dict)

    @property
    def message(self) -> Message:
        """The reason in words."""
        return say(f"response.{self.reason}", **self.values)


Decision: TypeAlias = Allowed | Ask | Refused
ALLOWED = Allowed()
