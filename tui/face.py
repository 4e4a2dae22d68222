"""What a screen may ask of the App: what it knows, and what Textual's App does for those that are no widgets.

Screens know this, never `tui.app`, which names them all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from rich.text import Text
    from textual.message import Message as UiMessage
    from textual.screen import Screen

    from core.message import Message
    from panels.changes import ChangeLog
    from panels.costs.settings import CostsSettings
    from panels.state import PanelState
    from tui.actions.context import RunContext
    from tui.actions.intent import Intent
    from tui.activity import Activity
    from tui.drills.master import DrillMaster
    from tui.feeds.signals import SignalsThread
    from tui.filter import Filter
    from tui.i18n import Language, LanguageCode
    from tui.incident.context import IncidentContext
    from tui.runtime.keys import InputQueue
    from tui.theme import ThemeName

R = TypeVar("R")


class Face(Protocol):
    """The program on screen, as its screens see it. `tui.app.Warroom` is the only one."""

    words: Language
    ascii_only: bool
    service: str
    paused: bool
    states: dict[str, PanelState]
    order: tuple[str, ...]
    nothing_asked: bool
    chosen: str
    panel_filter: Filter
    chart_span_s: float
    change_log: ChangeLog
    activity: Activity
    signals_thread: SignalsThread | None
    incidents: IncidentContext
    input_queue: InputQueue
    runs: RunContext
    costs: CostsSettings | None
    drill_master: DrillMaster

    @property
    def notice(self) -> Message | None: ...

    @notice.setter
    def notice(self, message: Message | None) -> None: ...

    @property
    def is_drill(self) -> bool: ...

    def tour_line(self, width: int) -> Text | None: ...

    def repaint(self) -> None: ...

    def by_attention(self) -> list[PanelState]: ...

    def panels_shown(self) -> list[PanelState]: ...

    def under_cursor(self) -> PanelState | None: ...

    def move_cursor(self, step: int) -> None: ...

    def choose_number(self, number: int) -> None: ...

    def open_runbook_for(self, alert_name: str | None, panel_id: str | None) -> None: ...

    def propose(self, intent: Intent) -> None: ...

    def action_actions(self) -> None: ...

    def apply_theme(self, name: ThemeName) -> None: ...

    def set_language(self, code: LanguageCode) -> None: ...

    def action_open(self, name: str) -> None: ...

    def action_board(self) -> None: ...

    # Textual's own.

    @property
    def screen(self) -> Screen[Any]: ...

    @property
    def screen_stack(self) -> Sequence[Screen[Any]]: ...

    def push_screen(
        self, screen: Screen[R], callback: Callable[[R | None], None] | None = None
    ) -> object: ...

    def pop_screen(self) -> object: ...

    def post_message(self, message: UiMessage) -> bool: ...

    def run_worker(
        self,
        work: Coroutine[Any, Any, None] | Callable[[], None],
        *,
        group: str,
        exclusive: bool = False,
        thread: bool = False,
    ) -> object: ...

    def set_interval(self, interval: float, callback: Callable[[], None]) -> object: ...

    def run_action(self, action: str, default_namespace: Screen[Any]) -> Coroutine[Any, Any, bool]: ...

    def copy_to_clipboard(self, text: str) -> None: ...

    def exit(self) -> None: ...
