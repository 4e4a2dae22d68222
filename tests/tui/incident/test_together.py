"""Several responders, a database that dies, updates that leave the program, alerts that end: what one person sees of it."""

from __future__ import annotations

import asyncio
import json
import re
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from core.message import say
from incidents.events.event import body_text
from incidents.journal import open_journal
from incidents.journal.verify import verify
from incidents.settings import JournalSettings
from tests.own_python import printed_by
from tests.postgres import Restartable
from tests.terminal import PROGRAM, Terminal
from tests.tui.incident.stage import configuration, incident_of, running, screen_of, shown, until, write_as
from tests.webhook import Answer, webhook_server
from tui.keymap import KEYS
from tui.screens.choose import Choose
from tui.screens.confirm import Confirm, Preview
from tui.screens.edit import Edit
from tui.screens.form import Form

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from prometheus_client import Gauge

    from incidents.events.body import AnyBody


async def test_two_responders_see_each_others_tick_within_two_seconds(
    tmp_path: Path, metrics: tuple[str, Gauge]
) -> None:
    journal = f"sqlite:///{tmp_path}/journal.db"
    first = configuration(tmp_path, metrics[0], actor="op1", journal=journal)
    second = configuration(tmp_path, metrics[0], actor="ic2", journal=journal)
    async with running(first) as op1, running(second) as ic2:
        await op1.open_with_runbook()
        await until(ic2.app.incidents.worst_first, "the other sees the incident", 2)
        await ic2.press("i")
        at = time.monotonic()
        await op1.press("space", then=lambda: op1.state("declare") == "ticked")
        await until(lambda: ic2.state("declare") == "ticked", "the other sees the tick", 2)
        assert time.monotonic() - at < 8
        await until(lambda: "op1 ticked 1.1 Declare" in shown(ic2.app), "with its name")
        # The slower of two is told, and sees what is there.
        screen_of(ic2.app).cursor = ("ban-near", "step", "declare")
        await ic2.press("space")
        await until(lambda: "ticked already (by op1)" in shown(ic2.app))
        assert incident_of(ic2.app).sequence == incident_of(op1.app).sequence


async def test_a_dialog_that_somebody_else_overtook_asks_again(config: Path) -> None:
    async with running(config) as op1:
        await op1.open_with_runbook()
        await op1.press("s", then=lambda: isinstance(op1.app.screen, Form))
        await write_as("op2", config, "tick", "1", "declare")
        await until(lambda: op1.state("declare") == "ticked", "the other's tick is seen")
        await op1.type("not affected")
        await op1.press("enter", then=lambda: isinstance(op1.app.screen, Confirm))
        asked = "\n".join(line.plain for line in op1.app.screen.remarks(80))  # type: ignore[attr-defined]  # the question on top
        assert "op2 ticked 1.1 Declare, take command" in asked
        await op1.press("escape")
        await op1.pilot.pause(0.2)
        assert op1.state("declare") == "ticked"
        assert "what you typed is kept" in shown(op1.app)
        await op1.press("s", then=lambda: isinstance(op1.app.screen, Form))
        assert getattr(op1.app.screen, "typed", ()) == ("not affected",)
        await op1.press("ctrl+u", "escape")
        await op1.press("v", then=lambda: isinstance(op1.app.screen, Form))
        await write_as("op2", config, "severity", "1", "SEV1")
        await op1.press("right", "enter", then=lambda: isinstance(op1.app.screen, Confirm))
        await op1.press("enter", then=lambda: incident_of(op1.app).severity == "SEV3")
        answers = incident_of(op1.app).events[-1].body.answers  # type: ignore[union-attr]  # a change of severity is asked about
        assert [(answer.question, answer.how) for answer in answers] == [("changed", "asked")]


async def test_two_who_open_an_incident_at_once_hear_of_each_other(config: Path) -> None:
    async with running(config) as op1:
        await op1.press("i", then=lambda: isinstance(op1.app.screen, Form))
        await write_as("op2", config, "open", "--title", "Ban near", "--severity", "SEV2")
        await until(op1.app.incidents.worst_first, "the other's incident is seen")
        await op1.press("enter", then=lambda: isinstance(op1.app.screen, Choose))
        asked = "\n".join(line.plain for line in op1.app.screen.remarks(80))  # type: ignore[attr-defined]  # the question on top
        assert "join INC-1: Ban near (by op2)" in asked
        await op1.press("enter", then=lambda: incident_of(op1.app).title == "Ban near")
        assert len(op1.app.incidents.snapshots) == 1


