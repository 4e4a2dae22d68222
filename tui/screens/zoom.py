"""One panel on the whole screen: each of its questions over a range of one's choice, with a cursor to read values."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.text import Text
from textual import work

from tui.keymap import Key
from tui.screens.page import Page
from tui.screens.panel import panel_block

if TYPE_CHECKING:
    from panels.draw.zoom import ZoomView
    from panels.spec import PanelSpec
    from panels.state import PanelState

AGAIN_S = 2.0
"""After a question that had no answer: who has just started soon has one."""
MIN_REFRESH_S = 5.0
"""Between two questions; a longer range is asked again when a new sample of it can be there."""


class ZoomScreen(Page):
    """The panel under the cursor; up and down move to its neighbours, left and right read the chart."""

    page = "zoom"

    def __init__(self) -> None:
        super().__init__()
        self.view: ZoomView | None = None
        self._panel = ""
        self._range = 0
        self._asked_at = 0.0

    def on_mount(self) -> None:
        """Ask now, and again whenever there can be something new."""
        from panels.zoom import FIRST_RANGE

        self._range = FIRST_RANGE
        if (state := self.face.under_cursor()) is not None:
            self.face.chosen = state.id  # another that becomes the first must not take its place
        self.set_interval(1.0, self._follow)

    def on_screen_resume(self) -> None:
        """The board's cursor may stand elsewhere now."""
        self._follow()
        super().on_screen_resume()

    def body(self, width: int, height: int, now: float) -> list[Text]:
        """The panel's line, then the chart; a panel without questions of its own shows its rows with all the room."""
        from panels.draw.zoom import draw_zoom

        face = self.face
        state = face.under_cursor()
        if state is None:
            return []
        if self.view is None or self._panel != state.id:
            return panel_block(face, state, width, height, now)
        line = panel_block(face, state, width, 1, now)
        drawn = draw_zoom(self.view, face.words.say, width, height - 1, now, ascii_only=face.ascii_only)
        return [*line, *drawn, *self._below(state, width, height - 2 - len(drawn), now)]

    def _below(self, state: PanelState, width: int, height: int, now: float) -> list[Text]:
        """Where a chart has little to say, the panel's rows after a blank line."""
        from panels.draw.panel import panel_details

        face = self.face
        if height <= 0 or self.view is None or self.view.zoom is None:
            return []
        beside = self.view.zoom.warnings  # they stand at the chart already
        warnings = tuple(warning for warning in state.warnings if warning not in beside)
        rows = replace(state, charts=(), warnings=warnings)
        return [Text(), *panel_details(rows, face.words.say, width, height, now, ascii_only=face.ascii_only)]

    def own_keys(self) -> tuple[Key, ...]:
        """Where a budget is looked at, the desk is one key away."""
        spec = self._spec()
        desk = (Key("dollar_sign", "app.costs"),) if spec is not None and spec.budget is not None else ()
        return (*desk, *super().own_keys())

    def filtered(self) -> None:
        """Only the curves that are wanted, asked anew: there may be more of them than were shown."""
        self._again()

    def action_move(self, step: int) -> None:
        """The panel above or below."""
        self.face.move_cursor(step)
        self._follow()

    def action_question(self, step: int) -> None:
        """The panel's next question."""
        spec = self._spec()
        if self.view is not None and spec is not None and spec.queries:
            self._start(spec, (self._number(spec) + step) % len(spec.queries))

    def action_range(self, step: int) -> None:
        """A longer or a shorter look back."""
        from panels.zoom import RANGES

        self.look_back((self._range + step) % len(RANGES))

    def look_back(self, index: int) -> None:
        """Over one of the ranges."""
        if self.view is not None:
            self._range = index
            self._again()

    def action_read(self, columns: int) -> None:
        """Move the cursor of the chart by columns; from the right edge of the past it leaves again."""
        from panels.draw.zoom import zoom_axis

        if self.view is None:
            return
        axis = zoom_axis(self.view.stretch, time.time(), self.size.width)
        here = axis.now if self.view.cursor is None else self.view.cursor
        column = int((here - axis.start) / axis.column_s) + columns
        there = axis.at(max(0, column))
        self.view = replace(self.view, cursor=None if there > axis.now else there)
        self.repaint()

    def action_read_now(self) -> None:
        """Take the cursor away."""
        if self.view is not None:
            self.view = replace(self.view, cursor=None)
            self.repaint()

    def _spec(self) -> PanelSpec | None:
        state, thread = self.face.under_cursor(), self.face.signals_thread
        return thread.specs.get(state.id) if state is not None and thread is not None else None

    def _follow(self) -> None:
        """Start over with another panel; else ask again when it is time."""
        spec = self._spec()
        if spec is None or not spec.queries:
            self.view = None
        elif self.view is None or spec.id != self._panel:
            self._start(spec, self._number(spec))
        elif (
            not self.face.paused
            and not self.view.asking
            and time.monotonic() >= self._asked_at + self._rest()
        ):
            self._ask(spec, self.view)

    def _number(self, spec: PanelSpec) -> int:
        """Which of its questions is shown, from 0; of a panel that was not shown yet the charted one."""
        if self.view is not None and spec.id == self._panel:
            return self.view.number - 1
        names = [query.name for query in spec.queries]
        return names.index(spec.chart) if spec.chart in names else 0

    def _again(self) -> None:
        """The question that is shown, asked anew; the cursor may stand on another panel since the last look."""
        spec = self._spec()
        if spec is not None and spec.queries and self.view is not None:
            self._start(spec, self._number(spec))

    def _rest(self) -> float:
        if self.view is not None and self.view.problem is not None:
            return AGAIN_S
        return MIN_REFRESH_S if self.view is None else max(MIN_REFRESH_S, self.view.stretch.step_s)

    def _start(self, spec: PanelSpec, number: int) -> None:
        from panels.draw.zoom import ZoomView
        from panels.naming import display_name, panel_title
        from panels.zoom import RANGES

        self._panel = spec.id
        query, stretch = spec.queries[number], RANGES[self._range]
        self.view = ZoomView(
            title=panel_title(spec),
            query=display_name(query),
            number=number + 1,
            of=len(spec.queries),
            stretch=stretch,
            asking=True,
        )
        self._ask(spec, self.view)
        self.repaint()

    @work(exclusive=True)
    async def _ask(self, spec: PanelSpec, view: ZoomView) -> None:
        from core.errors import SourceError
        from panels.zoom import query_range

        thread = self.face.signals_thread
        if thread is None:
            return
        query = spec.queries[view.number - 1]
        self._asked_at = time.monotonic()
        zoom, problem = view.zoom, None
        try:
            keeps = self.filter.keeps
            answer = await thread.ask(
                lambda sources: query_range(query, view.stretch, sources.metrics, time.time(), keeps)
            )
            zoom = answer or zoom
        except SourceError as error:
            problem = error.message  # what was there before stays, under the reason
        if self.view is not None and not self.face.paused:
            self.view = replace(self.view, zoom=zoom, problem=problem, asking=False)
            self.repaint()
