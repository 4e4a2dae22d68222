"""The incident is the fold of its events: the laws, the rules of roles and steps, and undo."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.events import body as b
from incidents.events.event import new_id
from incidents.events.fold import apply, can_undo, fold
from incidents.events.incident import StepKey
from tests.incidents.build import START, Chain

if TYPE_CHECKING:
    from incidents.events.incident import Incident

ACTORS = st.sampled_from(["ic1", "op1", "op2"])
ROLES = st.sampled_from(["ic", "ops"])
STEPS = st.sampled_from(["1.1", "1.2", "2.1"])
TIMES = st.integers(0, 90).map(lambda minutes: START + dt.timedelta(minutes=minutes))
BODIES: st.SearchStrategy[Any] = st.one_of(
    st.builds(b.Noted, text=st.text("ab", min_size=1, max_size=3)),
    st.builds(b.TitleChanged, title=st.text("ab", min_size=1, max_size=3)),
    st.builds(b.SeverityChanged, severity=st.sampled_from(["SEV1", "SEV3"])),
    st.builds(b.Marked, moment=st.sampled_from(["mitigated", "resolved", "started"]), at=TIMES),
    st.builds(b.Reopened, reason=st.just("again")),
    st.builds(b.RoleTaken, role=ROLES, reason=st.sampled_from(["", "gone"])),
    st.builds(b.RoleOffered, role=ROLES, to=ACTORS),
    st.builds(b.RoleAccepted, role=ROLES),
    st.builds(b.RoleReleased, role=ROLES),
    st.builds(b.StepStarted, step=STEPS),
    st.builds(b.StepTicked, step=STEPS),
    st.builds(b.StepSkipped, step=STEPS, reason=st.just("no use")),
    st.builds(b.StepFailed, step=STEPS, reason=st.just("no effect")),
    st.builds(b.StepReopened, step=STEPS),
    st.builds(b.StepAnnotated, step=STEPS, text=st.just("hm")),
    st.builds(b.PauseConfirmed, phase=STEPS),
    st.builds(b.AlertAttached, fingerprint=STEPS, name=STEPS),
    st.builds(b.AlertResolved, fingerprint=STEPS, at=TIMES),
    st.builds(b.AlertFiredAgain, fingerprint=STEPS, at=TIMES),
    st.builds(b.UpdateWritten, text=st.just("all well")),
    st.builds(b.FollowUpAdded, text=st.just("mend it"), owner=ACTORS),
)
WRITTEN = st.lists(st.tuples(ACTORS, BODIES, st.integers(0, 30), st.booleans()), max_size=30)


def chain_of(written: list[tuple[str, Any, int, bool]]) -> Chain:
    """Each entry writes its body, or undoes the event that its number points at."""
    chain = Chain()
    for actor, body, target, undo in written:
        chain.add(actor, b.Undone(event=chain.events[target % len(chain.events)].id) if undo else body)
    return chain


@given(WRITTEN)
def test_one_more_event_is_the_fold_of_all(written: list[tuple[str, Any, int, bool]]) -> None:
    events = chain_of(written).events
    incident = fold(events[:1])
    for index, event in enumerate(events[1:], 2):
        before = (incident, fold(events[: index - 1]))
        incident = apply(incident, event)
        assert incident == fold(events[:index])
        assert before[0] == before[1], "apply changed the incident that it was given"


def meaning(incident: Incident) -> tuple[object, ...]:
    """All that is folded, without the events themselves."""
    return tuple(
        getattr(incident, name) for name in incident.__dataclass_fields__ if name not in ("events", "undone")
    )


@given(WRITTEN, BODIES, ACTORS)
def test_an_undone_event_is_as_if_never_written(
    written: list[tuple[str, Any, int, bool]], body: Any, actor: str
) -> None:
    chain = chain_of(written)
    before = fold(chain.events)
    target = chain.add(actor, body)
    after = fold(chain.events)
    undo = chain.add("op2", b.Undone(event=target.id))
    assert meaning(fold(chain.events)) == meaning(before)
    chain.add("op2", b.Undone(event=undo.id))
    assert meaning(fold(chain.events)) == meaning(after), "an undone undo brings the event back"


@given(WRITTEN)
@settings(max_examples=50)
def test_no_event_is_dropped_and_roles_have_one_holder(written: list[tuple[str, Any, int, bool]]) -> None:
    chain = chain_of(written)
    incident = fold(chain.events)
    assert list(incident.events) == chain.events
    assert incident.sequence == len(chain.events)
    assert not incident.offers.keys() - {"ic", "ops"}
    for key, step in incident.steps.items():
        assert step.state != "ticked" or step.started_at <= step.at, key


def test_a_handover_counts_when_it_is_acknowledged() -> None:
    chain = Chain()
    chain.add("ic1", b.RoleTaken(role="ic"))
    chain.add("op1", b.RoleTaken(role="ic"))
    assert fold(chain.events).roles["ic"] == "ic1", "a held role is not taken in passing"
    chain.add("op1", b.RoleOffered(role="ic", to="op1"))
    assert not fold(chain.events).offers, "only the holder hands over"
    chain.add("ic1", b.RoleOffered(role="ic", to="op1"))
    chain.add("op2", b.RoleAccepted(role="ic"))
    assert fold(chain.events).roles["ic"] == "ic1", "somebody else's word is no acknowledgement"
    chain.add("op1", b.RoleAccepted(role="ic"))
    incident = fold(chain.events)
    assert (incident.roles["ic"], dict(incident.offers)) == ("op1", {})
    chain.add("op2", b.RoleTaken(role="ic", reason="op1 lost the line"))
    assert fold(chain.events).roles["ic"] == "op2"


def test_the_first_commander_acknowledges_the_page() -> None:
    chain = Chain()
    assert "acknowledged" not in fold(chain.events).times
    taken = chain.add("ic1", b.RoleTaken(role="ic"))
    chain.add("ic1", b.RoleReleased(role="ic"))
    chain.add("op1", b.RoleTaken(role="ic"))
    assert fold(chain.events).times["acknowledged"] == taken.at


def test_of_two_ticks_the_first_stands() -> None:
    chain = Chain()
    chain.add("op1", b.StepStarted(step="1.1"))
    assert fold(chain.events).at_step == StepKey("", "1.1")
    first = chain.add("op1", b.StepTicked(step="1.1", observed="12/min"))
    chain.add("op2", b.StepTicked(step="1.1"))
    step = fold(chain.events).steps[StepKey("", "1.1")]
    assert (step.by, step.at, step.observed) == ("op1", first.at, "12/min")
    assert step.started_at == START + dt.timedelta(minutes=1)
    assert fold(chain.events).at_step is None


def test_status_follows_the_times_and_reopening() -> None:
    chain = Chain()
    chain.add("ic1", b.Marked(moment="mitigated", at=START))
    assert fold(chain.events).status == "mitigated"
    resolved = chain.add("ic1", b.Marked(moment="resolved", at=START))
    assert fold(chain.events).status == "resolved"
    chain.add("ic1", b.Undone(event=resolved.id))
    assert fold(chain.events).status == "mitigated"
    chain.add("ic1", b.Reopened(reason="429 is back"))
    assert fold(chain.events).status == "open"


def test_what_changed_the_world_can_not_be_undone() -> None:
    chain = Chain()
    run = chain.add("op1", b.RunNoted(run="7", action="queue.throttle", state="verified"))
    chain.add("op1", b.Undone(event=run.id))
    chain.add("op1", b.Undone(event=chain.events[0].id))
    incident = fold(chain.events)
    assert incident.runs["7"].state == "verified"
    assert incident.title == "429 storm"
    assert not can_undo(incident, run)


def noted(number: int, state: Any, part: int = 1, parts: int = 1, step: str = "throttle") -> b.RunNoted:
    """What a runner tells the incident of run `number`, which is `part` of `parts` of a step."""
    return b.RunNoted(
        run=f"RUN-{number}",
        run_id=UUID(int=number),
        action="a.b",
        state=state,
        step=step,
        part=part,
        parts=parts,
    )


@pytest.mark.parametrize(
    ("runs", "state", "by_run"),
    [
        ([noted(1, "planned")], None, ""),
        ([noted(1, "running")], "started", ""),
        ([noted(1, "running"), noted(1, "finished")], "started", ""),
        ([noted(1, "running"), noted(1, "failed")], "started", ""),
        ([noted(1, "running"), noted(1, "cancelled")], "started", ""),
        ([noted(1, "orphaned")], None, ""),
        ([noted(1, "running"), noted(1, "verified")], "ticked", "RUN-1"),
        ([noted(1, "verified", part=0, parts=0)], None, ""),
        ([noted(1, "verified", 1, 2)], None, ""),
        ([noted(1, "verified", 1, 2), noted(2, "verified", 1, 2)], None, ""),
        ([noted(1, "verified", 2, 2), noted(2, "verified", 1, 2)], "ticked", "RUN-2"),
        ([noted(1, "verified", 1, 2), noted(1, "undone", 1, 2), noted(2, "verified", 2, 2)], None, ""),
        ([noted(1, "verified", 1, 2, step="other"), noted(2, "verified", 2, 2)], None, ""),
        ([noted(1, "failed"), noted(2, "verified")], "ticked", "RUN-2"),
        ([noted(1, "verified"), noted(1, "undone")], "ticked", "RUN-1"),
    ],
)
def test_a_step_is_ticked_by_its_verified_run_and_not_before(
    runs: list[b.RunNoted], state: str | None, by_run: str
) -> None:
    chain = Chain()
    for run in runs:
        chain.add("op1", run)
    incident = fold(chain.events)
    assert incident == apply(fold(chain.events[:-1]), chain.events[-1])
    step = incident.steps.get(StepKey("", "throttle"))
    assert (step.state if step else None, step.run if step else "") == (state, by_run)
    assert [run.run for run in incident.step_runs(StepKey("", "throttle"))] == list(
        dict.fromkeys(run.run for run in runs if run.step == "throttle")
    )


def test_a_tick_by_hand_and_one_by_a_run_are_told_apart_and_the_first_stands() -> None:
    chain = Chain()
    chain.add("op1", noted(1, "running"))
    chain.add("ic1", b.StepTicked(step="throttle", observed="done by hand"))
    chain.add("op1", noted(1, "verified"))
    step = fold(chain.events).steps[StepKey("", "throttle")]
    assert (step.state, step.by, step.run, step.observed) == ("ticked", "ic1", "", "done by hand")
    chain.add("ic1", b.StepReopened(step="throttle"))
    chain.add("op1", noted(2, "verified"))
    step = fold(chain.events).steps[StepKey("", "throttle")]
    assert (step.state, step.by, step.run, step.outcome) == ("ticked", "op1", "RUN-2", "passed")


def test_a_step_that_is_opened_again_needs_each_of_its_runs_again() -> None:
    chain = Chain()
    for number in (1, 2):
        chain.add("op1", noted(number, "verified", number, 2))
    chain.add("ic1", b.StepReopened(step="throttle"))
    chain.add("op1", noted(3, "verified", 1, 2))
    assert fold(chain.events).steps[StepKey("", "throttle")].state == "open"
    chain.add("op1", noted(4, "verified", 2, 2))
    assert fold(chain.events).steps[StepKey("", "throttle")].run == "RUN-4"


def test_an_undo_of_what_is_not_there_changes_nothing() -> None:
    chain = Chain()
    before = meaning(fold(chain.events))
    chain.add("op1", b.Undone(event=new_id()))
    assert meaning(fold(chain.events)) == before


@pytest.mark.parametrize(
    "make",
    [
        lambda: b.StepSkipped(step="1.1", reason="  "),
        lambda: b.Noted(text="\x1b[2J"),
        lambda: b.Opened(title="\u202e", severity="SEV1"),
        lambda: b.Opened.model_validate({"title": "x", "severity": "SEV9"}),
    ],
)
def test_an_event_must_say_something(make: Any) -> None:
    with pytest.raises(ValueError, match=r"must say something|SEV1"):
        make()


def test_text_is_harmless_in_the_journal() -> None:
    assert b.Noted(text="a\x1b]52;c;aGk=\x07b\u202ec").text == "abc"
