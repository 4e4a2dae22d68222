"""Runs of a checklist's steps: which of them tick a step, and what the incident hears, whoever watches."""

from __future__ import annotations

import datetime as dt
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from actions.runner.tell import tell_again
from actions.settings import ActionsSettings
from incidents.events import run_body as r
from incidents.events.body import Opened, RoleTaken, RunNoted
from incidents.journal import open_journal
from response.run_guard import Confirmation, Wish
from response.run_step import Part, part_of_step
from response.runs import Begun, Prepared, begin, orphan, prepare, undo_call
from response.situation import Situation
from runbooks.model import Runbook
from tests.page import Page, page_server
from tests.response.build import GATE
from tests.response.test_runs import ME, ended, python, settings_with
from tests.runbooks.build import parsed, phase, step
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from actions.runner.request import RunSettings
    from incidents.events.incident import Incident
    from incidents.journal import Journal

YES = Confirmation(yes=True)


def call(action: str, **params: str) -> str:
    return "\n".join(["```action", f"id: {action}", *(f"{k}: {v}" for k, v in params.items()), "```"])


def runbook() -> Runbook:
    return parsed(
        phase(
            "stop",
            step("slow", call("shop.do", rate="20")),
            step("both", call("shop.do", rate="1"), call("shop.do", rate="2")),
            step("asks", call("shop.do", rate="<how fast>")),
            step("gate", call("shop.do", rate="3"), GATE),
            step("by-hand"),
            pause="It has stopped.",
        )
        + phase("back", step("look", call("shop.do", rate="4")))
    ).runbook


SPEC: dict[str, Any] = {
    "parameters": {"rate": {"pattern": r"\d+"}},
    "argv": [*python("import sys; print(sys.argv[1:])"), "{rate}"],
    "undo": ["true"],
    "lasts_s": 3600,
}


def situation(journal: Journal, incident: UUID) -> Situation:
    """As the screen has it now."""
    found = journal.load(incident)
    return Situation(
        label=journal.label(incident),
        incident=found,
        actor=ME.actor,
        now=found.opened_at,
        runbooks=(runbook(),),
    )


@pytest.mark.parametrize(
    ("rate", "at", "danger", "expected"),
    [
        ("20", "", "mitigate", Part(1, 1)),
        ("20", "slow", "mitigate", Part(1, 1)),
        ("30", "", "mitigate", Part()),
        ("30", "slow", "mitigate", Part(1, 1)),
        ("1", "both", "mitigate", Part(1, 2)),
        ("2", "both", "mitigate", Part(2, 2)),
        ("9", "asks", "mitigate", Part(1, 1)),
        ("1", "", "mitigate", Part(1, 2)),
        ("007", "slow", "mitigate", Part(1, 1)),
        ("3", "gate", "mitigate", Part()),
        ("20", "by-hand", "mitigate", Part()),
        ("4", "look", "observe", Part()),
    ],
)
def test_a_run_counts_for_its_step_when_it_does_what_the_step_says(
    tmp_path: Path, rate: str, at: str, danger: str, expected: Part
) -> None:
    """An observing one is free to look behind a pause point, and ticks nothing there."""
    settings = settings_with(tmp_path, **SPEC | {"danger": danger})
    prepared = prepare(settings, "shop.do", {"rate": rate}, ME.actor)
    assert isinstance(prepared, Prepared)
    with closing(open_journal(settings.journal)) as journal:
        incident = journal.open_incident("ic1", Opened(title="x", severity="SEV2", runbook="book")).chain
        wish = Wish(
            plan=prepared.plan,
            identity=ME,
            situation=situation(journal, incident),
            runbook="book",
            step=at,
        )
        assert part_of_step(wish, prepared.action, settings.actions) == expected
        undoing = replace(wish, undoes=incident)
        assert part_of_step(undoing, prepared.action, settings.actions) == Part()


def test_a_block_of_a_step_without_actions_counts_where_blocks_may_be_run(tmp_path: Path) -> None:
    book = parsed(phase("do", step("a", "```sh danger=mitigate\ntrue\n```", "```sh\nfalse\n```"))).runbook
    settings = settings_with(tmp_path)
    with closing(open_journal(settings.journal)) as journal:
        incident = journal.open_incident("ic1", Opened(title="x", severity="SEV2", runbook="book")).chain
        known = replace(situation(journal, incident), runbooks=(book,))
    action = prepare(settings, "shop.do", {}, ME.actor)
    assert isinstance(action, Prepared)
    for suffix, blocks, expected in (("", True, Part(1, 2)), (".2", True, Part(2, 2)), ("", False, Part())):
        plan = replace(action.plan, action=f"block.book.a{suffix}")
        wish = Wish(plan=plan, identity=ME, situation=known)
        own = ActionsSettings.model_validate({"run_blocks": blocks})
        assert part_of_step(wish, replace(action.action, id=plan.action), own) == expected
        row = wish.row()
        assert row is not None
        assert row.key == ("book", "step", "a"), "its pause point holds without --step, too"