UPDATES = '[incidents.updates.webhooks.team]\nkind = "slack"\nsecret_url = "${HOOK}"\ntries = 1\n'


async def test_an_update_is_shown_edited_and_then_sent(
    tmp_path: Path, metrics: tuple[str, Gauge], monkeypatch: pytest.MonkeyPatch
) -> None:
    with webhook_server() as (url, got):
        monkeypatch.setenv("HOOK", url)
        journal = f"sqlite:///{tmp_path}/journal.db"
        config = configuration(tmp_path, metrics[0], actor="op1", journal=journal, more=UPDATES)
        async with running(config) as op1:
            await op1.open_with_runbook()
            copied: list[str] = []
            monkeypatch.setattr(op1.app, "copy_to_clipboard", copied.append)
            await op1.press("c")
            await op1.type("We throttle.")
            await op1.press("enter", then=lambda: isinstance(op1.app.screen, Preview))
            await op1.pilot.pause()
            preview = "\n".join(line.plain for line in op1.app.screen.remarks(78))  # type: ignore[attr-defined]  # the question on top
            assert "We throttle." in preview
            assert "Depth: depth is 143" in preview
            assert "goes to team (slack at 127.0.0.1:" in preview
            assert "SECRET" not in preview
            assert (got, incident_of(op1.app).updates) == ([], ())
            await op1.press("y", then=lambda: copied and isinstance(op1.app.screen, Preview))
            await op1.pilot.pause()
            await op1.press("e", then=lambda: isinstance(op1.app.screen, Edit))
            await op1.pilot.pause()
            await op1.type("X")
            await op1.press("ctrl+s", then=lambda: isinstance(op1.app.screen, Preview))
            await op1.pilot.pause()
            await op1.press("enter", then=lambda: incident_of(op1.app).updates)
            await until(lambda: incident_of(op1.app).updates[0].deliveries, "it is delivered")
            assert incident_of(op1.app).updates[0].deliveries[0].ok
            assert json.loads(got[0].body)["text"].startswith("XSEV2 INC-1: Ban near")
            await until(lambda: "was sent to all 1" in shown(op1.app))


async def test_an_update_of_a_drill_is_written_and_goes_nowhere(
    tmp_path: Path, metrics: tuple[str, Gauge], monkeypatch: pytest.MonkeyPatch
) -> None:
    with webhook_server() as (url, got):
        monkeypatch.setenv("HOOK", url)
        journal = f"sqlite:///{tmp_path}/journal.db"
        config = configuration(tmp_path, metrics[0], actor="op1", journal=journal, more=UPDATES)
        await write_as("op1", config, "open", "--title", "Ban near", "--severity", "SEV2", "--drill")
        async with running(config) as op1:
            await until(op1.app.incidents.worst_first, "the drill's incident is seen")
            await op1.press("i")
            await op1.press("c")
            await op1.type("We throttle.")
            await op1.press("enter", then=lambda: isinstance(op1.app.screen, Preview))
            await op1.pilot.pause()
            preview = "\n".join(line.plain for line in op1.app.screen.remarks(78))  # type: ignore[attr-defined]  # the question on top
            assert "go nowhere" in preview
            assert "goes to" not in preview
            keys = [key.action for key in KEYS[op1.app.screen.page]]  # type: ignore[attr-defined]
            assert ("write_down" in keys, "send" in keys) == (True, False)
            await op1.press("enter", then=lambda: incident_of(op1.app).updates)
            assert incident_of(op1.app).updates[0].text.startswith("DRILL")
        assert got == []


async def test_an_update_that_is_left_writes_and_sends_nothing_and_one_that_fails_is_told(
    tmp_path: Path, metrics: tuple[str, Gauge], monkeypatch: pytest.MonkeyPatch
) -> None:
    with webhook_server(Answer(404, {})) as (url, got):
        monkeypatch.setenv("HOOK", url)
        journal = f"sqlite:///{tmp_path}/journal.db"
        config = configuration(tmp_path, metrics[0], actor="op1", journal=journal, more=UPDATES)
        async with running(config) as op1:
            await op1.open_with_runbook()
            for last in ("escape", "enter"):
                await op1.press("c")
                await op1.type("news")
                await op1.press("enter", then=lambda: isinstance(op1.app.screen, Preview))
                await op1.pilot.pause()
                await op1.press(last, then=lambda: len(op1.app.screen_stack) == 2)
                if last == "escape":
                    await until(lambda: "nothing was written or sent" in shown(op1.app))
                    assert (got, incident_of(op1.app).updates) == ([], ())
            await until(lambda: "NOT sent to team" in shown(op1.app), "the failure is told")
            assert "SECRET" not in shown(op1.app)


