"""The steps of the tour, in their order. A step is over by what is so, never by time; who goes elsewhere is led back."""

from __future__ import annotations

from tui.tour.model import Hint, Seen, Step

CLOSE = Hint("close", "escape", lambda seen: seen.is_question or not seen.page)
BUSY = Hint("busy", "", lambda seen: seen.is_busy)
TO_BOARD = Hint("to_board", "g", lambda _: True)
TO_INCIDENT = Hint("to_incident", "i", lambda _: True)


def _on(page: str, text: str, key: str) -> Hint:
    return Hint(text, key, lambda seen: seen.page == page)


TO_PANEL = _on("board", "to_panel", "{panel}")

STEPS: tuple[Step, ...] = (
    Step(
        "break",
        lambda seen: seen.has_burnt,
        (
            Hint("starting", "", lambda seen: not seen.is_known),
            Hint("breaking", "", lambda seen: not seen.is_broken),
            Hint("wait_burning", "", lambda _: True),
        ),
    ),
    Step(
        "open",
        lambda seen: seen.has_incident and seen.has_runbook,
        (
            Hint("choose_runbook", "{option}", lambda seen: seen.option > 0 and not seen.is_at_option),
            _on("choose", "choose", "enter"),
            _on("form", "open_incident", "enter"),
            CLOSE,
            Hint("attach", "r", lambda seen: seen.page == "incident" and seen.has_incident),
            Hint("to_incident", "i", lambda seen: seen.has_incident),
            Hint("runbook", "r", lambda seen: seen.page == "board" and seen.is_at_panel and seen.burns),
            Hint("runbook_calm", "r", lambda seen: seen.page == "board" and seen.is_at_panel),
            TO_PANEL,
            TO_BOARD,
        ),
    ),
    Step(
        "check",
        lambda seen: seen.has_step_done or bool(seen.run),
        (
            _on("confirm", "tick_anyway", "enter"),
            CLOSE,
            Hint("to_step", "down", lambda seen: seen.page == "incident" and seen.to_check > 0),
            Hint("to_step", "up", lambda seen: seen.page == "incident" and seen.to_check < 0),
            _on("incident", "tick", "space"),
            TO_INCIDENT,
        ),
    ),
    Step(
        "act",
        lambda seen: seen.run == "verified" or not seen.burns,
        (
            Hint("planning", "", lambda seen: seen.page == "plan" and seen.is_planning),
            _on("plan", "confirm_plan", "enter"),
            CLOSE,
            Hint("wait_run", "", lambda seen: seen.run == "running" or (seen.page == "run" and not seen.run)),
            Hint("to_button", "down", lambda seen: seen.page == "incident" and seen.to_button > 0),
            Hint("to_button", "up", lambda seen: seen.page == "incident" and seen.to_button < 0),
            _on("incident", "act", "a"),
            TO_INCIDENT,
        ),
    ),
    Step(
        "better",
        lambda seen: not seen.burns,
        (CLOSE, _on("board", "wait_better", ""), TO_BOARD),
    ),
    Step(
        "mitigated",
        lambda seen: seen.is_mitigated or seen.is_resolved,
        (_on("choose", "mark_mitigated", "enter"), CLOSE, _on("incident", "marks", "m"), TO_INCIDENT),
    ),
    Step(
        "resolved",
        lambda seen: seen.is_resolved,
        (
            _on("choose", "mark_resolved", "enter"),
            _on("confirm", "resolve_anyway", "enter"),
            CLOSE,
            _on("incident", "marks_again", "m"),
            TO_INCIDENT,
        ),
    ),
)
COUNT = len(STEPS) + 1
"""With the postmortem, which is written by itself."""


def guide(seen: Seen, first: int = 0) -> tuple[int, Hint | None]:
    """The place (from 0) of the first step from `first` on that is not over, and its hint; None behind the last."""
    for place, step in enumerate(STEPS[first:], first):
        if not step.done(seen):
            paused = Hint("paused", "p", lambda seen: seen.is_paused)
            hints = (paused, BUSY, *step.hints) if not seen.is_question else step.hints
            return place, next((hint for hint in hints if hint.when(seen)), TO_BOARD)
    return len(STEPS), None