def begun(journal: Journal, settings: RunSettings, incident: UUID, at: str, rate: str) -> UUID:
    prepared = prepare(settings, "shop.do", {"rate": rate}, ME.actor)
    assert isinstance(prepared, Prepared)
    wish = Wish(
        plan=prepared.plan, identity=ME, situation=situation(journal, incident), runbook="book", step=at
    )
    run = begin(journal, settings, prepared, wish, YES)
    assert isinstance(run, Begun)
    ended(journal, run.run)
    until_told(journal, incident, run.run)
    return run.run


def until_told(journal: Journal, incident: UUID, run: UUID) -> None:
    until(lambda: journal.load(incident).runs[str(run)].state != "running")


def of_step(incident: Incident, name: str) -> tuple[str, str, str]:
    state = incident.steps.get(incident.key("book", name))
    return (state.state, state.by, state.run) if state else ("", "", "")


def test_a_verified_run_ticks_its_step_and_an_unverified_one_does_not(tmp_path: Path) -> None:
    """Nobody watches: all of it is written by the runners."""
    answer = Page(b"", status=500)
    with page_server(lambda _: answer) as url:
        verify = [{"probe": "http", "url": url, "expect": "status 200"}]
        settings = settings_with(tmp_path, **SPEC, verify=verify)
        with closing(open_journal(settings.journal)) as journal:
            incident = journal.open_incident("ic1", Opened(title="x", severity="SEV2", runbook="book")).chain
            first = begun(journal, settings, incident, "slow", "20")
            known = journal.load(incident)
            assert of_step(known, "slow") == ("started", "tester", "")
            (noted,) = known.step_runs(known.key("book", "slow"))
            assert (noted.run, noted.state, noted.verified) == ("RUN-1", "finished", False)
            assert noted.checks
            answer = Page(b"")
            begun(journal, settings, incident, "slow", "20")
            known = journal.load(incident)
            assert of_step(known, "slow") == ("ticked", "tester", "RUN-2")
            assert [e.body.state for e in known.events if isinstance(e.body, RunNoted)] == [
                "running",
                "finished",
                "running",
                "verified",
            ]
            undo = undo_call(journal.load_run(first))
            assert not hasattr(undo, "reason")
            back = prepare(settings, "shop.do.undo", {"rate": "20"}, ME.actor, lasts_s=0.0)
            assert isinstance(back, Prepared)
            done = begin(journal, settings, back, Wish(plan=back.plan, identity=ME, undoes=first), YES)
            assert isinstance(done, Begun)
            ended(journal, done.run)
            until_told(journal, incident, done.run)
            known = journal.load(incident)
            assert known.runs[str(first)].state == "undone"
            assert of_step(known, "slow") == ("ticked", "tester", "RUN-2")
            assert known.runs[str(done.run)].part == 0


def test_what_was_not_told_is_told_later_and_ticks_then(tmp_path: Path) -> None:
    """A runner that is killed between its last event and the incident's; one that nobody hears of any more."""
    settings = settings_with(tmp_path, **SPEC)
    with closing(open_journal(settings.journal)) as journal:
        incident = journal.open_incident("ic1", Opened(title="x", severity="SEV2", runbook="book")).chain
        journal.append(incident, "op1", RoleTaken(role="ops"))
        plan = r.RunPlanned(
            action="shop.do",
            danger="mitigate",
            incident=incident,
            runbook="book",
            step="slow",
            part=1,
            parts=1,
        )
        run = journal.plan_run("op1", plan).chain
        journal.append(run, "op1", r.RunStarted(host="h"))
        journal.append(run, "op1", r.RunVerified(ok=True))
        journal.append(run, "op1", r.RunFinished(exit_code=0))
        now = dt.datetime.now(dt.UTC)
        tell_again(journal, journal.load(incident), now)
        assert not journal.load(incident).runs, "its runner may be about to tell it"
        for _ in range(2):
            tell_again(journal, journal.load(incident), now + dt.timedelta(seconds=10))
        known = journal.load(incident)
        assert of_step(known, "slow") == ("ticked", "op1", "RUN-1")
        assert sum(isinstance(event.body, RunNoted) for event in known.events) == 1
        lost = journal.plan_run("op1", plan.model_copy(update={"step": "both"})).chain
        orphan(journal, lost, ME)
        assert journal.load(incident).runs[str(lost)].state == "orphaned"
        never = journal.plan_run("op1", plan.model_copy(update={"step": "asks"})).chain
        journal.append(never, "op1", r.RunApproved(digest="d"))
        later = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=40)
        tell_again(journal, journal.load(incident), later)
        assert journal.load(incident).runs[str(never)].state == "planned", "its program was killed before"
