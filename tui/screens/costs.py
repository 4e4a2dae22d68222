"""The cost desk: the month against its budget and the rule's word, where the money goes, and four levers to try.

Turning an assumption asks nobody: what was measured is there. Pulling a lever is the same plan, question and run as from any
other screen.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from rich.text import Text
from textual import work

from core.errors import ConfigError
from core.message import say
from tui.screens.form import Field, Form
from tui.screens.scrolled import Scrolled
from tui.screens.submit import ask

if TYPE_CHECKING:
    from core.message import Message
    from panels.costs.levers import Knob, LeverOutcome
    from panels.costs.report import CostReport
    from panels.costs.settings import Levers
    from response.offers import Offer
    from tui.actions.pull import Way

EVERY_S = 60.0
AGAIN_S = 3.0
"""After a question that nobody could answer yet."""


class CostsScreen(Scrolled):
    """The cursor is on a lever; what stands above them scrolls."""

    page = "costs"

    def __init__(self) -> None:
        super().__init__()
        self.report: CostReport | None = None
        self._levers: Levers | None = None
        self._catalogue: tuple[Offer, ...] | None = None
        self._chosen = 0
        self._next_at = 0.0
        self._asking = False

    def on_mount(self) -> None:
        """Ask now, and again every minute."""
        self.set_interval(1.0, self._follow)
        self._follow()

    def body(self, width: int, height: int, now: float) -> list[Text]:  # noqa: ARG002  # the shape of every screen
        """The month in the room that the levers leave; it scrolls where that is too little."""
        from panels.draw.costs import draw_month
        from panels.draw.levers import draw_levers
        from panels.draw.text import wrap_to_width

        words, face = self.face.words, self.face
        costs = face.costs
        if costs is not None and not costs.is_known:
            text = words.text("costs.not_configured")
            return [Text(f"   {part}", "unknown") for part in wrap_to_width(text, max(8, width - 4))]
        if self.report is None:
            return [Text(f"   {words.text('costs.asking')}", "quiet")]
        outcomes = self.outcomes()
        way_texts = {name: each.text for name, each in self._ways(outcomes).items()}
        look = {"chosen": self._chosen, "ascii_only": face.ascii_only}
        levers = draw_levers(outcomes, way_texts, words.say, width, **look)  # type: ignore[arg-type]  # one for each
        room = max(4, height - len(levers))
        month = draw_month(self.report, words.say, width, room, ascii_only=face.ascii_only)
        return [*self.window(month, room), *levers]

    def outcomes(self) -> tuple[LeverOutcome, ...]:
        """The levers with the assumptions as they stand now."""
        from panels.costs.levers import what_if

        report = self.report
        if report is None:
            return ()
        if self._levers is None:
            return report.levers
        projection = None if report.seen.is_short else report.projection
        return what_if(self._levers, report.traffic, projection)

    def action_move(self, step: int) -> None:
        """The next lever."""
        outcomes = self.outcomes()
        if outcomes:
            self._chosen = (self._chosen + step) % len(outcomes)
        self.repaint()

    def action_scroll(self, step: int) -> None:
        """What stands above the levers, further down or up."""
        self._top = max(0, self._top + step * max(1, self.size.height // 3))
        self.repaint()

    def action_runbook(self) -> None:
        """The runbook of the panel that has the budget."""
        self.face.open_runbook_for(None, self._panel())

    def action_turn(self) -> None:
        """Other assumptions of the lever under the cursor."""
        outcome = self._here()
        if outcome is not None:
            self.face.incidents.run(self._turn(outcome))

    def action_pull(self) -> None:
        """The plan of the action that pulls the lever under the cursor; where there is none, why."""
        from tui.screens.actions.start import propose

        outcome = self._here()
        if outcome is None:
            return
        way = self._ways([outcome]).get(outcome.id)
        if way is None:
            self.face.notice = say("act.not_known_yet")
        elif way.is_open:
            propose(self.face, outcome.action, outcome.parameters)
        else:
            self.face.notice = way.text
        self.repaint()

    async def _turn(self, outcome: LeverOutcome) -> Message | None:
        from panels.draw.levers import knob_label

        words = self.face.words
        lever = words.text(f"costs.lever_{outcome.id}")
        fields = [
            Field(
                words.say(knob_label(outcome.id, knob.name)),
                _typed(knob),
                needed=isinstance(knob.value, float),
            )
            for knob in outcome.knobs
        ]
        form = Form(words.text("costs.edit_title", lever=lever), fields, check=partial(self._wrong, outcome))
        values = await ask(self.face, form)
        if values is not None:
            self._levers = self._turned(outcome, values)
            self.repaint()
        return None

    def _wrong(self, outcome: LeverOutcome, values: tuple[str, ...]) -> Message | None:
        try:
            self._turned(outcome, values)
        except ConfigError as error:
            return error.message
        return None

    def _turned(self, outcome: LeverOutcome, values: tuple[str, ...]) -> Levers:
        """Raises `ConfigError`."""
        from panels.costs.levers import turned
        from panels.costs.settings import Levers

        costs = self.face.costs
        levers = self._levers or (costs.levers if costs is not None else Levers())
        names = (f"{outcome.id}.{knob.name}" for knob in outcome.knobs)
        return turned(levers, dict(zip(names, values, strict=True)))

    def _here(self) -> LeverOutcome | None:
        outcomes = self.outcomes()
        return outcomes[self._chosen] if outcomes else None

    def _ways(self, outcomes: tuple[LeverOutcome, ...] | list[LeverOutcome]) -> dict[str, Way]:
        """What pulls them, once the catalogue of actions is read."""
        settings = self.face.runs.settings
        if settings is None or self._catalogue is None:
            return {}
        from tui.actions.pull import way

        switches = settings.actions.switches
        return {outcome.id: way(outcome, self._catalogue, switches) for outcome in outcomes}

    def _panel(self) -> str | None:
        thread = self.face.signals_thread
        specs = thread.specs.values() if thread is not None else ()
        return next((spec.id for spec in specs if spec.budget is not None), None)

    def _follow(self) -> None:
        """Ask when it is time, unless nothing shall move."""
        if not self._asking and time.monotonic() >= self._next_at and not (self.face.paused and self.report):
            self._ask()

    @work(exclusive=True)
    async def _ask(self) -> None:
        from panels.costs.ask import ask_costs

        costs, thread = self.face.costs, self.face.signals_thread
        if costs is None or thread is None or not costs.is_known:
            return
        self._asking = True
        try:
            report = await thread.ask(lambda sources: ask_costs(costs, sources, time.time()))
            if self._catalogue is None and self.face.runs.settings is not None:
                self._catalogue = await self.face.runs.catalogue()
        finally:
            self._asking = False
            self._next_at = time.monotonic() + AGAIN_S
        if report is not None:
            self.report = report
            unanswered = report.projection is None
            self._next_at = time.monotonic() + (AGAIN_S if unanswered or self._catalogue is None else EVERY_S)
        self.repaint()


def _typed(knob: Knob) -> str:
    return f"{100 * knob.value:g}%" if isinstance(knob.value, float) else knob.value
