"""What is in force, what an incident leaves behind, whose end is asked about, and how it is put off. Journals without runners."""

from __future__ import annotations

import datetime as dt
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from actions.model import ActionCall, Undo
from actions.runner.keeper import last_round, sign
from core.errors import WarroomError
from core.message import Message, say
from incidents.events import run_body as r
from incidents.events.body import Opened, RoleTaken
from incidents.events.phrase import Phrase
from incidents.journal import open_journal
from response import runs
from response.decision import Ask, Reason, Refused
from response.guard import may_propose
from response.identity import Identity
from response.in_force import expiring, extend, in_force, keep_round, of_incident, with_in_force
from response.incident import mark
from response.run_guard import Wish
from response.runs import Prepared, stored_plan
from response.situation import Situation
from tests.response.test_runs import ME, ended, planned, settings_with
from tui.actions.draw.in_force import keeper_line
from tui.feeds.runs import RunsState
from tui.i18n import Language

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from uuid import UUID

    from actions.runner.request import RunSettings
    from incidents.journal import Journal

LASTS: dict[str, Any] = {
    "resource": "shop/{rate}",
    "parameters": {"rate": {"pattern": r"\d+"}},
    "undo": ["true"],
    "lasts_s": 3600,
}


CHECKS = tuple(
    Phrase(key="event.as_written", values={"text": text}) for text in ("ops1: 20/m", "ops2 does not answer")
)


@pytest.fixture
def settings(tmp_path: Path) -> RunSettings:
    return settings_with(tmp_path, **LASTS)


@pytest.fixture
def journal(settings: RunSettings) -> Iterator[Journal]:
    with closing(open_journal(settings.journal)) as opened:
        yield opened


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def run(
    journal: Journal,
    settings: RunSettings,
    rate: str = "1",
    incident: UUID | None = None,
    *,
    prepared: Prepared | None = None,
    left_s: float = 3600,
) -> UUID:
    """One that was done, and ends in `left_s`."""
    prepared = prepared or planned(settings, rate=rate)
    wish = Wish(plan=prepared.plan, identity=ME)
    body = runs._planned(journal, settings, prepared, wish)
    chain = journal.plan_run(ME.actor, body.model_copy(update={"incident": incident})).chain
    journal.append(chain, ME.actor, r.RunApproved(digest=prepared.plan.digest, identity=ME.proven))
    journal.append(chain, ME.actor, r.RunStarted(host="h"))
    until = now() + dt.timedelta(seconds=left_s)
    journal.append(chain, ME.actor, r.RunFinished(exit_code=0, until=until))
    return chain


