"""The keys of the incident's screen over a real journal: what is on the screen is what the journal holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from textual.events import Key, Paste

from tests.tui.incident.stage import incident_of, running, screen_of, shown, until, write_as
from tui.incident.draw.panes import PANES
from tui.screens.choose import Choose
from tui.screens.confirm import Confirm

if TYPE_CHECKING:
    from pathlib import Path


async def test_a_panels_runbook_in_a_new_incident_with_one_enter_each(config: Path) -> None:
    async with running(config) as op1:
        await op1.open_with_runbook()
        incident = incident_of(op1.app)
        assert (incident.title, incident.severity) == ("Ban near", "SEV2")
        assert (incident.runbooks, dict(incident.roles)) == (("ban-near",), {"ic": "op1"})
        assert incident.times["detected"] <= incident.times["acknowledged"]
        assert "INC-1 SEV2 Ban near" in shown(op1.app)
        await op1.press("g")
        assert "INC-1 SEV2 IC:op1 00:00:" in shown(op1.app)
        await op1.press("i")
        assert screen_of(op1.app).incident_id == incident.id


async def test_what_is_typed_ahead_goes_into_the_question(config: Path) -> None:
    async with running(config) as op1:
        await op1.open_with_runbook()
        for key in "seum":  # as one packet of a slow line
            op1.app.post_message(Key(key, key))
        await until(lambda: len(op1.app.screen_stack) == 3)
        await op1.pilot.pause(0.2)
        await op1.press("enter", then=lambda: op1.state("declare") == "skipped")
        incident = incident_of(op1.app)
        assert incident.steps[incident.key("ban-near", "declare")].reason == "eum"
        assert not incident.evidence


async def test_notes_evidence_and_undo(config: Path) -> None:
    async with running(config) as op1:
        await op1.open_with_runbook()
        await op1.press("n")
        await op1.type("spike [red]starts")
        await op1.press("enter", then=lambda: incident_of(op1.app).notes)
        assert incident_of(op1.app).notes[0].text == "spike [red]starts"
        await op1.press("n")
        await op1.type("ask ops")
        await op1.press("tab", "right", "enter")
        await until(lambda: op1.state("declare") == "open" and incident_of(op1.app).steps)
        assert "note: ask ops" in shown(op1.app)
        await op1.press("e", then=lambda: incident_of(op1.app).evidence)
        assert incident_of(op1.app).evidence[0].pinned.panel == "depth"
        await write_as("ic2", config, "note", "1", "of somebody else")
        await until(lambda: len(incident_of(op1.app).notes) == 2, "the other one is seen")
        await op1.press("u")
        assert "pinned Depth" in "".join(line.plain for line in op1.app.screen.remarks(80))  # type: ignore[attr-defined]  # the question on top
        await op1.press("escape")
        assert incident_of(op1.app).evidence
        await op1.press("u")
        await op1.press("enter", then=lambda: not incident_of(op1.app).evidence)
        await op1.press("tab")
        assert "UNDONE: pinned Depth" in shown(op1.app)


async def test_roles_go_round(config: Path) -> None:
    async with running(config) as op1:
        await op1.open_with_runbook()
        await op1.press("x")
        await op1.press("1", "enter", then=lambda: incident_of(op1.app).roles.get("ops") == "op1")
        await op1.press("x")
        options = [line.plain for line in op1.app.screen.remarks(80)]  # type: ignore[attr-defined]  # the question on top
        offer = next(str(at) for at, line in enumerate(options, 1) if "offer incident command" in line)
        await op1.press(offer, "enter")
        await op1.pilot.pause(0.1)
        await op1.type("ic2")
        await op1.press("enter", then=lambda: "ic" in incident_of(op1.app).offers)
        await write_as("ic2", config, "role", "1", "accept", "ic")
        await until(lambda: incident_of(op1.app).roles["ic"] == "ic2")
        await op1.press("x")
        options = [line.plain for line in op1.app.screen.remarks(80)]  # type: ignore[attr-defined]  # the question on top
        over = next(
            str(at) for at, line in enumerate(options, 1) if "take over incident command from ic2" in line
        )
        await op1.press(over, "enter")
        await op1.pilot.pause(0.1)
        await op1.type("gone")
        await op1.press("enter", then=lambda: incident_of(op1.app).roles["ic"] == "op1")


async def test_severity_moments_and_the_end(config: Path) -> None:
    async with running(config) as op1:
        await op1.open_with_runbook()
        await op1.press("v")
        await op1.press("left", "enter", then=lambda: incident_of(op1.app).severity == "SEV1")
        await op1.press("m")
        await op1.press("1", "enter", then=lambda: incident_of(op1.app).status == "mitigated")
        await op1.press("m")
        await op1.press("1", "enter", then=lambda: isinstance(op1.app.screen, Confirm))
        asked = "\n".join(line.plain for line in op1.app.screen.remarks(80))  # type: ignore[attr-defined]  # the question on top
        assert "depth is 143" in asked
        assert "not done: 1.2 Throttle the retrying task" in asked
        await op1.press("escape")
        assert incident_of(op1.app).status == "mitigated"
        await op1.press("m")
        await op1.press("1", "enter", then=lambda: isinstance(op1.app.screen, Confirm))
        await op1.press("enter", then=lambda: incident_of(op1.app).status == "resolved")
        assert "SEV1 resolved" in shown(op1.app)
        assert op1.app.incidents.exit_message() is None
        await op1.press("m")
        await op1.press("1", "enter")
        await op1.pilot.pause(0.1)
        await op1.type("it is back")
        await op1.press("enter", then=lambda: incident_of(op1.app).status == "open")
        goodbye = op1.app.incidents.exit_message()
        assert goodbye is not None
        assert "INC-1 (Ban near) is still open" in op1.app.words.say(goodbye)


async def test_commands_are_copied_as_they_stand_one_after_the_other(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(config) as op1:
        copied: list[str] = []
        monkeypatch.setattr(op1.app, "copy_to_clipboard", copied.append)
        await op1.open_with_runbook()
        await op1.press("y")
        assert "no command to copy" in shown(op1.app)
        await op1.press("down", "y", "y")
        assert copied == [
            "celery -A app control rate_limit analyze_match 20/m",
            "celery -A app inspect active",
        ]
        assert "copied 2 of 2" in shown(op1.app)


async def test_follow_ups_have_a_pane(config: Path) -> None:
    async with running(config) as op1:
        await op1.open_with_runbook()
        await op1.press(*(PANES.index("follow_ups") * ["tab"]))
        assert "Follow-ups" in shown(op1.app)
        await op1.press("n")
        await op1.type("alert earlier")
        await op1.press("tab")
        await op1.type("op2")
        await op1.press("enter", then=lambda: incident_of(op1.app).follow_ups)
        assert "☐ alert earlier  op2" in shown(op1.app)
        await op1.press("space", then=lambda: incident_of(op1.app).follow_ups[0].done)
        assert "✔ alert earlier" in shown(op1.app)
        await op1.press("shift+tab")
        assert "nothing pinned yet" in shown(op1.app)
        await op1.press("space", "s")
        assert "press Tab" in shown(op1.app)
        await op1.pilot.pause(0.5)
        assert (op1.state("declare"), len(op1.app.screen_stack)) == ("open", 2)


async def test_postmortem_and_timeline_become_files_and_nothing_is_overwritten(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with running(config) as op1:
        await op1.open_with_runbook()
        await op1.press("e", then=lambda: incident_of(op1.app).evidence)
        await op1.press("w")
        await op1.press("enter", then=lambda: "files are in" in shown(op1.app, 200))
        folder = tmp_path / "inc-1"
        assert {file.name for file in folder.iterdir()} >= {"postmortem.md", "timeline.md", "timeline.json"}
        text = (folder / "postmortem.md").read_text(encoding="utf-8")
        assert "- [ ] Give every retry a budget" in text
        await op1.press("w")
        await op1.press("enter", then=(tmp_path / "inc-1-2").exists)
        (folder / "postmortem.md").write_text("worked on", encoding="utf-8")
        await op1.press("w")
        await op1.press("backspace", "backspace")  # the name that is taken
        await op1.press("enter", then=lambda: "already exists" in shown(op1.app, 300))
        assert (folder / "postmortem.md").read_text(encoding="utf-8") == "worked on"


async def test_why_shows_the_query_and_the_raw_value(config: Path) -> None:
    async with running(config) as op1:
        await op1.open_with_runbook()
        await op1.press("down")
        await until(lambda: "143" in shown(op1.app))
        await op1.press("question_mark")
        assert "value 143.0   source scrape" in shown(op1.app)
        assert "ban-near.md:" in shown(op1.app, 200)


async def test_a_runbook_can_be_read_without_an_incident(config: Path) -> None:
    async with running(config) as op1:
        await op1.press("r", then=lambda: len(op1.app.screen_stack) == 2)
        await op1.press("2", "enter", then=lambda: "VIEW ONLY" in shown(op1.app))
        await op1.press("space", "n", "x")
        assert "nothing is written" in shown(op1.app)
        assert not op1.app.incidents.snapshots
        await op1.press("down")
        await until(lambda: "143, expected < 10" in shown(op1.app), "checks are live here, too")


async def test_several_incidents_are_a_list_worst_first(config: Path) -> None:
    await write_as("op1", config, "open", "--title", "Small", "--severity", "SEV3")
    await write_as("op1", config, "open", "--title", "Big", "--severity", "SEV1")
    async with running(config) as op1:
        await until(lambda: len(op1.app.incidents.snapshots) == 2)
        assert "INC-2 SEV1" in shown(op1.app)
        await op1.press("i")
        options = [line.plain for line in op1.app.screen.remarks(80)]  # type: ignore[attr-defined]  # the question on top
        assert ["Big" in options[0], "Small" in options[1], "another" in options[2]] == [True] * 3
        await op1.press("2", "enter", then=lambda: "INC-1 SEV3 Small" in shown(op1.app))
        assert "no runbook yet" in shown(op1.app)
        await op1.press("r")
        await op1.press("1", "enter", then=lambda: isinstance(op1.app.screen, Choose))
        await op1.pilot.pause(0.2)
        await op1.press("1", "enter", then=lambda: incident_of(op1.app).runbooks == ("ban-near",))
        assert "opened the runbook Ban near" in shown(op1.app)


@pytest.mark.parametrize("size", [(20, 5), (80, 24), (120, 40), (200, 60)])
@pytest.mark.parametrize("code", ["en", "zh"])
async def test_nothing_is_wider_than_the_screen_and_no_key_ends_it(
    config: Path, size: tuple[int, int], code: str
) -> None:
    async with running(config, size, code) as op1:
        await op1.open_with_runbook()
        keys = (
            "down",
            "y",
            "e",
            *(len(PANES) * ["tab"]),
            "question_mark",
            "escape",
            "exclamation_mark",
            "o",
            "enter",
        )
        await op1.press(*keys)
        for key in ("s", "f", "n", "x", "c", "m", "v", "w", "u", "i"):
            await op1.press(key)
            await op1.press("escape")
        await op1.press("h")
        await op1.press("escape")
        widest = max(
            len(line.plain) and line.cell_len for line in screen_of(op1.app).body(size[0], size[1] - 3, 0)
        )
        assert widest <= size[0]
        assert screen_of(op1.app).head(size[0], 0).cell_len <= size[0]
        assert op1.app.is_running


async def test_a_pasted_clipboard_is_harmless(config: Path) -> None:
    async with running(config) as op1:
        await op1.open_with_runbook()
        await op1.press("n")
        await op1.pilot.pause(0.1)
        assert op1.app.focused is not None
        op1.app.focused.post_message(Paste("\x1b[2Jtwo\r\nlines \x1b]52;c;aGk=\x07队列"))
        await op1.pilot.pause(0.1)
        await op1.press("enter", then=lambda: incident_of(op1.app).notes)
        assert incident_of(op1.app).notes[0].text == "two\nlines 队列"
