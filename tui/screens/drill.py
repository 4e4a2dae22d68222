"""A drill as its master sees it: time line, checks, expectations as judged now; keys inject, pause, hint, note and end it.

Leaving the screen ends nothing. What this screen shows would give the answer away: it is only where the drill is conducted from.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from core.errors import WarroomError
from core.message import say
from tui.screens.choose import Choose
from tui.screens.confirm import Confirm
from tui.screens.form import Field, Form
from tui.screens.scrolled import Scrolled
from tui.screens.submit import ask

if TYPE_CHECKING:
    from rich.text import Text

    from core.message import Message
    from drills.faults.model import Fault
    from drills.state import Inject
    from tui.drills.master import DrillMaster
    from tui.face import Face
    from tui.keymap import Key

STEERING = ("inject", "hold", "hint", "note", "abort")
"""What can only be done while it goes on."""


class DrillScreen(Scrolled):
    """More lines than there is room for scroll."""

    page = "drill"

    @property
    def master(self) -> DrillMaster:
        """Who conducts."""
        return self.face.drill_master

    def on_unmount(self) -> None:
        """What came of it was seen."""
        self.master.is_news = self.master.is_playing

    def body(self, width: int, height: int, now: float) -> list[Text]:
        """From the line that was scrolled to."""
        from tui.drills.draw import Look, draw_drill

        face, master = self.face, self.master
        standing = master.standing()
        if standing is None:
            return []
        look = Look(face.words, width, height, face.ascii_only)
        lines = draw_drill(standing, look, now)
        if master.starts_sandbox:
            lines += look.wrapped(face.words.text("drill.sandbox_starts"), "quiet")
        return self.window(lines, height)

    def own_keys(self) -> tuple[Key, ...]:
        """Nothing is steered any more once it is over."""
        keys = super().own_keys()
        return keys if self.master.is_playing else tuple(key for key in keys if key.action not in STEERING)

    def action_scroll(self, step: int) -> None:
        """Further down or up, by lines."""
        self._top = max(0, self._top + step)
        self.repaint()

    def action_hold(self) -> None:
        """Let the drill's clock stand still, or go on."""
        from drills.state import Pause, Resume

        state = self.master.state
        if self._can_steer() and state is not None:
            self.master.order(Resume() if state.phase == "paused" else Pause())

    def action_inject(self) -> None:
        """Break something beside the time line."""
        if self._can_steer():
            self.face.incidents.run(self._inject())

    def action_hint(self) -> None:
        """Give the responders a hint."""
        if self._can_steer():
            self.face.incidents.run(self._hint())

    def action_note(self) -> None:
        """Write something down for the report."""
        if self._can_steer():
            self.face.incidents.run(self._note())

    def action_abort(self) -> None:
        """End it now."""
        if self.master.is_playing:
            self.face.incidents.run(self._abort())

    def _can_steer(self) -> bool:
        """Before the first fault there is nothing to steer; the notice says so."""
        state = self.master.state
        if self.master.is_playing and state is not None and state.phase in ("running", "paused"):
            return True
        if self.master.is_playing:
            self.face.incidents.notify(say("drill_master.not_yet"))
        return False

    async def _inject(self) -> Message | None:
        from drills.faults.registry import faults

        words = self.face.words
        known = [fault for fault in faults().values() if "sandbox" in fault.where]
        lines = [f"{fault.id}  {words.text(f'faults.{fault.id}')}" for fault in known]
        place = await ask(self.face, Choose(words.text("drill_master.which_fault"), lines))
        if place is None:
            return None
        fault = known[place]
        form = _fault_form(self.face, fault)
        given = await ask(self.face, form)
        if given is None:
            return None
        self.master.order(_injection(fault, given))
        return say("drill_master.injecting", fault=fault.id)

    async def _hint(self) -> Message | None:
        from drills.score import HINT_COST
        from drills.state import Hint

        words, state = self.face.words, self.master.state
        if state is None:
            return None
        passed = {result.id for result in state.oracles if result.passed}
        left = [spec for spec in state.scenario.oracles if spec.hint is not None and spec.id not in passed]
        if not state.incident or not left:
            return say("drill_master.no_incident" if not state.incident else "drill_master.no_hint")
        lines = [spec.hint.of(words.code) for spec in left if spec.hint is not None]
        title = words.text("drill_master.which_hint", cost=HINT_COST)
        place = await ask(self.face, Choose(title, lines))
        if place is not None:
            self.master.order(Hint(left[place].id))
        return None

    async def _note(self) -> Message | None:
        from drills.state import Note

        words = self.face.words
        given = await ask(
            self.face, Form(words.text("drill_master.note"), [Field(words.text("drill_master.note_text"))])
        )
        if given is not None:
            self.master.order(Note(given[0]))
        return None

    async def _abort(self) -> Message | None:
        from drills.state import Abort

        words = self.face.words
        field = Field(words.text("drill_master.why"), needed=False)
        remarks = [words.text("drill_master.plan_lifted")]
        given = await ask(self.face, Form(words.text("drill_master.abort"), [field], remarks))
        if given is None:
            return None
        self.master.order(Abort(given[0]))
        return say("drill_master.lifting")


async def leave_drill(face: Face) -> Message | None:
    """Quitting ends the drill first: everything is lifted, then the program is left."""
    from drills.state import Abort

    words, master = face.words, face.drill_master
    remarks = [words.text("drill_master.plan_lifted")]
    if await ask(face, Confirm(words.text("drill_master.quit"), remarks)) is None:
        return None
    master.is_left = True
    master.order(Abort())
    face.incidents.notify(say("drill_master.lifting"))
    await master.wait_over()
    face.exit()
    return None


def _fault_form(face: Face, fault: Fault) -> Form:
    from actions.parameters import asked_parameters

    words = face.words
    fields = [Field(words.text("drill_master.lasts"), f"{fault.default_s:g}s")]
    fields += [
        Field(
            each.name,
            each.default or (each.choices[0] if each.choices else ""),
            each.choices,
            needed=each.is_required,
        )
        for each in asked_parameters(fault.parameters)
    ]
    return Form(
        words.text(f"faults.{fault.id}"),
        fields,
        [words.text(f"faults.{fault.id}-why")],
        check=partial(_wrong, fault),
    )


def _injection(fault: Fault, given: tuple[str, ...]) -> Inject:
    """Raises `WarroomError` for what the fault does not take."""
    from actions.parameters import asked_parameters, read_parameters
    from drills.faults.model import Lasting
    from drills.state import Inject

    names = [each.name for each in asked_parameters(fault.parameters)]
    params = {name: value for name, value in zip(names, given[1:], strict=True) if value}
    read_parameters(fault.parameters, params)
    return Inject(fault.id, params, read_parameters(Lasting, {"for": given[0]}).for_s)


def _wrong(fault: Fault, given: tuple[str, ...]) -> Message | None:
    try:
        _injection(fault, given)
    except WarroomError as error:
        return error.message
    return None