async def test_a_killed_database_is_said_keys_go_on_and_all_is_merged(
    tmp_path: Path, metrics: tuple[str, Gauge], database: Restartable
) -> None:
    url = database.server.url
    config = configuration(tmp_path, metrics[0], actor="op1", journal=url)
    async with running(config) as op1:
        await op1.open_with_runbook()
        await asyncio.to_thread(database.kill)
        await until(lambda: op1.app.incidents.journal.away is not None, "it is noticed")
        await op1.press("space", then=lambda: op1.state("declare") == "ticked")
        await op1.press("n")
        await op1.type("still here")
        await op1.press("enter", then=lambda: incident_of(op1.app).notes)
        await until(lambda: "SPOOLING 2" in shown(op1.app, 120), "the screen says how many wait")
        await op1.press("g")
        assert "SPOOLING 2" in shown(op1.app)
        await asyncio.to_thread(database.start)
        await until(
            lambda: op1.app.incidents.journal.spooled == 0 and not op1.app.incidents.journal.away,
            "merged",
            40,
        )
        assert "SPOOLING" not in shown(op1.app)
        assert "2 events merged" in shown(op1.app)
    journal = open_journal(JournalSettings.model_validate({"url": url, "spool_file": tmp_path / "x.db"}))
    assert [note.text for note in journal.load(journal.find("INC-1")).notes] == ["still here"]
    assert verify(journal.store()).findings == ()
    journal.close()


async def test_all_events_that_waited_are_counted_once_the_last_one_is_merged(config: Path) -> None:
    async with running(config) as op1:
        room = op1.app.incidents
        gone, usual = say("journal.away", place="x", detail="y"), room.journal
        # The desk may look in the middle of a merge, which another thread makes.
        for away, spooled in ((gone, 0), (gone, 2), (None, 2), (None, 1)):
            room.update_journal(replace(usual, away=away, spooled=spooled))
            assert "merged" not in shown(op1.app)
        room.update_journal(usual)
        assert "2 events merged" in shown(op1.app)


