"""Keys act on what stands on the screen: `r`, `e`, `?` and Enter, wherever they are pressed."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from textual.events import Paste

from incidents.events import body as b
from incidents.events.fold import fold
from panels.spec import PanelSpec, QuerySpec
from runbooks.library import load_library
from signals.reading import Reading
from tests.chimera import BOARD, RUNBOOKS
from tests.incidents.build import Chain
from tests.tui.board import metric
from tests.tui.incident.stage import incident_of, running, screen_of, shown, until
from tests.tui.incident.test_pictures import NOW, enter, staged, storm
from tui.feeds.journal import IncidentSnapshot, JournalState
from tui.incident.ranking import burning_metrics, rank_runbooks
from tui.palette import Commands, Palette
from tui.screens.choose import Choose
from tui.screens.incident import IncidentScreen
from tui.screens.page import Page
from tui.screens.record import RecordScreen
from tui.screens.zoom import ZoomScreen

if TYPE_CHECKING:
    from pathlib import Path

    from tui.app import Warroom


@pytest.fixture
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: NOW)


@pytest.mark.parametrize(("name", "first"), [("P95", "latency-p95"), ("errors 5m", "availability")])
def test_the_runbook_that_measures_what_burns_stands_first(name: str, first: str) -> None:
    spec = next(spec for spec in BOARD if spec.id == "slo")
    query = next(query for query in spec.queries if query.name == name)
    reading = Reading(name=name, value=60.0, unit=query.unit, at=NOW, source="t", query=query.expr)
    state = replace(metric("slo", 1), readings=(reading,))
    library = load_library(RUNBOOKS, "en")
    ranked = rank_runbooks(library.for_panel("slo"), burning_metrics(state, spec))
    assert ranked[0].id == first
    calm = rank_runbooks(library.for_panel("slo"), frozenset())
    assert tuple(calm) == library.for_panel("slo")


def test_what_warns_counts_only_where_nothing_burns() -> None:
    queries = (
        QuerySpec(name="a", expr="m_a", warn=1, burning=9),
        QuerySpec(name="b", expr="m_b", warn=1, burning=2),
    )
    spec = PanelSpec(id="x", title="x", queries=queries)

    def read(**values: float) -> frozenset[str]:
        readings = tuple(
            Reading(name=name, value=value, unit="none", at=NOW, source="t", query=f"m_{name}")
            for name, value in values.items()
        )
        return burning_metrics(replace(metric("x", 1), readings=readings), spec)

    assert read(a=5, b=5) == {"m_b"}
    assert read(a=5, b=0) == {"m_a"}
    assert read(a=0, b=0) == frozenset()


@pytest.mark.usefixtures("_clock")
async def test_the_runbooks_of_a_whole_profile_can_be_chosen_from_each_of_its_panels(tmp_path: Path) -> None:
    app = staged("en", tmp_path)
    app.incidents.library = load_library(RUNBOOKS, "en")
    app.incidents.snapshots.clear()
    app.order, app.states = (
        tuple(spec.id for spec in BOARD),
        {spec.id: metric(spec.id, 143) for spec in BOARD},
    )
    async with app.run_test(size=(80, 24)) as pilot:
        for spec in BOARD:
            app.states[spec.id] = replace(app.states[spec.id], runbook=spec.runbook)
            app.chosen = spec.id
            await pilot.press("r")
            await pilot.pause(0.05)
            assert isinstance(app.screen, Choose), spec.id
            await pilot.press("escape")


async def test_r_works_in_zoom_explain_and_history(config: Path) -> None:
    async with running(config) as op1:
        for keys in (("enter",), ("question_mark",)):
            await op1.press(*keys)
            await op1.press("r", then=lambda: isinstance(op1.app.screen, Choose))
            await op1.press("escape", "g")
        await op1.open_with_runbook()
        await op1.press("g", "h")
        await until(lambda: "INC-1" in shown(op1.app), "the history is read")
        await op1.press("r", then=lambda: "VIEW ONLY" in shown(op1.app))
        assert screen_of(op1.app).incident is None


async def test_e_pins_the_panel_that_stands_on_the_screen(config: Path) -> None:
    async with running(config) as op1:
        await op1.open_with_runbook()
        other = metric("other", 1)
        op1.app.order = (*op1.app.order, "other")
        op1.app.states["other"] = other
        op1.app.chosen = "other"  # the board's cursor, which nobody sees here
        assert "Depth" in shown(op1.app).splitlines()[1]
        await op1.press("e", then=lambda: incident_of(op1.app).evidence)
        assert incident_of(op1.app).evidence[0].pinned.panel == "depth"
        await op1.pilot.resize_terminal(40, 10)  # no room for the panel: which one, is asked
        await op1.press("e", then=lambda: isinstance(op1.app.screen, Choose))
        await op1.press("2", "enter", then=lambda: len(incident_of(op1.app).evidence) == 2)
        assert incident_of(op1.app).evidence[1].pinned.panel == "other"
        await op1.pilot.resize_terminal(80, 24)
        await op1.press("g", "enter")
        assert isinstance(op1.app.screen, ZoomScreen)
        await op1.press("e")
        snapshot = op1.app.incidents.current()
        assert snapshot is not None
        await until(lambda: len(op1.app.incidents.snapshots[snapshot.incident.id].incident.evidence) == 3)


async def test_a_note_of_many_lines_is_written_and_read_whole(config: Path) -> None:
    text = "\n".join(f"line {number} " + "word " * 20 for number in range(8)).strip()
    text = "\n".join(line.rstrip() for line in text.splitlines())
    async with running(config) as op1:
        await op1.open_with_runbook()
        await op1.press("n")
        op1.app.post_message(Paste(text))
        await op1.pilot.pause(0.1)
        await op1.press("enter", then=lambda: incident_of(op1.app).notes)
        assert incident_of(op1.app).notes[0].text == text
        await op1.press("tab", "enter")
        screen = op1.app.screen
        assert isinstance(screen, RecordScreen)
        whole = " ".join(" ".join(line.plain for line in screen.lines(80, NOW)).split())
        assert " ".join(text.split()) in whole
        await op1.press("escape")
        assert isinstance(op1.app.screen, IncidentScreen)


@pytest.mark.usefixtures("_clock")
@pytest.mark.parametrize("size", [(40, 10), (80, 24), (120, 40)])
async def test_pinned_evidence_opens_with_its_curve_its_limit_and_its_query(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    app = staged("en", tmp_path)
    chain = Chain()
    chain.events = [*storm().events]
    curve = b.Curve(
        name="waiting",
        at=tuple(NOW - 600 + 10 * n for n in range(60)),
        values=(None, *(float(n) for n in range(59))),
    )
    chain.add(
        "op1",
        b.EvidencePinned(
            panel="queues",
            title="Queues",
            line="58 waiting",
            verdict="burning",
            limit=50,
            unit="count",
            curves=(curve,),
            query="sum(depth)",
            source="prom",
        ),
        13,
    )
    incident = fold(chain.events)
    app.incidents.snapshots = {incident.id: IncidentSnapshot("INC-42", incident)}
    async with app.run_test(size=size) as pilot:
        await enter(pilot)
        await pilot.press("tab", "tab", "down", "enter")
        screen = app.screen
        assert isinstance(screen, RecordScreen)
        lines = [line.plain for line in screen.lines(size[0], NOW)]
        text = "\n".join(lines)
        assert max(line.cell_len for line in screen.lines(size[0], NOW)) <= size[0]
        for part in ("Queues", "58 waiting", "waiting", "sum(depth)", "prom", "op1"):
            assert part in text, part
        assert any("⣀" <= char <= "⣿" or char in "▁▂▃▄▅▆▇█" for char in text)


@pytest.mark.usefixtures("_clock")
async def test_what_somebody_took_back_says_so_when_it_is_opened(tmp_path: Path) -> None:
    app = staged("en", tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await enter(pilot)
        await pilot.press("tab", *["up"] * 4, "question_mark")
        screen = app.screen
        assert isinstance(screen, RecordScreen)
        text = "\n".join(line.plain for line in screen.lines(80, NOW))
        assert "UNDONE" in text
        assert "a mistake" in text


@pytest.mark.usefixtures("_clock")
@pytest.mark.parametrize("size", [(20, 5), (40, 10), (80, 24), (120, 40), (200, 60)])
async def test_every_head_says_paused_and_how_much_burns(tmp_path: Path, size: tuple[int, int]) -> None:
    app = staged("en", tmp_path)
    app.order, app.states = ("queues",), {"queues": metric("queues", 143)}
    async with app.run_test(size=size) as pilot:
        heads: list[str] = []
        for keys in (("p",), ("i",), ("question_mark",), ("escape", "h"), ("escape", "l"), ("escape", "f1")):
            await pilot.press(*keys)
            page = app.screen
            assert isinstance(page, Page)
            heads.append(page.head(size[0], NOW).plain)
        past = IncidentScreen(None, past=IncidentSnapshot("INC-42", storm()))
        reading = IncidentScreen(None, app.incidents.library.runbooks[0])  # type: ignore[union-attr]  # it is staged
        for screen in (past, reading):
            app.push_screen(screen)
            await pilot.pause()
            heads.append(screen.head(size[0], NOW).plain)
    assert all("PAUSED" in head for head in heads), heads
    if size[0] >= 40:
        assert all("✖1" in head for head in heads), heads


@pytest.mark.usefixtures("_clock")
async def test_no_head_runs_its_incident_into_what_stands_beside_it(tmp_path: Path) -> None:
    app = staged("en", tmp_path)
    app.order, app.states = ("queues",), {"queues": metric("queues", 143)}
    async with app.run_test(size=(80, 24)):
        page = app.screen
        assert isinstance(page, Page)
        app.incidents.journal = JournalState()
        heads = [page.head(width, NOW).plain for width in range(40, 140)]
    assert any("INC-42" in head and re.search(r"\d\d:\d\dZ", head) for head in heads)
    assert not [head for head in heads if re.search(r"\S\d\d:\d\dZ", head)]


@pytest.mark.usefixtures("_clock")
async def test_the_checklist_goes_to_its_ends_and_by_phases(tmp_path: Path) -> None:
    app = staged("en", tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await enter(pilot)
        seen = []
        for key in ("home", "end", "left", "left", "left", "right", "right", "right"):
            await pilot.press(key)
            seen.append(screen.cursor[2] if screen.cursor else "")
    assert seen == ["declare", "budget", "raise", "declare", "declare", "raise", "budget", "budget"]


@pytest.mark.usefixtures("_clock")
@pytest.mark.parametrize("size", [(20, 5), (40, 10), (80, 12), (80, 24), (120, 40), (200, 60)])
async def test_the_step_under_the_cursor_is_always_in_sight(tmp_path: Path, size: tuple[int, int]) -> None:
    app = staged("en", tmp_path)
    async with app.run_test(size=size) as pilot:
        screen = await enter(pilot)
        await pilot.press("home")
        for _ in range(6):
            body = [line.plain for line in screen.body(size[0], size[1] - 3, NOW)]
            assert sum(line.startswith("›") for line in body) == 1, body
            await pilot.press("down")


def names(app: Warroom) -> list[str]:
    return [command.texts[0] for command in Commands(app.screen)._commands()]


@pytest.mark.usefixtures("_clock")
async def test_the_palette_knows_runbooks_incidents_and_panels(tmp_path: Path) -> None:
    app = staged("en", tmp_path)
    app.order, app.states = ("queues",), {"queues": metric("queues", 143)}
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        known = names(app)
        for wanted in (
            "runbook: Ban near  (ban-near)",
            "go to INC-42 SEV2 Cloudflare ban near",
            "go to QUEUES",
        ):
            assert wanted in known
        commands = {command.texts[0]: command for command in Commands(app.screen)._commands()}
        commands["go to INC-42 SEV2 Cloudflare ban near"].run()
        await pilot.pause()
        assert "INC-42 SEV2" in shown(app)
        commands["runbook: Ban near  (ban-near)"].run()
        await pilot.pause(0.1)
        assert isinstance(app.screen, Choose)


def drawn(app: Warroom) -> str:
    return "".join(part.text for strip in app.screen._compositor.render_strips() for part in strip)


@pytest.mark.usefixtures("_clock")
@pytest.mark.parametrize(
    ("code", "words"), [("en", "nothing found for 'zzqqxx'"), ("zh", "没有找到“zzqqxx”")]
)
async def test_the_palette_says_in_the_readers_language_that_nothing_is_found(
    tmp_path: Path, code: str, words: str
) -> None:
    app = staged(code, tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("colon", *"zzqqxx")
        await app.workers.wait_for_complete()
        assert isinstance(app.screen, Palette)
        await until(lambda: words in drawn(app))
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, Page)
