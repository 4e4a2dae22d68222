"""Pictures of the main screens over every kind of state. New ones: `pytest tests/tui -k picture --snapshot-update`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from rich.cells import cell_len

from panels.draw.panel import panel_details, panel_line, title_width
from signals.reading import Verdict
from tests.tui.board_states import NOW, SPECS, states
from tui.app import Warroom
from tui.feeds.signals import PanelJudged
from tui.i18n import CODES, Language
from tui.theme import THEME_NAMES, ThemeName

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.text import Text
    from textual.pilot import Pilot

    from panels.state import PanelState


def board(code: str = "en", theme: ThemeName | None = None) -> Warroom:
    app = Warroom(None, Language("zh" if code == "zh" else "en"), theme=theme)
    app.order = tuple(SPECS)
    app.service = "chimera prod"
    app.notice = None
    app.ascii_only = False
    return app


def told(*keys: str) -> Callable[[Pilot[str]], object]:
    """Let the board know all states, then press."""

    async def prepare(pilot: Pilot[str]) -> None:
        assert isinstance(pilot.app, Warroom)
        for state in states().values():
            pilot.app.on_panel_judged(PanelJudged(state))
        await pilot.pause()
        await pilot.press(*keys)
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()

    return prepare


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: NOW)


def test_the_states_are_of_every_kind() -> None:
    found = states()
    assert {state.verdict for state in found.values()} == set(Verdict)
    words = Language("en")
    said = {name: panel_line(state, words.say, 120, NOW).plain for name, state in found.items()}
    assert "stale" in said["slo"]
    assert "NO DATA" in said["llm"]
    assert found["release"].verdict is Verdict.UNKNOWN
    assert "matches 80" in said["queues"]


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_a_picture_of_the_board(snap_compare: Callable[..., bool], size: tuple[int, int], code: str) -> None:
    assert snap_compare(board(code, "dark"), terminal_size=size, run_before=told())


@pytest.mark.parametrize("theme", THEME_NAMES)
def test_a_picture_in_every_theme(snap_compare: Callable[..., bool], theme: ThemeName) -> None:
    assert snap_compare(board(theme=theme), terminal_size=(80, 24), run_before=told("3"))


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("keys", [("3", "question_mark"), ("f1",)], ids=["explain", "help"])
def test_a_picture_of_the_other_screens(
    snap_compare: Callable[..., bool], keys: tuple[str, ...], code: str
) -> None:
    assert snap_compare(board(code, "dark"), terminal_size=(80, 24), run_before=told(*keys))


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize(
    "keys",
    [("l",), ("colon",), ("slash", *"zzz"), ("p",)],
    ids=["alerts", "palette", "filter-without-match", "paused"],
)
def test_a_picture_of_what_lies_over_the_board(
    snap_compare: Callable[..., bool], keys: tuple[str, ...], code: str
) -> None:
    assert snap_compare(board(code, "light"), terminal_size=(80, 24), run_before=told(*keys))


def test_a_picture_of_a_large_screen(snap_compare: Callable[..., bool]) -> None:
    assert snap_compare(board("zh", "dark"), terminal_size=(200, 60), run_before=told("3"))


def test_a_picture_in_ascii(snap_compare: Callable[..., bool]) -> None:
    app = board(theme="mono")
    app.ascii_only = True
    assert snap_compare(app, terminal_size=(80, 24), run_before=told("5"))


def test_a_picture_of_a_panel_that_cannot_be_drawn(
    snap_compare: Callable[..., bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    from panels.draw import panel as draw

    def line(state: PanelState, *given: object, **more: object) -> Text:
        if state.id == "ban":
            raise ZeroDivisionError
        return panel_line(state, *given, **more)  # type: ignore[arg-type]  # handed on as it came

    monkeypatch.setattr(draw, "panel_line", line)
    monkeypatch.setattr("tui.runtime.log.log_crash", lambda _: "")
    monkeypatch.setattr("tui.runtime.log.log_path", lambda: "warroom.log")
    assert snap_compare(board(theme="dark"), terminal_size=(80, 24), run_before=told("3"))


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("width", [40, 56, 80, 120])
def test_columns_stand_one_below_the_other_counted_in_cells(width: int, code: str) -> None:
    words = Language("zh" if code == "zh" else "en")
    titles = 3 + title_width(width)
    for state in states().values():
        line = panel_line(state, words.say, width, NOW).plain
        assert cell_len(line) == width
        assert cell_at(line, titles) == " ", line
        rows = [text.plain for text in panel_details(state, words.say, width, 30, NOW)]
        assert all(cell_len(row) <= width for row in rows)


def cell_at(line: str, column: int) -> str:
    """What stands in a column; the right half of a wide character is an empty string."""
    at = 0
    for char in line:
        if at >= column:
            return char if at == column else ""
        at += cell_len(char)
    return ""