@pytest.mark.parametrize("characters", [100, 18_990, 60_000])
def test_a_plan_of_any_length_is_in_force_and_has_its_undo(
    journal: Journal, settings: RunSettings, characters: int
) -> None:
    """Many workers, a long SQL: the plan is more than one text of the journal can hold."""
    prepared = planned(settings, rate="1")
    long = replace(
        prepared.plan,
        locks=tuple("é" * 200 for _ in range(characters // 200)),
        undo=Undo(say("actions.undo_none"), ActionCall("shop.do.undo", {"rate": "1"})),
    )
    chain = run(journal, settings, prepared=replace(prepared, plan=long))
    (effect,) = in_force(journal, settings, now())
    assert effect.is_certain
    assert effect.undo == ActionCall("shop.do.undo", {"rate": "1"})
    assert stored_plan(journal.load_run(chain)) == long


def test_a_plan_that_no_journal_can_keep_is_refused(journal: Journal, settings: RunSettings) -> None:
    from actions.errors import BadParameter

    prepared = planned(settings, rate="1")
    huge = replace(prepared.plan, locks=("x" * 1_200_000,))
    with pytest.raises(BadParameter):
        run(journal, settings, prepared=replace(prepared, plan=huge))
    assert journal.runs() == []


def test_what_an_earlier_release_kept_in_part_is_in_force_perhaps(
    journal: Journal, settings: RunSettings
) -> None:
    plan = r.RunPlanned(action="shop.do", danger="mitigate", resource="shop", plan='{"action": "shop.d')
    chain = journal.plan_run("op1", plan).chain
    journal.append(chain, "op1", r.RunStarted(host="h"))
    journal.append(chain, "op1", r.RunFailed())
    (effect,) = in_force(journal, settings, now())
    assert (effect.plan, effect.is_certain, effect.undo) == (None, False, None)
    assert extend(journal, settings, chain, ME, now() + dt.timedelta(hours=1)) == Refused(
        Reason.RUN_NOT_IN_FORCE
    )


def test_who_resolves_is_asked_about_what_the_incident_leaves_in_force(
    journal: Journal, settings: RunSettings
) -> None:
    run(journal, settings, "1")
    incident = journal.open_incident("ic1", Opened(title="x", severity="SEV2")).chain
    other = journal.open_incident("ic1", Opened(title="y", severity="SEV2")).chain
    own, beside = run(journal, settings, "2", incident), run(journal, settings, "3")
    run(journal, settings, "4", other)
    known = Situation(label="INC-1", incident=journal.load(incident), actor="ic1", now=now())
    asked = with_in_force(journal, settings, known, now())
    decision = may_propose(mark(asked, "resolved"))
    assert isinstance(decision, Ask)
    assert (decision.question, decision.about) == ("still_in_force", ("RUN-3", "RUN-2"))
    assert [message.key for message in decision.details] == [
        "response.in_force",
        "response.in_force",
        "response.in_force_others",
    ]
    assert decision.details[-1].values["count"] == 2
    answered = mark(asked, "resolved").answered(decision, "--yes")
    assert not isinstance(may_propose(answered), Ask)
    for chain in (own, beside):
        journal.append(chain, "op1", r.RunUndone())
    left = with_in_force(journal, settings, known, now())
    assert not isinstance(may_propose(mark(left, "resolved")), Ask)
    assert not isinstance(may_propose(mark(asked, "mitigated")), Ask), "only the end is asked about"


def test_what_nobody_can_say_is_asked_about_too(journal: Journal, settings: RunSettings) -> None:
    incident = journal.open_incident("ic1", Opened(title="x", severity="SEV2")).chain
    known = Situation(label="INC-1", incident=journal.load(incident), actor="ic1", now=now())
    unknown = replace(known, in_force_unknown=say("response.in_force_unknown", why="away"))
    decision = may_propose(mark(unknown, "resolved"))
    assert isinstance(decision, Ask)
    assert decision.question == "still_in_force"


@pytest.mark.parametrize(
    ("left_s", "is_asked"), [(3500, False), (1000, False), (890, True), (60, True), (-5, True)]
)
def test_before_its_end_somebody_is_asked(
    journal: Journal,
    settings: RunSettings,
    left_s: float,
    is_asked: bool,  # noqa: FBT001  # a table
) -> None:
    """Of what lasts for an hour: in the last quarter of it."""
    chain = run(journal, settings, left_s=left_s)
    began = journal.load_run(chain).started_at
    assert began is not None
    effects = [
        replace(effect, run=replace(effect.run, started_at=began - dt.timedelta(seconds=3600 - left_s)))
        for effect in in_force(journal, settings, now())
    ]
    assert len(effects) == 1
    found = expiring(effects, now())
    assert bool(found) == is_asked
    for end in found:
        assert end.message.key == ("response.expires" if left_s > 0 else "response.expired")


def test_its_end_is_put_off_by_who_may_run_it(journal: Journal, settings: RunSettings) -> None:
    chain, later = run(journal, settings, left_s=-1), now() + dt.timedelta(hours=2)
    assert len(expiring(in_force(journal, settings, now()), now())) == 1
    assert extend(journal, settings, chain, ME, later) is None
    (effect,) = in_force(journal, settings, now())
    assert effect.until == later
    assert not expiring((effect,), now())
    assert journal.load_run(chain).state == "finished"
    for end in (now() - dt.timedelta(seconds=1), now() + dt.timedelta(days=32)):
        refused = extend(journal, settings, chain, ME, end)
        assert isinstance(refused, Refused)
        assert refused.reason is Reason.BAD_END
    actions = settings.actions.model_copy(update={"roles": {"mitigate": ("ops",)}})
    strict = settings.model_copy(update={"actions": actions})
    incident = journal.open_incident("ic1", Opened(title="x", severity="SEV2")).chain
    journal.append(incident, "op2", RoleTaken(role="ops"))
    refused = extend(journal, strict, chain, ME, later)
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.ROLE_NEEDED
    assert extend(journal, strict, chain, Identity("op2", "op2"), later) is None
    journal.append(chain, "op1", r.RunUndone())
    assert isinstance(extend(journal, settings, chain, ME, later), Refused)


def test_what_belongs_to_an_incident(journal: Journal, settings: RunSettings) -> None:
    before = run(journal, settings, "1")
    incident = journal.load(journal.open_incident("ic1", Opened(title="x", severity="SEV2")).chain)
    own = run(journal, settings, "2", incident.id)
    effects = in_force(journal, settings, now())
    assert {effect.run.id for effect in effects} == {before, own}
    assert [effect.run.id for effect in of_incident(effects, incident)] == [own]


def test_an_end_that_fails_is_tried_again_ever_later_and_each_try_is_one_line(
    journal: Journal, tmp_path: Path
) -> None:
    failing = settings_with(tmp_path, **{**LASTS, "undo": ["false"]})
    run(journal, failing, left_s=-1)

    def round_after(seconds: float) -> list[str]:
        at = now() + dt.timedelta(seconds=seconds)
        keys = [str(message.values["why"]) for message in keep_round(journal, failing, ME, at).changes]
        for _, known in journal.runs():
            ended(journal, known.id)
        return keys

    tried = [len(round_after(seconds)) for seconds in (0, 30, 59, 61, 62, 100, 125, 130, 300)]
    assert tried == [1, 0, 0, 1, 0, 0, 1, 0, 1]
    (line,) = keep_round(journal, failing, ME, now() + dt.timedelta(hours=2)).changes
    why = line.values["why"]
    assert isinstance(why, Message)
    assert (why.key, why.values["tries"]) == ("runs.over_again", 4)


@pytest.mark.parametrize(
    ("events", "doubt"),
    [
        ([], "in_force_running"),
        ([r.RunFailed()], "in_force_unsure"),
        (
            [r.RunVerified(ok=False), r.RunFinished(until=dt.datetime(2099, 1, 1, tzinfo=dt.UTC))],
            "in_force_unproven",
        ),
        (
            [
                r.RunVerified(ok=False, checks=CHECKS, unknown=(1,)),
                r.RunFinished(until=dt.datetime(2099, 1, 1, tzinfo=dt.UTC)),
            ],
            "in_force_unknown",
        ),
        (
            [
                r.RunVerified(ok=False, checks=CHECKS, failed=(0,), unknown=(1,)),
                r.RunFinished(until=dt.datetime(2099, 1, 1, tzinfo=dt.UTC)),
            ],
            "in_force_unproven",
        ),
    ],
)
def test_why_nobody_is_sure_is_said_as_it_is(
    journal: Journal, settings: RunSettings, events: list[r.RunBody], doubt: str
) -> None:
    prepared = planned(settings, rate="1")
    body = runs._planned(journal, settings, prepared, Wish(plan=prepared.plan, identity=ME))
    chain = journal.plan_run(ME.actor, body).chain
    for event in (r.RunStarted(host="h"), *events):
        journal.append(chain, ME.actor, event)
    (effect,) = in_force(journal, settings, now())
    assert (effect.is_certain, effect.doubt) == (False, doubt)
    if doubt == "in_force_unknown":
        assert [str(check.values["text"]) for check in effect.open_checks] == ["ops2 does not answer"]


@pytest.mark.parametrize("how", ["failed", "unproven"])
def test_what_was_to_be_taken_back_and_is_not_proven_stays_listed_and_is_not_applied_again(
    journal: Journal, settings: RunSettings, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """An operator wants it gone: whoever keeps it does not set it anew behind them."""
    chain = run(journal, settings)
    plan = r.RunPlanned(action="shop.do.undo", danger="mitigate", resource="shop/1", undoes=chain)
    undo = journal.plan_run("op1", plan).chain
    journal.append(undo, "op1", r.RunStarted(host="h"))
    journal.append(undo, "op1", r.RunFailed() if how == "failed" else r.RunVerified(ok=False))
    if how == "unproven":
        journal.append(undo, "op1", r.RunFinished(exit_code=0))
    (effect,) = in_force(journal, settings, now())
    assert (effect.run.id, effect.is_certain, effect.doubt) == (chain, False, "in_force_undo_tried")
    monkeypatch.setattr("response.in_force.apply_again", lambda *_: pytest.fail("it was applied again"))
    assert keep_round(journal, settings, ME, now()).changes == ()


def test_what_nobody_may_take_back_is_not_said_to_be_taken_back(
    journal: Journal, settings: RunSettings
) -> None:
    run(journal, settings, left_s=-1)
    closed = settings.model_copy(update={"actions": settings.actions.model_copy(update={"read_only": True})})
    made = keep_round(journal, closed, ME, now())
    (message,) = made.changes
    assert message.key == "runs.not_taken_back"
    assert made.not_kept == ("RUN-1",)


def test_a_round_that_could_not_keep_something_is_not_read_as_one_that_did(
    journal: Journal, settings: RunSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broker that is down: who keeps it tries every half minute, and nothing is kept."""
    run(journal, settings)

    def away(*_: object) -> None:
        raise WarroomError(say("runs.broke", kind="OperationalError"))

    monkeypatch.setattr("response.in_force.apply_again", away)
    made = keep_round(journal, settings, ME, now())
    assert made.not_kept == ("RUN-1",)
    sign(settings.actions, made.not_kept)
    last = last_round(settings.actions)
    assert last is not None
    assert last.not_kept == ("RUN-1",)
    assert not last.is_missed
    assert not last.keeps("RUN-1")
    assert last.keeps("RUN-2")
    line = keeper_line(
        RunsState(effects=in_force(journal, settings, now()), last_round=last), Language("en"), 0.0
    )
    assert line.style == "warn"
    assert "RUN-1" in line.plain
