"""What each use case would write, and that it is written only while nothing speaks against it any more."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from incidents.events import body as b
from incidents.events.event import body_text
from incidents.journal import open_journal
from incidents.settings import JournalSettings
from response import incident as whole
from response import records, steps
from response.checklist import Progress, progress
from response.decision import ALLOWED, Ask, Reason, Refused
from response.situation import Proposal, Situation
from response.write import write, write_opening
from signals.reading import Verdict
from tests.response.build import NOW, key, runbook, situation
from tui.i18n import Language

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from incidents.journal import Journal

SAY = Language("en").say


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = open_journal(JournalSettings.model_validate({"url": f"sqlite:///{tmp_path}/journal.db"}))
    yield opened
    opened.close()


def begin(journal: Journal, actor: str = "op1") -> Situation:
    opening = whole.Opening(title="storm", severity="SEV2", runbook="book")
    incident = journal.load(write_opening(journal, actor, whole.open_incident(opening, NOW)))
    return Situation(label="INC-1", incident=incident, actor=actor, now=NOW, runbooks=(runbook(),))


def test_the_first_events_of_an_incident() -> None:
    alert = b.AlertAttached(fingerprint="f", name="QueueLong", since=NOW - dt.timedelta(minutes=5))
    opening = whole.Opening(title="storm", severity="SEV2", runbook="book", alert=alert, leads=True)
    assert whole.open_incident(opening, NOW) == (
        b.Opened(title="storm", severity="SEV2", runbook="book", detected_at=alert.since),
        b.Marked(moment="acknowledged", at=NOW),
        alert,
        b.RoleTaken(role="ic"),
    )


def test_an_alert_that_begins_in_the_future_was_detected_now() -> None:
    alert = b.AlertAttached(fingerprint="f", name="QueueLong", since=NOW + dt.timedelta(minutes=5))
    (opened, *_) = whole.open_incident(whole.Opening(title="x", severity="SEV2", alert=alert), NOW)
    assert isinstance(opened, b.Opened)
    assert opened.detected_at == NOW


def test_a_tick_keeps_what_its_checks_said() -> None:
    (body,) = steps.tick(situation(observed={"cut": Verdict.OK}), key("cut"), SAY).bodies
    assert isinstance(body, b.StepTicked)
    assert len(body.checks) == 1
    (body,) = steps.tick(situation(), key("cut"), SAY, observed="12/min").bodies
    assert body == b.StepTicked(runbook="book", step="cut", observed="12/min")


def test_an_event_without_an_answer_is_stored_and_hashed_as_before() -> None:
    assert body_text(b.StepTicked(runbook="book", step="cut")) == '{"runbook":"book","step":"cut"}'
    assert body_text(b.PauseConfirmed(phase="stop")) == '{"phase":"stop"}'


def test_a_phase_is_skipped_without_what_is_done() -> None:
    seen = situation(("op1", b.StepTicked(runbook="book", step="cut")))
    phase = next(row for row in seen.rows if row.kind == "phase")
    proposal = steps.skip_phase(seen, phase, reason="not affected")
    assert isinstance(proposal, Proposal)
    assert proposal.bodies == (b.StepSkipped(runbook="book", step="look", reason="not affected"),)
    second = [row for row in seen.rows if row.kind == "phase"][1]
    behind = steps.skip_phase(seen, second, reason="r")
    assert isinstance(behind, Refused)
    assert behind.reason is Reason.PAUSE_POINT


def test_resolving_twice_is_a_slip_but_corrects_the_time() -> None:
    resolved = situation(("op1", b.Marked(moment="resolved", at=NOW)))
    again = whole.resolve(resolved)
    assert isinstance(again, Refused)
    assert again.reason is Reason.RESOLVED_ALREADY
    assert isinstance(whole.resolve(resolved, at=NOW), Proposal)


def test_undo_without_an_event_of_ones_own() -> None:
    assert records.last_own_event(situation()) is None
    refused = records.undo(situation(), None)
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.NOTHING_TO_UNDO
    noted = situation(("op1", b.Noted(text="x")))
    proposal = records.undo(noted, records.last_own_event(noted))
    assert isinstance(proposal, Proposal)
    assert proposal.bodies == (b.Undone(event=noted.incident.events[-1].id),)


def test_what_is_allowed_is_on_the_disk(journal: Journal) -> None:
    seen = begin(journal)
    written = write(journal, records.note(seen, "spike"))
    assert written.decision == ALLOWED
    assert journal.load(seen.incident.id).events[-1] == written.events[0]


def test_the_slower_of_two_hears_that_it_is_done(journal: Journal) -> None:
    seen = begin(journal)
    write(journal, steps.tick(seen, key("look"), SAY))
    written = write(journal, steps.tick(seen, key("look"), SAY))
    assert written.events == ()
    assert isinstance(written.decision, Refused)
    assert written.decision.reason is Reason.STEP_FINISHED


def test_a_stale_decision_is_asked_about_at_the_moment_of_writing(journal: Journal) -> None:
    seen = begin(journal)
    journal.append(seen.incident.id, "op2", b.StepTicked(runbook="book", step="look"))
    proposal = steps.skip(seen, key("look"), reason="not affected")
    question = write(journal, proposal).decision
    assert isinstance(question, Ask)
    assert journal.load(seen.incident.id).steps[key("look")].state == "ticked"
    written = write(journal, proposal.answered(question))
    assert written.decision == ALLOWED
    assert journal.load(seen.incident.id).steps[key("look")].state == "skipped"


def test_of_a_phase_what_somebody_skipped_meanwhile_stays_and_nothing_is_written_while_a_question_is_open(
    journal: Journal,
) -> None:
    seen = begin(journal)
    phase = next(row for row in seen.rows if row.kind == "phase")
    proposal = steps.skip_phase(seen, phase, reason="not affected")
    assert isinstance(proposal, Proposal)
    journal.append(seen.incident.id, "op2", b.StepTicked(runbook="book", step="look"))
    question = write(journal, proposal)
    assert question.events == ()
    assert isinstance(question.decision, Ask)
    journal.append(seen.incident.id, "op2", b.StepSkipped(runbook="book", step="cut", reason="mine"))
    question = write(journal, proposal)
    assert isinstance(question.decision, Ask)
    written = write(journal, proposal.answered(question.decision))
    assert [event.body.kind for event in written.events] == ["step_skipped"]
    assert journal.load(seen.incident.id).steps[key("cut")].reason == "mine"


def test_the_answer_is_journalled_and_told(journal: Journal) -> None:
    seen = begin(journal)
    confirm = steps.confirm_pause(seen, key("stop"))
    question = write(journal, confirm).decision
    assert isinstance(question, Ask)
    (event,) = write(journal, confirm.answered(question, "--yes")).events
    assert isinstance(event.body, b.PauseConfirmed)
    from incidents.report.describe import describe_event

    incident = journal.load(seen.incident.id)
    text = SAY(describe_event(incident, event, seen.names))
    assert text.endswith("(not done: 1.1 cut: confirmed with --yes)")


@pytest.mark.parametrize(
    ("observed", "step", "outcome"),
    [
        ({"cut": Verdict.OK}, "cut", "passed"),
        ({"cut": Verdict.BURNING}, "cut", "not_passed"),
        ({"cut": Verdict.WARN}, "cut", "not_passed"),
        ({"cut": Verdict.UNKNOWN}, "cut", "unmeasured"),
        ({"cut": None}, "cut", "unmeasured"),
        ({}, "cut", "unmeasured"),
        ({}, "look", ""),  # nothing to measure
    ],
)
def test_a_tick_says_what_its_checks_said(
    observed: dict[str, Verdict | None], step: str, outcome: str
) -> None:
    (body,) = steps.tick(situation(observed=observed), key(step), SAY).bodies
    assert isinstance(body, b.StepTicked)
    assert body.outcome == outcome


def test_ticks_that_did_not_pass_or_were_not_measured_count_apart() -> None:
    ticked = (
        b.StepTicked(runbook="book", step="cut", outcome="not_passed"),
        b.StepTicked(runbook="book", step="look"),
    )
    known = situation(*(("op1", body) for body in ticked))
    stop = known.rows[0]
    assert progress(known.incident, known.rows, stop) == Progress(2, 2, not_passed=1)
    failed = situation(("op1", b.StepFailed(runbook="book", step="cut", reason="no")))
    assert progress(failed.incident, failed.rows, stop) == Progress(1, 2, failed=1)


def test_what_somebody_saw_is_no_missing_measurement() -> None:
    (body,) = steps.tick(situation(), key("cut"), SAY, observed="12 per minute").bodies
    assert isinstance(body, b.StepTicked)
    assert body.outcome == ""