async def test_a_read_only_journal_says_so_and_takes_nothing(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await write_as("op1", config, "open", "--title", "x", "--severity", "SEV3", "--runbook", "ban-near")
    monkeypatch.setattr("incidents.journal.database.is_writable", lambda _: False)  # root may write any file
    async with running(config) as op1:
        await until(lambda: op1.app.incidents.snapshots, "it is read")
        assert "READ-ONLY" in shown(op1.app)
        await op1.press("i", "space")
        assert "is read-only: nothing can be written" in shown(op1.app, 200)
        assert incident_of(op1.app).sequence == 2


RULES = """
groups:
  - name: one
    rules:
      - alert: InvalidRequestsHigh
        expr: depth > 100
        labels: { severity: page }
        annotations: { summary: "Invalid requests rise" }
"""


async def test_an_alert_opens_its_runbook_is_attached_and_its_end_is_noted(
    tmp_path: Path, metrics: tuple[str, Gauge], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.incident.context.POLL_S", 0.3)
    (tmp_path / "alerts.yml").write_text(RULES, encoding="utf-8")
    config = configuration(
        tmp_path,
        metrics[0],
        actor="op1",
        journal=f"sqlite:///{tmp_path}/journal.db",
        more=f'[signals.scrape]\nrule_files = ["{tmp_path}/alerts.yml"]\n',
    )
    async with running(config) as op1:
        await asyncio.sleep(3)  # the rule has been evaluated
        op1.app.open_runbook_for("InvalidRequestsHigh", None)
        await until(lambda: isinstance(op1.app.screen, Choose))
        await op1.press("enter", then=lambda: isinstance(op1.app.screen, Form))
        await op1.press("enter", then=op1.app.incidents.worst_first)
        await until(lambda: len(op1.app.screen_stack) == 2)
        await until(lambda: incident_of(op1.app).alerts, "it is attached")
        (alert,) = incident_of(op1.app).alerts.values()
        assert (alert.name, alert.summary, alert.severity) == (
            "InvalidRequestsHigh",
            "Invalid requests rise",
            "page",
        )
        assert incident_of(op1.app).title == "Invalid requests rise"
        await asyncio.sleep(1.5)
        assert next(iter(incident_of(op1.app).alerts.values())).resolved_at is None
        op1.app.open_runbook_for("InvalidRequestsHigh", None)  # again: straight to where it is handled
        await op1.pilot.pause(0.2)
        metrics[1].set(3)
        await until(
            lambda: next(iter(incident_of(op1.app).alerts.values())).resolved_at is not None,
            "its end is noted",
            30,
        )
        last = incident_of(op1.app).events[-1]
        assert (last.body.kind, last.actor) == ("alert_resolved", "warroom")
        await asyncio.sleep(1.5)
        assert sum(event.body.kind == "alert_resolved" for event in incident_of(op1.app).events) == 1
        metrics[1].set(300)
        await until(
            lambda: incident_of(op1.app).events[-1].body.kind == "alert_fired_again", "it fires again", 30
        )
        (alert,) = incident_of(op1.app).alerts.values()
        assert alert.resolved_at is None
        assert len(alert.earlier) == 1


def test_the_first_paint_waits_for_no_database() -> None:
    code = (
        "import sys, tui.app; "
        "print([name for name in ('sqlalchemy', 'alembic', 'psycopg', 'pydantic', 'incidents.journal.journal', 'runbooks.library') if name in sys.modules])"
    )
    assert printed_by(code) == "[]\n"


async def test_what_others_open_and_offer_is_told(config: Path) -> None:
    async with running(config) as op1:
        await write_as("ic1", config, "open", "--title", "Ban near", "--severity", "SEV1")
        await until(lambda: "ic1 opened INC-1 SEV1: Ban near" in shown(op1.app), "it is told")
        await write_as("ic1", config, "role", "1", "take", "ic")
        await write_as("ic1", config, "role", "1", "offer", "ic", "--to", "op1")
        await until(lambda: "ic1 offers you incident command" in shown(op1.app), "the offer is told")
        await op1.press("i", "x")
        await op1.press("1", "enter", then=lambda: incident_of(op1.app).roles.get("ic") == "op1")
        await write_as("ic1", config, "resolve", "1", "--yes")  # its panel burns
        await until(lambda: "ic1 resolved INC-1: Ban near" in shown(op1.app), "the end is told")


async def test_what_cannot_be_drawn_does_not_end_the_program(
    tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WARROOM_LOG", str(tmp_path / "log"))
    async with running(config) as op1:
        await op1.open_with_runbook()
        monkeypatch.setattr("tui.screens.incident_page.step_lines", lambda *_, **__: 1 / 0)
        await op1.press("down")
        assert "could not be drawn" in shown(op1.app)
        await op1.press("up", "space", then=lambda: op1.state("declare") == "ticked")


def test_who_leaves_hears_that_the_incident_goes_on(
    tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WARROOM_LOG", str(tmp_path / "log"))
    asyncio.run(write_as("ic1", config, "open", "--title", "Ban near", "--severity", "SEV1"))
    terminal = Terminal([PROGRAM, "--config", str(config)])
    terminal.wait_for("INC-1 SEV1 IC:")
    terminal.press("q")
    terminal.wait_for("INC-1 (Ban near) is still open and goes on")
    assert terminal.wait_end() == 0


async def test_both_faces_open_an_incident_with_the_same_events(tmp_path: Path, config: Path) -> None:
    async with running(config) as op1:
        await op1.open_with_runbook()
    given = ("--title", "Ban near", "--severity", "SEV2", "--runbook", "ban-near", "--lead")
    await write_as("op1", config, "open", *given)
    url = f"sqlite:///{tmp_path}/journal.db"
    journal = open_journal(JournalSettings.model_validate({"url": url}))
    screen, script = (
        [
            (event.actor, event.body.kind, _without_times(event.body))
            for event in journal.load(journal.find(name)).events
        ]
        for name in ("INC-1", "INC-2")
    )
    journal.close()
    assert screen == script
    assert [kind for _, kind, _ in screen] == ["opened", "marked", "role_taken"]


def _without_times(body: AnyBody) -> str:
    return re.sub(r"\d{4}-\d\d-\d\dT[0-9:.]+Z", "TIME", body_text(body))
