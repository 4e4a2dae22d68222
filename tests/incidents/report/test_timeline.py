"""Every kind of event has a sentence in both languages, and outside text stays text in Markdown."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, get_args

import pytest

from incidents.events import body as b
from incidents.events.audit_body import AuditItem, AuditItemsFound
from incidents.events.event import new_id
from incidents.events.fold import fold
from incidents.report.timeline import incident_json, timeline_json, timeline_markdown
from incidents.settings import UpdateSettings
from incidents.updates.update import update_clock
from tests.incidents.build import START, Chain
from tui.i18n import CODES, Language, LanguageCode

if TYPE_CHECKING:
    from incidents.events.body import Body

EXAMPLES: list[Body] = [
    b.TitleChanged(title="ban near"),
    b.SeverityChanged(severity="SEV1", reason="worse"),
    *(b.Marked(moment=moment, at=START) for moment in get_args(b.Moment)),
    b.Reopened(reason="again"),
    *(b.RoleTaken(role=role) for role in get_args(b.Role)),
    b.RoleOffered(role="ic", to="op1"),
    b.RoleAccepted(role="ic"),
    b.RoleReleased(role="ops"),
    b.RunbookAttached(runbook="cloudflare-ban"),
    b.StepStarted(step="1.1"),
    b.StepTicked(step="1.1", observed="12/min"),
    b.StepSkipped(step="1.2", reason="no use"),
    b.StepFailed(step="1.3", reason="no effect"),
    b.StepReopened(step="1.3"),
    b.StepAnnotated(step="1.3", text="hm"),
    b.PauseConfirmed(phase="1"),
    b.Noted(text="seen"),
    b.EvidencePinned(panel="ban", title="Ban forecast", line="5 950/10 000"),
    b.AlertAttached(fingerprint="f1", name="BanNear"),
    b.AlertResolved(fingerprint="f1", at=START),
    b.AlertFiredAgain(fingerprint="f1", at=START),
    b.UpdateWritten(text="we are on it"),
    b.UpdateDelivered(update=new_id(), target="team", ok=True),
    b.UpdateDelivered(update=new_id(), target="team", ok=False, detail="404"),
    b.FollowUpAdded(text="mend it", owner="op1"),
    b.FollowUpDone(follow_up=new_id()),
    *(
        b.RunNoted(run="7", action="queue.throttle", state=state)
        for state in get_args(b.RunNoted.model_fields["state"].annotation)
    ),
    AuditItemsFound(run="7", items=(AuditItem(fingerprint="0a1b2c3d4e5f6789", rule="riot", place="a.py:1"),)),
    b.Undone(event=new_id()),
]


@pytest.mark.parametrize("code", CODES)
def test_every_kind_has_a_sentence(code: LanguageCode) -> None:
    chain = Chain()
    for body in EXAMPLES:
        chain.add("op1", body)
    assert {event.body.kind for event in chain.events} == {
        kind.model_fields["kind"].default for kind in get_args(b.Body)
    }, "an example for every kind"
    for entry in timeline_json(fold(chain.events), Language(code).say):
        assert entry["text"].strip()
        assert not re.search(r"\bevent\.\w+|\{\w+\}", entry["text"]), entry["text"]


def test_the_json_of_an_incident_is_the_whole_fold() -> None:
    import json

    chain = Chain()
    for body in EXAMPLES:
        chain.add("ic1", body)
    found = json.loads(json.dumps(incident_json(fold(chain.events), "INC-7", Language("en").say)))
    assert found["id"] == "INC-7"
    assert found["severity"] == "SEV1"
    assert found["alerts"]["f1"]["resolved_at"] is None
    assert found["alerts"]["f1"]["earlier"][0]["until"].startswith("2026-11-24T03:00")
    assert {step["step"]: step["state"] for step in found["steps"]} == {
        ("1.1"): "ticked",
        "1.2": "skipped",
        "1.3": "open",
    }
    assert found["runs"]["7"]["state"] == "undone"
    assert found["roles"]["ic"] == "ic1"


def test_markdown_shows_text_as_text_and_an_undone_event_struck() -> None:
    chain = Chain()
    note = chain.add("op1", b.Noted(text="a | *b* <script>\n# c [x](y) & `d`"))
    page = timeline_markdown(fold(chain.events), "INC-1", Language("en").say)
    assert page.splitlines()[-2:] == [
        r"- 2026-11-24 03:01:00Z **op1** noted: a \| \*b\* &lt;script&gt;" + "\\",
        r"  \# c \[x\](y) &amp; \`d\`",
    ]
    chain.add("op1", b.Undone(event=note.id))
    page = timeline_markdown(fold(chain.events), "INC-1", Language("en").say)
    assert "~~noted: a" in page
    assert page.splitlines()[-1].endswith(r"\`d\`”")


def test_the_update_clock_is_wound_up_by_updates_and_stands_when_it_is_over() -> None:
    chain, settings = Chain(), UpdateSettings(sev2_min=30)

    def left(minute: float) -> float | None:
        clock = update_clock(fold(chain.events), settings, START + dt.timedelta(minutes=minute))
        return clock and clock.left_s / 60

    assert left(10) == 20
    assert left(45) == -15
    chain.add("comms1", b.UpdateWritten(text="we are on it"), minutes=45)
    assert left(50) == 25
    assert left(-100) == 30, "a clock that was set back gives the whole interval, not more"
    chain.add("ic1", b.SeverityChanged(severity="SEV1"))
    assert left(50) == 15
    chain.add("ic1", b.Marked(moment="resolved", at=START))
    assert left(50) is None
