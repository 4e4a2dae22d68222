"""What is done about the checklist: steps ticked, skipped, failed, begun, opened again; pause points confirmed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from incidents.events import body as b
from incidents.events.phrase import Phrase
from response.checklist import Row, open_steps
from response.decision import Reason, Refused
from response.guard import check_outcome, reached
from response.situation import Proposal, propose
from runbooks.checks.observation import check_results

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.message import Message
    from incidents.events.incident import StepKey
    from response.situation import Situation

    Say = Callable[[Message], str]


def tick(situation: Situation, key: StepKey, words: Say, *, observed: str = "") -> Proposal:
    """Done: with what its checks said, or with what somebody saw."""
    checks, row = _checks(situation, key, words), situation.row("step", key.runbook, key.step)
    body = b.StepTicked(
        runbook=key.runbook,
        step=key.step,
        observed=observed,
        checks=checks,
        outcome=check_outcome(situation, row) if row is not None and not observed else "",
    )
    return propose(situation, body)


def fail(situation: Situation, key: StepKey, words: Say, *, reason: str, observed: str = "") -> Proposal:
    """Tried, and it did not do what it should."""
    checks = _checks(situation, key, words)
    body = b.StepFailed(runbook=key.runbook, step=key.step, reason=reason, observed=observed, checks=checks)
    return propose(situation, body)


def start(situation: Situation, key: StepKey) -> Proposal:
    """We are at this step now: who comes back after an interruption sees where it was."""
    return propose(situation, b.StepStarted(runbook=key.runbook, step=key.step))


def skip(situation: Situation, key: StepKey, *, reason: str) -> Proposal:
    """Left out on purpose."""
    return propose(situation, b.StepSkipped(runbook=key.runbook, step=key.step, reason=reason))


def skippable(situation: Situation, phase: Row) -> tuple[Row, ...] | Refused:
    """The steps of the row's phase that are open, unless the checklist has not come to them."""
    rows = open_steps(situation.incident, situation.rows, phase)
    if not rows:
        return Refused(Reason.PHASE_FINISHED, {"phase": phase.phase.title if phase.phase else ""})
    decision = reached(situation, rows[0])
    return decision if isinstance(decision, Refused) else tuple(rows)


def skip_phase(situation: Situation, phase: Row, *, reason: str) -> Proposal | Refused:
    """All that is open of a phase, left out for one reason: a provider that is not affected."""
    rows = skippable(situation, phase)
    if isinstance(rows, Refused):
        return rows
    keys = [row.step_key for row in rows]
    bodies = (b.StepSkipped(runbook=key.runbook, step=key.step, reason=reason) for key in keys)
    return Proposal(situation, tuple(bodies))


def reopen(situation: Situation, key: StepKey, *, reason: str = "") -> Proposal:
    """To be done again."""
    return propose(situation, b.StepReopened(runbook=key.runbook, step=key.step, reason=reason))


def annotate(situation: Situation, key: StepKey, text: str) -> Proposal:
    """A remark on a step."""
    return propose(situation, b.StepAnnotated(runbook=key.runbook, step=key.step, text=text))


def confirm_pause(situation: Situation, phase: StepKey) -> Proposal:
    """The IC lets the checklist go on behind the pause point of a phase."""
    return propose(situation, b.PauseConfirmed(runbook=phase.runbook, phase=phase.step))


def _checks(situation: Situation, key: StepKey, words: Say) -> tuple[Phrase, ...]:
    observed = situation.observed.get(key, ())
    return tuple(
        Phrase.from_message(result, words) for result in check_results(observed, situation.now.timestamp())
    )
