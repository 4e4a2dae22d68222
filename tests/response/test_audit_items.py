"""What an audit found are rows to work off: behind the step that looked, each once, ticked and asked about like a step."""

from __future__ import annotations

from dataclasses import replace

from incidents.events.audit_body import AuditItem, AuditItemsFound, item_step
from incidents.events.body import PauseConfirmed, StepTicked
from response.audit_items import AUDIT, with_found_items
from response.checklist import Missing, checklist_rows, is_done
from response.decision import ALLOWED, Ask
from response.guard import may
from tests.response.build import runbook, situation

ONE, TWO, THREE = "0a1b2c3d4e5f6789", "1a1b2c3d4e5f6789", "2a1b2c3d4e5f6789"


def found(
    *fingerprints: str, step: str = "look", runbook_id: str = "book", place: str = "a.py:1"
) -> AuditItemsFound:
    items = tuple(
        AuditItem(fingerprint=each, rule="riot-api-key", where="tree", place=place, places=2, in_head=True)
        for each in fingerprints
    )
    return AuditItemsFound(run="3", runbook=runbook_id, step=step, items=items)


def test_items_stand_behind_the_step_that_looked_and_each_value_once() -> None:
    now = situation(("op1", found(ONE, TWO)), ("op1", found(ONE, THREE, step="cut", place="b.py:7")))
    now = replace(now, runbooks=with_found_items(now.runbooks, now.incident))
    steps = [
        row.step
        for row in now.rows
        if row.step is not None and row.phase is not None and row.phase.id == "stop"
    ]
    assert [(each.id, each.number) for each in steps] == [
        ("cut", "1.1"),
        (item_step(THREE), "1.1.1"),
        ("look", "1.2"),
        (item_step(ONE), "1.2.1"),
        (item_step(TWO), "1.2.2"),
    ]
    assert steps[3].text == f"riot-api-key  b.py:7 (+1) HEAD  {ONE}", "as the last audit saw it"


def test_an_item_is_ticked_and_asked_about_before_the_pause_is_confirmed() -> None:
    ticks = [("op1", StepTicked(runbook="book", step=name)) for name in ("cut", "look", item_step(ONE))]
    now = situation(("op1", found(ONE, TWO)), *ticks)
    now = replace(now, runbooks=with_found_items(now.runbooks, now.incident))
    done = {row.step.id: is_done(now.incident, row) for row in now.rows if row.step is not None}
    assert (done[item_step(ONE)], done[item_step(TWO)]) == (True, False)
    pause = PauseConfirmed(runbook="book", phase="stop")
    asked = may(now, pause, seen=now.incident.sequence)
    assert isinstance(asked, Ask)
    last = situation(("op1", found(ONE)), *ticks)
    last = replace(last, runbooks=with_found_items(last.runbooks, last.incident))
    assert may(last, pause, seen=last.incident.sequence) == ALLOWED


def test_what_no_step_asked_for_is_shown_all_the_same() -> None:
    for looked in (
        found(ONE, step="gone"),
        found(ONE, step="", runbook_id=""),
        found(ONE, runbook_id="other"),
    ):
        now = situation(("op1", looked))
        books = with_found_items((runbook(), Missing("other")), now.incident)
        assert books[-1].id == AUDIT
        assert [row.step.id for row in checklist_rows(books[-1:]) if row.step] == [item_step(ONE)]
    assert with_found_items((runbook(),), situation().incident) == (runbook(),)
