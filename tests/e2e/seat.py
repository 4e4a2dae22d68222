"""A responder at a real terminal: what is pressed waits for what it must bring about."""

from __future__ import annotations

import os
import re
import signal
import time
from typing import TYPE_CHECKING

from incidents.journal import open_journal
from incidents.settings import JournalSettings
from tests import waiting
from tests.terminal import PROGRAM, Terminal

if TYPE_CHECKING:
    from pathlib import Path

    from incidents.events.run import Run
    from tests.e2e.stack import Stack

LONG = 60
"""Seconds that a busy machine may take for one screen."""


def configuration(stack: Stack, folder: Path) -> Path:
    """The stack's, with a journal and runs of the test's own; two workers answer within half a second."""
    from pathlib import Path

    text = Path(stack.told["config"]).read_text(encoding="utf-8")
    text = text.replace(f"{stack.folder}/journal.db", f"{folder}/journal.db")
    text = text.replace(f'folder = "{stack.folder}/runs"', f'folder = "{folder}/runs"')
    text = text.replace("[signals.celery]", "[signals.celery]\nreply_wait_s = 0.7")
    file = folder / "warroom.toml"
    file.write_text(text, encoding="utf-8")
    return file


def journaled_runs(folder: Path) -> list[Run]:
    """What the journal has of runs, the first one first."""
    journal = open_journal(JournalSettings.model_validate({"url": f"sqlite:///{folder}/journal.db"}))
    try:
        return [run for _, run in reversed(journal.runs())]
    finally:
        journal.close()


class Seat:
    """One who presses keys and reads the screen; exported files go into the folder of `config`.

    `ready` stands on the board once there is something to look at.
    """

    def __init__(
        self, config: Path, size: tuple[int, int] = (100, 34), ready: str = "Release & schema "
    ) -> None:
        folder = config.parent
        command = [PROGRAM, "--config", str(config)]
        self.terminal = Terminal(command, *size, cwd=folder, WARROOM_LOG=str(folder / "log"))
        self.see(ready)

    def see(self, *texts: str, seconds: float = LONG) -> str:
        """Until one of them is there; which one."""
        deadline = waiting.deadline(seconds)
        while True:
            shown = next((text for text in texts if text in self.terminal.screen), None)
            if shown is not None:
                return shown
            assert time.monotonic() < deadline, f"{texts} not on the screen:\n{self.terminal.screen}"
            self.terminal.read(0.1, first_only=True)

    def press(self, keys: str, *then: str) -> str:
        self.terminal.press(keys)
        return self.see(*then)

    def carry_out(self, typed: str = "", end: str = "done and verified") -> None:
        """Confirm the plan that is being made, and see its run's end."""
        self.see("looked just now")
        self.terminal.read(0.7)  # a key before anybody can have read it counts for nothing
        if typed:
            self.press(typed, f"to go on: {typed}")
        self.terminal.press("\r")
        if end:
            self.see(end)

    def run(self, action: str, typed: str = "", given: str = "") -> None:
        """An action from the palette, with its parameters as they stand there but for the first that is empty."""
        self.press(":", "type a command")
        self.press(action, f"do {action}")
        self.press("\r", f"{action}: ")
        self.terminal.press(f"{given}\r")
        self.carry_out(typed)
        self.terminal.press("\x1b")
        self.terminal.wait_gone("done and verified", LONG)

    def choose_panel(self, title: str) -> None:
        """The cursor of the board goes there."""
        line = re.compile(rf"^▶. {title}", re.MULTILINE)
        for _ in range(10):
            if line.search(self.terminal.screen):
                return
            self.terminal.press("\x1b[B")
            self.terminal.read(0.4)
        raise AssertionError(self.terminal.screen)

    # An incident's checklist

    def open_runbook(self, runbook: str) -> None:
        """`r` on the panel under the cursor, the runbook by its number, a new incident as its IC."""
        self.press("r", "Which runbook")
        self.choose_runbook(runbook)
        self.see("in a new incident")
        self.press("1\r", "Enter opens it")
        self.press("\r", "Phase 1")

    def choose_runbook(self, runbook: str) -> None:
        """By its number in the list that is shown."""
        self.see(f"({runbook})")
        match = re.search(rf"^.(\d) .*\({runbook}\)", self.terminal.screen, re.MULTILINE)
        assert match is not None, self.terminal.screen
        self.terminal.press(f"{match[1]}\r")

    def stand(self, step: str) -> None:
        """Until the cursor stands on the step (or on `‖`, a pause point)."""
        deadline = waiting.deadline(LONG)
        line = re.compile(rf"^›.{{0,3}}{re.escape(step)} ?", re.MULTILINE)
        while not line.search(self.terminal.screen):
            assert time.monotonic() < deadline, f"the cursor is not at {step}:\n{self.terminal.screen}"
            self.terminal.read(0.1, first_only=True)
        self.terminal.read(0.8)  # a Space so soon after the cursor went on was meant for the step before

    def tick(self, *steps: str) -> None:
        """Done by hand, one after the other; the cursor goes on by itself."""
        for step in steps:
            self.stand(step)
            self.press(" ", f"{step} is done")

    def pause(self, phase: str) -> None:
        """The IC confirms the pause point under the cursor."""
        self.stand("‖")
        done = f"pause point after '{phase}"
        if self.press(" ", done, "Go on anyway?") == "Go on anyway?":
            self.press("\r", done)

    def skip(self, step: str, reason: str) -> None:
        self.stand(step)
        self.press("s", ": why?")
        if self.press(f"{reason}\r", f"{step} is skipped", "Go on anyway?") == "Go on anyway?":
            self.press("\r", f"{step} is skipped")

    def skip_phase(self, reason: str, phase: str) -> None:
        """What is open of the phase under the cursor, for one reason."""
        self.terminal.read(0.8)
        self.press("S", f"steps of '{phase}")
        if self.press(f"{reason}\r", "are skipped", "Go on anyway?") == "Go on anyway?":
            self.press("\r", "are skipped")

    def act(self, step: str, end: str = "done and verified") -> None:
        """The step's button, for an action that asks for nothing more; ends at the checklist."""
        self.stand(step)
        self.terminal.press("a")
        self.see(end)
        self.back()

    def back(self) -> None:
        """From a run to the checklist."""
        self.press("\x1b", "Phase ")

    def quit(self) -> None:
        self.terminal.press("g")
        self.terminal.read(0.3)
        self.terminal.press("q")
        assert self.terminal.wait_end(LONG) == 0

    def kill(self) -> None:
        """The program alone: what it started is not told."""
        os.kill(self.terminal.pid, signal.SIGKILL)
        os.waitpid(self.terminal.pid, 0)
