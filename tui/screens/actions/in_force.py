"""What is in force: since when, by whom, until when, whether it really is; to be taken back, or kept for longer."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from rich.text import Text

from core.message import say
from core.times import parse_duration
from response.decision import Refused
from tui.actions.draw.fold import fold
from tui.actions.draw.in_force import effect_lines, keeper_line
from tui.actions.duration import lasts_s
from tui.actions.intent import Intent, undo_intent
from tui.screens.actions.run import RunScreen
from tui.screens.form import Field, Form
from tui.screens.page import Page
from tui.screens.submit import ask
from tui.widgets.lines import scroll_to

if TYPE_CHECKING:
    from uuid import UUID

    from core.message import Message
    from response.in_force import InForce
    from tui.actions.context import RunContext

DEFAULT_EXTENSION = "2h"


class InForceScreen(Page):
    """The cursor stays with its effect when others come and go."""

    page = "in_force"

    def __init__(self) -> None:
        super().__init__()
        self._chosen: UUID | None = None
        self._top = 0

    @property
    def runs(self) -> RunContext:
        """What is known of runs."""
        return self.face.runs

    def on_mount(self) -> None:
        """Whoever looks wants to know how it is now."""
        self.runs.check()

    def body(self, width: int, height: int, now: float) -> list[Text]:
        """What keeps it, then one after the other, the newest first."""
        words, state = self.face.words, self.runs.state
        title = Text(f" {words.text('act.title_in_force', count=len(state.effects))}   ", "title")
        top, *more = fold(title.append_text(keeper_line(state, words, now)), width - 1)
        head = [top, *(Text(" ").append_text(part) for part in more)]
        if state.problem is not None:
            head.append(Text(f" {words.say(state.problem)}", "burning"))
        if not state.effects:
            key = "act.nothing_in_force" if state.at and state.problem is None else "act.not_known_yet"
            return [*head, Text(f"   {words.text(key)}", "" if state.at else "unknown")]
        lines: list[Text] = []
        first = after = 0
        chosen = self.chosen()
        for effect in state.effects:
            if effect is chosen:
                first = len(lines)
            lines += self._effect(effect, width, now, chosen=effect is chosen)
            if effect is chosen:
                after = len(lines)
        room = max(1, height - len(head))
        self._top = scroll_to(self._top, first, after, room, len(lines))
        return [*head, *lines[self._top : self._top + room]]

    def _effect(self, effect: InForce, width: int, now: float, *, chosen: bool) -> list[Text]:
        pointer = "›" if chosen else " "
        first, *more = effect_lines(effect, self.runs.state, self.face.words, width - 2, now, chosen=chosen)
        return [Text.assemble((pointer, "cursor"), first), *(Text.assemble(" ", line) for line in more)]

    def chosen(self) -> InForce | None:
        """The one under the cursor."""
        effects = self.runs.state.effects
        return next(
            (each for each in effects if each.run.id == self._chosen), effects[0] if effects else None
        )

    def action_move(self, step: int) -> None:
        """The next one."""
        effects, chosen = self.runs.state.effects, self.chosen()
        if chosen is not None:
            at = max(0, min(effects.index(chosen) + step, len(effects) - 1))
            self._chosen = effects[at].run.id
            self.repaint()

    def action_open_run(self) -> None:
        """The run that did it."""
        if (chosen := self.chosen()) is not None:
            self.face.push_screen(RunScreen(chosen.run.id))

    def action_verify(self) -> None:
        """Look now."""
        self.runs.check()
        self.face.incidents.notify(say("act.looking"))

    def action_undo_run(self) -> None:
        """The plan of what takes it back."""
        from response.runs import undo_call

        if (chosen := self.chosen()) is None:
            return
        call = undo_call(chosen.run)
        if isinstance(call, Refused):
            self.face.incidents.notify(call.message)
            return
        self.face.propose(undo_intent(chosen.run, call))

    def action_extend(self) -> None:
        """For how long from now on, is asked; what ends by itself is planned anew instead."""
        if (chosen := self.chosen()) is None:
            return
        if chosen.ends_by_itself:
            run = chosen.run
            self.face.propose(
                Intent(action=run.action, params=dict(run.params), incident=run.planned.incident)
            )
            return
        self.face.incidents.run(self._extend(chosen))

    async def _extend(self, effect: InForce) -> Message | None:
        from response.in_force import extend

        words = self.face.words
        field = Field(words.text("act.field_longer"), DEFAULT_EXTENSION)
        title = words.text("act.ask_longer", run=effect.label, action=effect.run.action)
        typed = await ask(self.face, Form(title, [field], check=_no_duration))
        if typed is None:
            return None
        until = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=parse_duration(typed[0]))
        settings, identity = self.runs.configured(), await self.runs.identity()
        refused = await self.runs.ask(
            lambda journal: extend(journal, settings, effect.run.id, identity, until)
        )
        if refused is not None:
            return refused.message
        return say("run.extended", run=effect.label, until=f"{until:%m-%d %H:%MZ}")


def _no_duration(typed: tuple[str, ...]) -> Message | None:
    from actions.errors import BadParameter

    try:
        lasts_s(typed[0])
    except BadParameter as error:
        return error.message
    return None
