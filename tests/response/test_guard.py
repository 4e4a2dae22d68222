"""The guard's table: who may write what in which incident, what is asked first, and what is refused with which reason."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.message import say
from incidents.events import body as b
from incidents.events.fold import fold
from response.decision import ALLOWED, Ask, Reason, Refused
from response.guard import is_doubtful, may, may_propose
from response.situation import Proposal, propose
from signals.reading import Verdict
from tests.incidents.build import INCIDENT, START
from tests.response.build import incident, key, situation
from tui.i18n import Language

IC = ("ic1", b.RoleTaken(role="ic"))
TICKED = ("ic1", b.StepTicked(runbook="book", step="cut"))
PAUSED = ("ic1", b.PauseConfirmed(runbook="book", phase="stop"))
CONFIRM = b.PauseConfirmed(runbook="book", phase="stop")
CONFIRM_NEXT = b.PauseConfirmed(runbook="book", phase="back")
RAISE = b.StepTicked(runbook="book", step="raise")
ALERT = ("ic1", b.AlertAttached(fingerprint="f", name="QueueLong"))
RESOLVED = ("ic1", b.Marked(moment="resolved", at=START))


def tick(step: str) -> b.StepTicked:
    return b.StepTicked(runbook="book", step=step)


ALLOWED_ALWAYS = (
    ((), tick("cut")),
    ((), b.StepTicked(step="cut")),
    ((), b.StepSkipped(runbook="book", step="look", reason="r")),
    ((), b.StepStarted(runbook="book", step="1.2")),
    ((PAUSED,), b.StepFailed(runbook="book", step="watch", reason="r")),
    ((TICKED,), b.StepSkipped(runbook="book", step="cut", reason="it was not done after all")),
    ((TICKED,), b.StepReopened(runbook="book", step="cut")),
    ((TICKED,), CONFIRM),
    ((("op1", b.StepTicked(runbook="book", step="watch")),), b.StepReopened(runbook="book", step="watch")),
    ((), b.StepTicked(runbook="book", step="of-an-earlier-edition")),
    ((), b.StepTicked(runbook="another", step="free")),
    ((), b.StepAnnotated(runbook="book", step="budget", text="for later")),
    ((), b.Noted(text="seen")),
    ((), b.RoleTaken(role="ops")),
    ((IC,), b.RoleTaken(role="ic", reason="ic1 sleeps")),
    ((), b.RoleOffered(role="ops", to="op2")),
    ((ALERT,), b.AlertResolved(fingerprint="f", at=START)),
    (
        (ALERT, ("ic1", b.AlertResolved(fingerprint="f", at=START))),
        b.AlertFiredAgain(fingerprint="f", at=START),
    ),
    ((RESOLVED,), b.Reopened(reason="it is back")),
    ((RESOLVED,), tick("cut")),
)


@pytest.mark.parametrize(("events", "body"), ALLOWED_ALWAYS, ids=lambda part: getattr(part, "kind", ""))
def test_what_is_allowed(events: tuple[tuple[str, b.Body], ...], body: b.Body) -> None:
    assert may(situation(*events), body) == ALLOWED


REFUSED = (
    ((), tick("watch"), Reason.PAUSE_POINT, "pause point: the IC has not confirmed 'Stop' yet"),
    ((), b.StepStarted(runbook="book", step="watch"), Reason.PAUSE_POINT, "pause point"),
    ((), b.StepSkipped(runbook="book", step="2.2", reason="r"), Reason.PAUSE_POINT, "pause point"),
    ((), CONFIRM_NEXT, Reason.PAUSE_POINT, "pause point"),
    ((PAUSED,), tick("budget"), Reason.PREVENTION, "part of the postmortem"),
    ((TICKED,), tick("cut"), Reason.STEP_FINISHED, "1.1 cut: ticked already (by ic1)"),
    ((TICKED,), b.StepStarted(step="cut"), Reason.STEP_FINISHED, "1.1 cut: ticked already (by ic1)"),
    ((), b.StepReopened(runbook="book", step="cut"), Reason.STEP_UNTOUCHED, "1.1 cut: open, not started"),
    ((PAUSED,), CONFIRM, Reason.PAUSE_CONFIRMED, "already confirmed"),
    ((IC,), CONFIRM, Reason.NOT_IC, "the incident commander (ic1) confirms"),
    ((("op1", b.RoleTaken(role="ops")),), b.RoleTaken(role="ops"), Reason.ROLE_YOURS, "you have operations"),
    ((IC,), b.RoleTaken(role="ic"), Reason.ROLE_HELD, "ic1 has incident command"),
    ((IC,), b.RoleOffered(role="ic", to="op2"), Reason.ROLE_NOT_YOURS, "it is with ic1"),
    ((IC,), b.RoleReleased(role="ic"), Reason.ROLE_NOT_YOURS, "it is with ic1"),
    ((IC,), b.RoleAccepted(role="ic"), Reason.ROLE_NOT_OFFERED, "nobody has offered"),
    ((), b.Reopened(reason="r"), Reason.INCIDENT_OPEN, "the incident is open"),
    ((), b.AlertResolved(fingerprint="f", at=START), Reason.ALERT_UNKNOWN, "not attached"),
    (
        (ALERT, ("ic1", b.AlertResolved(fingerprint="f", at=START))),
        b.AlertResolved(fingerprint="f", at=START),
        Reason.ALERT_RESOLVED,
        "stopped firing already",
    ),
    ((ALERT,), b.AlertFiredAgain(fingerprint="f", at=START), Reason.ALERT_FIRES, "still fires"),
    ((), b.Undone(event=INCIDENT), Reason.NOTHING_TO_UNDO, "nothing to undo"),
)


@pytest.mark.parametrize(("events", "body", "reason", "text"), REFUSED, ids=lambda part: str(part)[:12])
def test_what_is_refused_and_why(
    events: tuple[tuple[str, b.Body], ...], body: b.Body, reason: Reason, text: str
) -> None:
    decision = may(situation(*events), body)
    assert isinstance(decision, Refused)
    assert decision.reason is reason
    assert text in Language("en").say(decision.message)


def test_every_reason_has_a_text_in_both_languages() -> None:
    for code in ("en", "zh"):
        texts = {reason: Language(code).say(Refused(reason).message) for reason in Reason}
        assert not [reason for reason, text in texts.items() if not text or text.startswith("response.")]


@pytest.mark.parametrize("verdict", [None, Verdict.BURNING, Verdict.WARN, Verdict.UNKNOWN])
def test_a_gate_that_is_not_green_is_asked_about(verdict: Verdict | None) -> None:
    decision = may(situation(PAUSED, observed={"raise": verdict}), RAISE)
    assert isinstance(decision, Ask)
    assert decision.question == "gate_not_green"
    assert len(decision.details) == 1


def test_a_gate_that_nobody_measured_is_asked_about_and_a_green_one_is_not() -> None:
    assert isinstance(may(situation(PAUSED), RAISE), Ask)
    assert may(situation(PAUSED, observed={"raise": Verdict.OK}), RAISE) == ALLOWED


def test_a_check_without_a_gate_makes_a_tick_doubtful_and_asks_nothing() -> None:
    seen = situation(observed={"cut": Verdict.BURNING})
    row = seen.row("step", "book", "cut")
    assert row is not None
    assert is_doubtful(seen, row)
    assert may(seen, tick("cut")) == ALLOWED


def test_a_question_that_is_answered_is_not_asked_again() -> None:
    proposal = propose(situation(PAUSED), RAISE)
    decision = may_propose(proposal)
    assert isinstance(decision, Ask)
    answered = proposal.answered(decision, "--yes")
    assert may_propose(answered) == ALLOWED
    (body,) = answered.bodies
    assert isinstance(body, b.StepTicked)
    assert [(answer.question, answer.how) for answer in body.answers] == [("gate_not_green", "--yes")]


def test_open_killer_items_are_asked_about_by_name_and_only_the_commander_is_asked() -> None:
    decision = may(situation(), CONFIRM)
    assert isinstance(decision, Ask)
    assert (decision.question, decision.about) == ("killers_open", ("cut",))
    assert [Language("en").say(detail) for detail in decision.details] == ["not done: 1.1 cut"]
    assert may(situation(IC, actor="ic1"), CONFIRM) == decision
    assert isinstance(may(situation(IC, actor="op1"), CONFIRM), Refused)


def test_resolving_is_asked_about_while_something_burns_fires_or_is_open() -> None:
    resolve = b.Marked(moment="resolved", at=START)
    decision = may(replace(situation(ALERT), burning=(say("event.as_written", text="SLO burns"),)), resolve)
    assert isinstance(decision, Ask)
    assert (decision.question, decision.about) == ("not_over", ("cut", "f", "panels"))
    texts = [Language("en").say(detail) for detail in decision.details]
    unknown = (
        "the alert QueueLong is not over, as far as the journal knows; whether it fires now is not known"
    )
    assert texts == ["SLO burns", unknown, "not done: 1.1 cut"]
    for active, known, expected in (
        (frozenset({"QueueLong"}), False, ["the alert QueueLong still fires"]),
        (frozenset({"QueueLong"}), True, ["the alert QueueLong still fires"]),
        (frozenset(), False, [unknown]),
        (frozenset(), True, []),
    ):
        decision = may(replace(situation(ALERT), active_alerts=active, alerts_known=known), resolve)
        details = (
            []
            if not isinstance(decision, Ask)
            else [Language("en").say(detail) for detail in decision.details]
        )
        assert [text for text in details if "QueueLong" in text] == expected
    assert may(situation(TICKED), resolve) == ALLOWED
    assert may(situation(RESOLVED), resolve) == ALLOWED  # only its time is corrected
    assert may(situation(), b.Marked(moment="mitigated", at=START)) == ALLOWED


def test_an_answer_about_other_killer_items_is_none() -> None:
    answer = b.Answer(question="killers_open", about=("look",))
    assert isinstance(may(situation(), CONFIRM.model_copy(update={"answers": (answer,)})), Ask)


def test_what_somebody_else_changed_meanwhile_is_asked_about() -> None:
    skip = b.StepSkipped(runbook="book", step="cut", reason="not affected")
    decision = may(situation(TICKED), skip, seen=1)
    assert isinstance(decision, Ask)
    assert decision.question == "changed"
    (detail,) = decision.details
    assert "ic1 ticked 1.1 cut" in Language("en").say(detail)
    assert may(situation(TICKED), skip, seen=2) == ALLOWED  # it was seen before
    assert may(situation(TICKED, actor="ic1"), skip, seen=1) == ALLOWED  # one's own
    assert may(situation(TICKED), b.Noted(text="x"), seen=1) == ALLOWED  # another matter
    severity = ("ic1", b.SeverityChanged(severity="SEV1"))
    assert isinstance(may(situation(severity), b.SeverityChanged(severity="SEV3"), seen=1), Ask)
    assert isinstance(may(situation(RESOLVED), b.Marked(moment="mitigated", at=START), seen=1), Ask)
    taken = ("ic2", b.RoleTaken(role="ic", reason="r"))
    assert isinstance(may(situation(IC, taken), b.RoleTaken(role="ic", reason="r"), seen=2), Ask)


def test_an_undo_asks_where_somebody_built_on_what_it_takes_back_and_counts_as_a_change_itself() -> None:
    failed = ("ic2", b.StepFailed(runbook="book", step="cut", reason="no"))
    known = situation(TICKED, failed, actor="ic1")
    undo = b.Undone(event=known.incident.events[1].id)
    decision = may(known, undo, seen=2)
    assert isinstance(decision, Ask)
    answered = undo.model_copy(update={"answers": (decision.answer(),)})
    assert may(known, answered, seen=2) == ALLOWED
    skip = b.StepSkipped(runbook="book", step="cut", reason="not affected")
    chain = incident(TICKED)
    chain.add("ic1", b.Undone(event=chain.events[1].id))
    after = replace(situation(), incident=fold(chain.events))
    assert isinstance(may(after, skip, seen=2), Ask)  # the tick was seen, and is gone
    assert may(after, skip, seen=1) == ALLOWED  # it came and went: all is as it was


@pytest.mark.parametrize(
    "body",
    [b.SeverityChanged(severity="SEV1"), b.TitleChanged(title="x"), b.Marked(moment="mitigated", at=START)],
)
def test_an_update_whose_text_is_not_true_any_more_asks(body: b.Body) -> None:
    update = b.UpdateWritten(text="SEV2 storm")
    assert isinstance(may(situation(("ic1", body)), update, seen=1), Ask)
    assert may(situation(("ic1", b.Noted(text="x"))), update, seen=1) == ALLOWED


def test_of_several_events_the_first_that_is_not_allowed_speaks() -> None:
    skips = tuple(b.StepSkipped(runbook="book", step=name, reason="r") for name in ("look", "watch"))
    decision = may_propose(Proposal(situation(), skips))
    assert isinstance(decision, Refused)
    assert decision.reason is Reason.PAUSE_POINT
    assert key("look") in {row.step_key for row in situation().rows}
