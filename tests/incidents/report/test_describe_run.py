"""Every kind of a run's events has a sentence, in both languages."""

from __future__ import annotations

import re
from typing import get_args

import pytest

from incidents.events import run_body as r
from incidents.events.body import Noted, Unreadable
from incidents.events.event import GENESIS, Draft, chain, new_id
from incidents.report.describe_run import describe_run_event
from tests.incidents.build import START
from tui.i18n import CODES, Language, LanguageCode

OUTPUT = r.Output(size=12, sha256="a" * 64)
EXAMPLES: list[r.RunBody] = [
    *(r.RunPlanned(action="x", danger=danger, params={"n": "1"}) for danger in get_args(r.Danger)),
    r.RunPlanned(action="x", danger="observe", undoes=new_id()),
    r.RunApproved(digest="d1"),
    r.RunClaimed(host="ops1", runner="local"),
    r.RunStarted(host="ops1", process=7),
    r.RunVerified(ok=True),
    r.RunVerified(ok=False, detail="still 100/m"),
    r.RunVerified(ok=False, detail="no answer", unknown=(0,)),
    r.RunFinished(exit_code=0, output=OUTPUT),
    r.RunFailed(exit_code=3, output=OUTPUT, detail="no route"),
    r.RunCancelAsked(),
    r.RunCancelled(asked_by="op2", output=OUTPUT),
    r.RunOrphaned(last_heartbeat_at=START),
    r.RunExtended(until=START),
    r.RunUndone(by=new_id()),
]


@pytest.mark.parametrize("code", CODES)
def test_every_kind_has_a_sentence(code: LanguageCode) -> None:
    assert {body.kind for body in EXAMPLES} == {
        kind.model_fields["kind"].default for kind in get_args(r.RunBody)
    }
    bodies = [*EXAMPLES, Unreadable(was="run_new", detail="?"), Noted(text="misplaced")]
    for body in bodies:
        event = chain(Draft(new_id(), new_id(), "op1", body, START), (0, GENESIS))  # type: ignore[arg-type]  # one that can't be read is never written
        text = Language(code).say(describe_run_event(event))
        assert text.strip()
        assert not re.search(r"\b(event|run)\.\w+|\{\w+\}", text), text
