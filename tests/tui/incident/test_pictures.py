"""Pictures of the incident's screen at two sizes in both languages, from events and a clock of our making."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from core.message import say
from incidents.events import body as b
from incidents.events.fold import fold
from incidents.settings import UpdateSettings
from runbooks.checks.observation import Observation
from runbooks.library import load_library
from runbooks.settings import RunbooksSettings
from signals.metrics.trend import Direction
from signals.reading import Verdict
from tests.incidents.build import START, Chain
from tests.tui.incident.stage import CHINESE, RUNBOOK
from tui.app import Warroom
from tui.config.model import Config
from tui.feeds.journal import IncidentSnapshot, JournalState
from tui.i18n import CODES, Language
from tui.screens.confirm import Preview
from tui.screens.incident import IncidentScreen
from tui.theme import THEME_NAMES, ThemeName

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from textual.pilot import Pilot

    from incidents.events.incident import Incident

NOW = START.timestamp() + 18 * 60 + 3


def storm() -> Incident:
    """Two responders, one step done, one under way, one note, one panel pinned."""
    chain = Chain(opened=b.Opened(title="Cloudflare ban near", severity="SEV2", runbook="ban-near"))
    chain.add("ic1", b.RoleTaken(role="ic"), 0.2)
    chain.add("op1", b.RoleTaken(role="ops"), 1)
    chain.add("ic1", b.RoleOffered(role="scribe", to="sam"), 1.5)
    chain.add("ic1", b.StepTicked(runbook="ban-near", step="declare"), 2)
    chain.add("op1", b.StepStarted(runbook="ban-near", step="throttle"), 4.7)
    chain.add("op1", b.StepAnnotated(runbook="ban-near", step="throttle", text="worker 3 does not answer"), 6)
    chain.add("op1", b.Noted(text="spike [bold]starts with v2.2.1 队列"), 9)
    chain.add("op1", b.Noted(text="a mistake"), 9.5)
    chain.add("op1", b.Undone(event=chain.events[-1].id), 9.6)
    pinned = b.EvidencePinned(panel="ban", title="Ban forecast", line="5 950 of 10 000", verdict="burning")
    chain.add("ic1", pinned, 10.7)
    attached = b.AlertAttached(fingerprint="x", name="InvalidRequestsHigh", severity="page")
    chain.add("ic1", attached, 11)
    chain.add("ic1", b.FollowUpAdded(text="A retry budget", owner="op1"), 12)
    return fold(chain.events)


@pytest.fixture
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: NOW)


def staged(code: str, tmp_path: Path, theme: ThemeName = "dark") -> Warroom:
    words = Language(next(one for one in CODES if one == code))
    (tmp_path / code).mkdir()
    text = CHINESE if code == "zh" else RUNBOOK
    (tmp_path / code / "ban-near.md").write_text(text, encoding="utf-8")
    app = Warroom(None, words, theme=theme)
    app.service = "chimera prod"
    app.notice = None  # nothing is starting any more
    app.ascii_only = False
    app.runs.open(Config())
    app.incidents.updates = UpdateSettings()
    app.incidents.library = load_library(RunbooksSettings(folders=(tmp_path,)), code)
    app.incidents.journal = JournalState("db.internal:5432/warroom", spooled=3, away=say("screen.no_journal"))
    incident = storm()
    app.incidents.snapshots[incident.id] = IncidentSnapshot("INC-42", incident)
    return app


async def enter(pilot: Pilot[str]) -> IncidentScreen:
    app = pilot.app
    assert isinstance(app, Warroom)
    await pilot.press("i")
    screen = app.screen
    assert isinstance(screen, IncidentScreen)
    text = say(
        "measure.seen", value="38/min", way=say("measure.way_rising"), wanted=say("measure.want_falling")
    )
    screen.observed["ban-near", "step", "throttle"] = {
        0: Observation(38.0, "1/min", Verdict.BURNING, Direction.RISING, text, "prometheus", NOW - 3, "depth")
    }
    screen.repaint()
    return screen


@pytest.mark.usefixtures("_clock")
@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_the_incident(
    snap_compare: Callable[..., bool], size: tuple[int, int], code: str, tmp_path: Path
) -> None:
    async def prepare(pilot: Pilot[str]) -> None:
        await enter(pilot)

    assert snap_compare(staged(code, tmp_path), terminal_size=size, run_before=prepare)


@pytest.mark.parametrize("theme", THEME_NAMES)
def test_an_update_that_is_overdue_is_loud(
    snap_compare: Callable[..., bool], theme: ThemeName, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def prepare(pilot: Pilot[str]) -> None:
        await enter(pilot)

    monkeypatch.setattr(time, "time", lambda: NOW + 15 * 60)
    assert snap_compare(staged("en", tmp_path, theme), terminal_size=(80, 24), run_before=prepare)


@pytest.mark.usefixtures("_clock")
@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize(
    "keys",
    [("down", "down"), ("x",), ("v",), ("m",), ("tab",), ("tab", "tab"), ("g",)],
    ids=["pause-point", "roles", "severity", "moments", "timeline", "evidence", "board"],
)
def test_what_is_one_key_away(
    snap_compare: Callable[..., bool], keys: tuple[str, ...], code: str, tmp_path: Path
) -> None:
    async def prepare(pilot: Pilot[str]) -> None:
        await enter(pilot)
        await pilot.press(*keys)

    assert snap_compare(staged(code, tmp_path), terminal_size=(80, 24), run_before=prepare)


@pytest.mark.usefixtures("_clock")
@pytest.mark.parametrize("code", CODES)
def test_what_leaves_is_shown_before(snap_compare: Callable[..., bool], code: str, tmp_path: Path) -> None:
    async def prepare(pilot: Pilot[str]) -> None:
        await enter(pilot)
        text = ("SEV2 INC-42: Cloudflare ban near", "throttled, watching", "", "goes to team (discord)")
        pilot.app.push_screen(Preview("This is what people will read; Enter writes and sends it", text))

    assert snap_compare(staged(code, tmp_path), terminal_size=(80, 24), run_before=prepare)


@pytest.mark.usefixtures("_clock")
async def test_where_nothing_can_be_written_no_key_offers_it(tmp_path: Path) -> None:
    app = staged("en", tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await enter(pilot)
        assert "Space tick" in screen.foot(80)
        assert "c update" in screen.foot(80)
        assert app.incidents.library is not None
        reading = IncidentScreen(None, app.incidents.library.runbooks[0])
        app.push_screen(reading)
        await pilot.pause()
        assert reading.foot(80).rstrip().split("  ") == [
            " Esc back",
            "? details",
            "! next killer item",
            "y copy",
            "r runbook",
            "F1 keys",
            "q quit",
        ]
        past = IncidentScreen(None, past=IncidentSnapshot("INC-42", storm()))
        app.push_screen(past)
        await pilot.pause()
        assert "Space" not in past.foot(200)
        assert "Tab pane" in past.foot(200)
        assert "w write postmortem" in past.foot(200)


@pytest.mark.usefixtures("_clock")
def test_a_question_stands_over_the_screen_that_it_was_asked_from(
    snap_compare: Callable[..., bool], tmp_path: Path
) -> None:
    async def prepare(pilot: Pilot[str]) -> None:
        await enter(pilot)
        await pilot.press("n", *"spike")

    app = staged("en", tmp_path)
    assert snap_compare(app, terminal_size=(80, 24), run_before=prepare)


@pytest.mark.usefixtures("_clock")
async def test_what_cannot_be_measured_any_more_grows_old_on_the_screen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = staged("en", tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await enter(pilot)
        assert "STALE" not in "\n".join(line.plain for line in screen.body(80, 21, NOW))
        late = screen.body(80, 21, NOW + 60)
        old = next(line for line in late if "STALE 1min" in line.plain)
        assert any(span.style == "stale" for span in old.spans)


@pytest.mark.usefixtures("_clock")
@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_every_page_shows_the_incident_and_that_an_update_is_overdue(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    app = staged("en", tmp_path)
    async with app.run_test(size=size) as pilot:
        assert isinstance(app, Warroom)
        head = pilot.app.screen.head(size[0], NOW)  # type: ignore[attr-defined]  # the board is a page
        assert "INC-42 SEV2 IC:ic1 00:18:03" in head.plain
        assert "OVERDUE" not in head.plain
        head = pilot.app.screen.head(120, NOW + 15 * 60)  # type: ignore[attr-defined]  # the board is a page
        assert " UPDATE OVERDUE 3:03 " in head.plain
        assert any(span.style == "stale" for span in head.spans)
        body = "\n".join(line.plain for line in pilot.app.screen.body(*size, NOW))  # type: ignore[attr-defined]  # the board is a page
        assert ("▶ 1.2 Throttle the retrying" in body) is (size[0] >= 120)
