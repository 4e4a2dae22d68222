"""The keys that work on a step of the checklist, over a real journal: tick, skip, fail, go on, and what stops them."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import tui.app
from signals.reading import Verdict
from tests.tui.incident.stage import app_of, incident_of, running, screen_of, shown, until, write_as
from tui.feeds.journal import JournalThread
from tui.i18n import Language
from tui.screens.form import Form
from tui.screens.incident import KEY_DEBOUNCE_S, IncidentScreen

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from prometheus_client import Gauge

    from incidents.journal import Journal


async def test_space_ticks_with_what_the_check_says_and_the_cursor_goes_on(config: Path) -> None:
    async with running(config) as op1:
        await op1.open_with_runbook()
        await op1.press("space", then=lambda: op1.state("declare") == "ticked")
        assert screen_of(op1.app).cursor == ("ban-near", "step", "throttle")
        await op1.press("space")  # meant for the step before
        await asyncio.sleep(KEY_DEBOUNCE_S)
        assert op1.state("throttle") == "open"
        await until(lambda: "143, expected < 10" in shown(op1.app), "the check is measured")
        assert "✖ not yet" in shown(op1.app)
        await op1.press("space", then=lambda: op1.state("throttle") == "ticked")
        incident = incident_of(op1.app)
        (check,) = incident.steps[incident.key("ban-near", "throttle")].checks
        assert check.words == "check NOT passed: 143, expected < 10"
        assert Language("zh").say(check.message) == "检查未通过：143，预期 < 10"
        assert "is done, but: check NOT passed: 143" in shown(op1.app)
        assert "▲ 1.2 " in shown(op1.app)
        assert "2 of 3 ▲1 " in shown(op1.app)


async def test_skip_and_fail_want_a_reason(config: Path) -> None:
    async with running(config) as op1:
        await op1.open_with_runbook()
        await op1.press("s")
        await op1.press("enter")
        assert "must not be empty" in getattr(op1.app.screen, "asked", "")
        await op1.press("escape")
        assert op1.state("declare") == "open"
        await op1.press("s")
        await op1.type("nobody to ask")
        await op1.press("enter", then=lambda: op1.state("declare") == "skipped")
        await asyncio.sleep(KEY_DEBOUNCE_S)
        await op1.press("f")
        await op1.type("no answer")
        await op1.press("enter", then=lambda: op1.state("throttle") == "failed")
        incident = incident_of(op1.app)
        failed = incident.steps[incident.key("ban-near", "throttle")]
        assert failed.reason == "no answer"
        assert "failed · op1" in shown(op1.app)
        await op1.press("o", then=lambda: op1.state("throttle") == "open")


async def test_a_whole_phase_is_skipped_for_one_reason_but_not_behind_a_pause_point(config: Path) -> None:
    async with running(config) as op1:
        await op1.open_with_runbook()
        await op1.press("space", then=lambda: op1.state("declare") == "ticked")
        await op1.press("S")
        form = op1.app.screen
        assert isinstance(form, Form)
        listed = [line.plain.strip() for line in form.remarks(80)]
        assert listed == ["1.2 Throttle the retrying task", "1.3 Look who else sends"]
        await op1.type("not affected")
        await op1.press("enter", then=lambda: op1.state("look") == "skipped")
        incident = incident_of(op1.app)
        states = {
            name: incident.steps[incident.key("ban-near", name)] for name in ("declare", "throttle", "look")
        }
        assert {name: (step.state, step.reason) for name, step in states.items()} == {
            "declare": ("ticked", ""),
            "throttle": ("skipped", "not affected"),
            "look": ("skipped", "not affected"),
        }
        await op1.press("S", then=lambda: "has no open step" in shown(op1.app))
        await op1.press("down")
        await op1.press("S", then=lambda: "has not confirmed" in shown(op1.app))
        assert incident_of(op1.app).sequence == incident.sequence


async def test_a_key_that_was_too_early_is_done_once_the_journal_is_open(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(config) as op1:
        await op1.open_with_runbook()
    go, opened = threading.Event(), JournalThread._open

    def slowly(self: JournalThread) -> Journal:
        go.wait(80)
        return opened(self)

    monkeypatch.setattr(JournalThread, "_open", slowly)  # a database far away; no real one is slow when asked
    app = app_of(config)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(lambda: app.incidents.library, "the runbooks are read")
        await pilot.press("i")
        assert "one moment" in shown(app)
        go.set()
        await until(lambda: isinstance(app.screen, IncidentScreen), "the incident opens by itself")
        assert "one moment" not in shown(app)


async def test_the_journal_is_opened_as_soon_as_the_numbers_are_there(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tui.app, "JOURNAL_AFTER_S", 3600.0)
    async with running(config) as op1:
        assert op1.app.states["depth"].verdict is Verdict.BURNING


async def test_the_checklist_stops_at_a_pause_point_until_the_ic_confirms(config: Path) -> None:
    async with running(config) as op1:
        await op1.open_with_runbook()
        await op1.press("down", "down", "down", "down", "space")
        assert "has not confirmed 'Stop the storm' yet" in shown(op1.app)
        assert op1.state("raise") == "open"
        await op1.press("up", "space")
        assert "killer items of this phase are NOT done" in getattr(op1.app.screen, "asked", "").replace(
            "Killer", "killer"
        )
        await op1.press("escape")
        assert not incident_of(op1.app).confirmed
        await op1.press("space")
        await op1.press("enter", then=lambda: incident_of(op1.app).confirmed)
        await asyncio.sleep(KEY_DEBOUNCE_S)
        await op1.press("space", then=lambda: op1.state("raise") == "ticked")


async def test_somebody_who_is_not_ic_hears_why_nothing_was_confirmed(config: Path) -> None:
    async with running(config) as op1:
        await op1.open_with_runbook()
        incident = incident_of(op1.app)
        await write_as("ic2", config, "role", "1", "take", "ic", "--reason", "op1 sleeps")
        await until(lambda: incident_of(op1.app).roles["ic"] == "ic2", "the other one is seen")
        await op1.press("down", "down", "down", "space")
        await until(lambda: "the incident commander (ic2) confirms" in shown(op1.app))
        assert incident_of(op1.app).sequence == incident.sequence + 1
        await write_as("ic2", config, "confirm", "1", "stop", "--yes")
        await until(lambda: incident_of(op1.app).confirmed, "the other one is seen")
        await op1.press("space")
        await until(lambda: "already confirmed" in shown(op1.app))
        assert incident_of(op1.app).sequence == incident.sequence + 2


async def test_enter_marks_where_we_are_and_the_jump_finds_killer_items(config: Path) -> None:
    async with running(config) as op1:
        await op1.open_with_runbook()
        await op1.press("exclamation_mark", "enter", then=lambda: op1.state("throttle") == "started")
        await op1.press("exclamation_mark")
        assert screen_of(op1.app).cursor == ("ban-near", "step", "declare")
        assert "▶ 1.2 ! Throttle the retrying task" in shown(op1.app)
        assert " here " in shown(op1.app)
        screen_of(op1.app).cursor = None  # as somebody who comes back
        assert screen_of(op1.app).row() is not None
        screen_of(op1.app).repaint()
        assert screen_of(op1.app).cursor == ("ban-near", "step", "throttle")


async def test_what_is_for_later_is_not_ticked_in_the_heat(config: Path) -> None:
    async with running(config) as op1:
        await op1.open_with_runbook()
        screen_of(op1.app).cursor = ("ban-near", "step", "budget")
        await op1.press("space")
        assert "part of the postmortem" in shown(op1.app)
        assert not incident_of(op1.app).steps


async def test_no_pause_point_is_confirmed_before_the_one_above_it(tmp_path: Path, config: Path) -> None:
    for code in ("en", "zh"):
        file = tmp_path / "runbooks" / code / "ban-near.md"
        text = file.read_text(encoding="utf-8")
        pause = "> The second pause point. <!-- pause -->\n\n## "
        head, _, rest = text.rpartition("## ")
        file.write_text(head + pause + rest, encoding="utf-8")
    async with running(config) as op1:
        await op1.open_with_runbook()
        screen_of(op1.app).cursor = ("ban-near", "pause", "return")
        await op1.press("space", then=lambda: "has not confirmed 'Stop the storm' yet" in shown(op1.app))
        assert not incident_of(op1.app).confirmed


async def test_a_gate_that_is_not_green_long_enough_is_passed_only_after_a_question(
    tmp_path: Path, config: Path, metrics: tuple[str, Gauge]
) -> None:
    for code in ("en", "zh"):
        file = tmp_path / "runbooks" / code / "ban-near.md"
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace("expect: < 10", "expect: < 10\n  for: 10m"), encoding="utf-8")
    metrics[1].set(3)
    async with running(config) as op1:
        await op1.open_with_runbook()
        await op1.press("space", then=lambda: op1.state("declare") == "ticked")
        await until(lambda: "for 10 min: so far" in shown(op1.app), "the gate counts")
        await asyncio.sleep(KEY_DEBOUNCE_S)
        await op1.press("space", then=lambda: "NOT green" in getattr(op1.app.screen, "asked", ""))
        await op1.press("escape")
        assert op1.state("throttle") == "open"
        await op1.press("space", then=lambda: "NOT green" in getattr(op1.app.screen, "asked", ""))
        await op1.press("enter", then=lambda: op1.state("throttle") == "ticked")
