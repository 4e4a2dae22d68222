"""A newcomer takes the tour in a real terminal, pressing nothing but what its line names, and holds a postmortem in the end."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from tests import waiting
from tests.terminal import PROGRAM, Terminal

if TYPE_CHECKING:
    from pathlib import Path

KEYS = {"Enter": "\r", "Space": " ", "Esc": "\x1b", "F9": "\x1b[20~", "↑": "\x1b[A", "↓": "\x1b[B"}
LINE = re.compile(r"^ TOUR (\d)/8 +(.*?)(?: → (\S+))? +F9 leave *$", re.MULTILINE)
LIMIT_S = 150.0
"""The tour is made for four minutes of a person who reads."""


def test_who_presses_what_the_tour_says_ends_with_a_postmortem(tmp_path: Path) -> None:
    terminal = Terminal([PROGRAM, "sandbox"], 80, 24, cwd=tmp_path, WARROOM_ACTOR="new1")
    terminal.wait_for("→ F9", 40)  # it is offered on the first board
    terminal.press(KEYS["F9"])
    lines: list[str] = []
    pressed = ("", 0.0)
    deadline = waiting.deadline(LIMIT_S)
    while not (tmp_path / "inc-1" / "timeline.json").exists():
        assert time.monotonic() < deadline, f"{lines}\n{terminal.screen}"
        terminal.read(0.3)
        match = LINE.search(terminal.screen)
        if match is None:
            continue
        step, text, key = match.groups()
        if (line := f"{step} {text}") not in lines[-1:]:
            lines.append(line)
        # The same line again means that the key has not done its work yet, or that the line asks for it once more.
        if key and key != "F9" and (line != pressed[0] or time.monotonic() - pressed[1] > 3):
            terminal.press(KEYS.get(key, key))
            pressed = (line, time.monotonic())
    terminal.wait_for("TOUR 8/8  read inc-1/postmortem.md", 10)
    assert [line[0] for line in lines] == sorted(line[0] for line in lines), lines
    assert {line[0] for line in lines} >= set("12457"), "\n".join(lines)
    report = (tmp_path / "inc-1" / "postmortem.md").read_text()
    assert report.startswith("# DRILL INC-1")  # no statistics will count it
    assert "degrade.set" in report
    terminal.press(KEYS["F9"])
    terminal.wait_gone("TOUR")
    assert " DRILL " not in terminal.screen.splitlines()[0].replace("DRILL INC-1", "")
    terminal.press("q")
    assert terminal.wait_end(30) == 0
