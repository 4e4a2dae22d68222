"""What the tour says next: by what is so, whoever brought it about and wherever the person is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rich.cells import cell_len

from tui.i18n import CODES, Language
from tui.keymap import SHOWN
from tui.tour.model import Seen
from tui.tour.steps import BUSY, CLOSE, COUNT, STEPS, TO_BOARD, guide

UP = Seen(is_known=True, burns=True)
BURNING = replace(UP, is_broken=True, has_burnt=True, is_at_panel=True)
OPENED = replace(BURNING, page="incident", has_incident=True, has_runbook=True, to_button=1)
TICKED = replace(OPENED, has_step_done=True, to_button=0)
RUN = replace(TICKED, run="verified")
CALM = replace(RUN, burns=False, page="board")
MITIGATED = replace(CALM, is_mitigated=True, page="incident")

CASES = [
    (Seen(), 0, "starting", ""),
    (UP, 0, "breaking", ""),
    (replace(UP, is_broken=True), 0, "wait_burning", ""),
    (BURNING, 1, "runbook", "r"),
    (replace(BURNING, burns=False), 1, "runbook_calm", "r"),
    (replace(BURNING, is_at_panel=False), 1, "to_panel", "{panel}"),
    (replace(BURNING, page="zoom"), 1, "to_board", "g"),
    (replace(BURNING, page="note", is_question=True), 1, "close", "escape"),
    (replace(BURNING, page=""), 1, "close", "escape"),
    (replace(BURNING, is_paused=True), 1, "paused", "p"),
    (replace(BURNING, is_busy=True), 1, "busy", ""),
    (replace(BURNING, page="form", is_question=True, is_busy=True), 1, "open_incident", "enter"),
    (replace(BURNING, page="choose", is_question=True, option=5), 1, "choose_runbook", "{option}"),
    (replace(BURNING, page="choose", is_question=True, option=5, is_at_option=True), 1, "choose", "enter"),
    (replace(BURNING, page="form", is_question=True), 1, "open_incident", "enter"),
    (replace(OPENED, has_runbook=False), 1, "attach", "r"),
    (OPENED, 2, "tick", "space"),
    (replace(OPENED, to_check=-1), 2, "to_step", "up"),
    (replace(OPENED, page="board"), 2, "to_incident", "i"),
    (replace(OPENED, page="confirm", is_question=True), 2, "tick_anyway", "enter"),
    (TICKED, 3, "act", "a"),
    (replace(TICKED, to_button=1), 3, "to_button", "down"),
    (replace(TICKED, page="plan", is_question=True), 3, "confirm_plan", "enter"),
    (replace(TICKED, page="plan", is_question=True, is_planning=True), 3, "planning", ""),
    (replace(TICKED, page="run"), 3, "wait_run", ""),
    (replace(TICKED, page="run", run="running"), 3, "wait_run", ""),
    (replace(TICKED, page="run", run="failed"), 3, "to_incident", "i"),
    (RUN, 4, "to_board", "g"),
    (replace(RUN, page="board"), 4, "wait_better", ""),
    (CALM, 5, "to_incident", "i"),
    (replace(CALM, page="incident"), 5, "marks", "m"),
    (replace(CALM, page="choose", is_question=True), 5, "mark_mitigated", "enter"),
    (MITIGATED, 6, "marks_again", "m"),
    (replace(MITIGATED, page="choose", is_question=True), 6, "mark_resolved", "enter"),
    (replace(MITIGATED, page="confirm", is_question=True), 6, "resolve_anyway", "enter"),
]


@pytest.mark.parametrize(
    ("seen", "step", "text", "key"), CASES, ids=[f"{case[1] + 1}-{case[2]}" for case in CASES]
)
def test_the_line_says_what_comes_next(seen: Seen, step: int, text: str, key: str) -> None:
    place, hint = guide(seen)
    assert hint is not None
    assert (place, hint.text, hint.key) == (step, text, key)


def test_behind_the_last_step_nothing_is_left_to_press() -> None:
    assert guide(replace(MITIGATED, is_resolved=True)) == (len(STEPS), None)


def test_a_step_that_is_over_stays_over() -> None:
    assert guide(replace(MITIGATED, burns=True), first=6)[0] == 6


def test_who_mends_it_in_another_way_goes_on() -> None:
    assert guide(replace(TICKED, burns=False, page="board"))[0] == 5


@pytest.mark.parametrize("code", CODES)
def test_every_line_fits_80_columns_whole(code: str) -> None:
    words = Language(code)  # type: ignore[arg-type]  # one of its codes
    panel = {"en": "Queues", "zh": "队列"}[code]
    around = cell_len(
        f" {words.text('tour.title')} {COUNT}/{COUNT}   → Enter   F9 {words.text('tour.leave')} "
    )
    hints = {hint for step in STEPS for hint in step.hints} | {BUSY, CLOSE, TO_BOARD}
    for hint in hints:
        text = words.text(f"tour.{hint.text}", panel=panel)
        assert cell_len(text) + around <= 80, text
        assert not hint.key or hint.key.startswith("{") or len(SHOWN.get(hint.key, hint.key)) <= 6
