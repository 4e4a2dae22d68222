"""A panel's line fits, says its age, and never relies on colour alone."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from panels.draw.panel import age_text, panel_details, panel_line, sparkline
from panels.spec import PanelSpec, QuerySpec
from panels.state import PanelState
from signals.reading import Answer, Reading, Series
from tests.panels.judged import judge_panel
from tui.i18n import Language

QUERY = QuerySpec(name="waiting", expr="d", unit="count", warn=50, burning=100, by="queue")
SPEC = PanelSpec(id="q", title="Queues", title_zh="队列", queries=(QUERY,))
SAY = {code: Language(code).say for code in ("en", "zh")}


def state(value: float, label: str = "ai") -> PanelState:
    series = Series((("queue", label),), (1000.0,), (value,))
    return judge_panel(SPEC, {"waiting": Answer("d", "vector", (series,), "t", 1000.0)}, 1000.0)


@pytest.mark.parametrize("width", [10, 20, 40, 80, 120])
@pytest.mark.parametrize("code", ["en", "zh"])
def test_a_line_is_as_wide_as_it_may_be(width: int, code: str) -> None:
    assert panel_line(state(143), SAY[code], width, 1002).cell_len == width


@pytest.mark.parametrize(
    ("value", "mark", "plain"), [(1, "✔", "+"), (60, "▲", "!"), (143, "✖", "X"), (math.nan, "?", "?")]
)
def test_the_mark_says_the_verdict_without_colour(value: float, mark: str, plain: str) -> None:
    assert mark in panel_line(state(value), SAY["en"], 80, 1002).plain
    line = panel_line(state(value), SAY["en"], 80, 1002, ascii_only=True).plain
    assert plain in line
    assert line.isascii()


def test_an_old_number_is_reversed_and_its_age_is_true() -> None:
    fresh, old = (panel_line(state(1), SAY["en"], 80, now) for now in (1003, 1100))
    assert "2s" in fresh.plain
    assert "1min" in old.plain
    assert "stale 1min" in old.plain
    assert any(span.style == "stale" for span in old.spans)
    assert not any("reverse" in str(span.style) for span in fresh.spans)


@pytest.mark.parametrize(("age", "text"), [(0, "0s"), (3.9, "2s"), (59, "50s"), (125, "2min")])
def test_ages_are_coarse(age: float, text: str) -> None:
    assert age_text(age) == text


def test_markup_in_a_label_stays_text() -> None:
    shown = "\n".join(line.plain for line in panel_details(state(143, "[bold]x[/]"), SAY["en"], 80, 8, 1002))
    assert "[bold]x[/]" in shown


def test_a_sparkline_shows_heights_and_gaps() -> None:
    assert sparkline([0, 7, math.nan, 3.5], 10) == "▁█ ▅"
    assert sparkline([], 10) == ""
    assert sparkline([0, 7], 10, ascii_only=True).isascii()


def test_a_number_that_is_asked_seldom_is_not_old_before_its_time() -> None:
    seldom = Reading(name="burn 30d", value=1.0, unit="none", at=800.0, source="t", query="q", every_s=150)
    both = replace(state(1), readings=(*state(1).readings, seldom))
    early, late = (panel_line(both, SAY["en"], 80, now) for now in (1003, 1102))
    assert early.plain.endswith(" 2s")
    assert not any(span.style == "stale" for span in early.spans)
    assert late.plain.endswith("5min")
    assert any(span.style == "stale" for span in late.spans)
