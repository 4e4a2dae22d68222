"""What an ops host does with a run that was sent to it: the guard's questions again, and a runner of its own.

Everything comes from the journal: the message names the run alone. What speaks against it ends the run, with the reason, so that
whoever waits hears of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.errors import ActionError
from actions.parameters import read_parameters
from actions.planning import plan_to_json
from actions.registry import find_action
from actions.runner.execute import phrase
from actions.runner.launch import launch
from actions.runner.remote import LATE_S
from actions.runner.request import RunRequest
from actions.runner.tell import tell_incident
from core.message import say
from incidents.events.run_body import RunFailed
from response.decision import Refused
from response.run_guard import may_offer, may_start
from response.runs import stored_plan

if TYPE_CHECKING:
    import datetime as dt
    from uuid import UUID

    from actions.runner.request import RunSettings
    from core.message import Message
    from incidents.events.run import Run
    from incidents.journal import Journal


def take(journal: Journal, settings: RunSettings, run_id: UUID, now: dt.datetime) -> Message:
    """Start the run here, once; says what became of that. Raises a `JournalError`: then the message may come again."""
    run, label = journal.load_run(run_id), journal.run_label(run_id)
    if not run.is_unclaimed:
        return say("runs.not_taken", run=label)
    try:
        why = _against(run, settings, now)
        if why is None:
            _launch(run, settings)
            return say("runs.taken", run=label, action=run.action)
    except ActionError as error:
        why = error.message
    journal.append(run_id, run.planned_by, RunFailed(said=phrase(why)), expected_sequence=run.sequence)
    tell_incident(journal, run_id, run.planned_by)
    return say("runs.refused_here", run=label, why=why)


def _against(run: Run, settings: RunSettings, now: dt.datetime) -> Message | None:
    """What this host's own configuration and the guard have against it."""
    confirmed_at = max([run.planned_at, *(approval.at for approval in run.approvals)])
    late_s = (now - confirmed_at).total_seconds()
    if late_s < -LATE_S:
        return say("runs.clocks_differ", seconds=round(-late_s))
    if late_s > LATE_S:
        return say("runs.came_late", seconds=round(late_s), limit=round(LATE_S))
    plan = stored_plan(run)
    for decision in (
        may_offer(plan.action, plan.danger, settings.actions),
        may_start(run, plan, settings.actions),
    ):
        if isinstance(decision, Refused):
            return decision.message
    return None


def _launch(run: Run, settings: RunSettings) -> None:
    action = find_action(settings.actions, run.action)
    params = read_parameters(action.parameters, run.params)
    launch(
        RunRequest(
            run=run.id,
            actor=run.planned_by,
            action=run.action,
            params=params.revealed(),
            plan=plan_to_json(stored_plan(run)),
            settings=settings,
        )
    )
