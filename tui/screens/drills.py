"""The list of drills, for the drill master: what can be played and how it went; Enter shows the plan, and begins it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from core.errors import WarroomError
from tui.runtime.threads import in_thread
from tui.screens.confirm import Confirm
from tui.screens.drill import DrillScreen
from tui.screens.page import Page
from tui.screens.submit import ask

if TYPE_CHECKING:
    from core.message import Message
    from drills.scenarios.model import Scenario
    from tui.drills.master import Playbook
    from tui.keymap import Key


class DrillsScreen(Page):
    """The cursor is on a scenario."""

    page = "drills"

    def __init__(self) -> None:
        super().__init__()
        self.book: Playbook | None = None
        self.problem: Message | None = None
        self._at = 0

    def on_mount(self) -> None:
        """Read scenarios and results."""
        self.face.incidents.run(self._read())

    def body(self, width: int, height: int, now: float) -> list[Text]:  # noqa: ARG002  # the shape of every screen
        """The list, and below it what the scenario under the cursor is about."""
        from tui.drills.draw import Look, draw_list

        face = self.face
        look = Look(face.words, width, height, face.ascii_only)
        if self.book is not None:
            return draw_list(self.book, self._at, look)
        if self.problem is not None:
            return look.wrapped(face.words.say(self.problem), "warn")
        return [Text(f"   {face.words.text('drill_master.reading')}", "quiet")]

    def own_keys(self) -> tuple[Key, ...]:
        """The last drill only where there was one."""
        keys, was_played = super().own_keys(), self.face.drill_master.scenario is not None
        return keys if was_played else tuple(key for key in keys if key.action != "last_drill")

    def action_move(self, step: int) -> None:
        """The next scenario."""
        count = len(self.book.library.scenarios) if self.book is not None else 0
        if count:
            self._at = (self._at + step) % count
        self.repaint()

    def action_play(self) -> None:
        """Its plan; Enter there begins it."""
        if self.book is not None and self.book.library.scenarios:
            self.face.incidents.run(self._play(self.book.library.scenarios[self._at]))

    def action_last_drill(self) -> None:
        """The drill that goes on here, or was played last."""
        if self.face.drill_master.scenario is not None:
            self.face.push_screen(DrillScreen())

    async def _read(self) -> Message | None:
        try:
            self.book = await in_thread(self.face.drill_master.read, name="read drills")
        except WarroomError as error:
            self.problem = error.message
        self.repaint()
        return None

    async def _play(self, scenario: Scenario) -> Message | None:
        from tui.drills.draw import plan_lines

        face, master = self.face, self.face.drill_master
        if master.is_playing:
            face.push_screen(DrillScreen())
            return None
        runs_here = await in_thread(master.runs_here, name="look for the sandbox")
        title = face.words.text("drill_master.plan", scenario=scenario.id)
        lines = plan_lines(scenario, face.words, runs_here=runs_here)
        if await ask(face, Confirm(title, lines)) is not None:
            master.begin(scenario)
            face.push_screen(DrillScreen())
        return None
