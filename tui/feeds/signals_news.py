"""What the thread that asks tells the face: messages of Textual, so that they arrive in the face's own thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message as UiMessage

if TYPE_CHECKING:
    from core.message import Message
    from panels.state import PanelState
    from signals.connections.breaker import Notice
    from tui.config.load import Config


class Opened(UiMessage):
    """The configuration is read: what is operated, and the panels in their configured order."""

    def __init__(self, config: Config, order: tuple[str, ...]) -> None:
        super().__init__()
        self.config = config
        self.order = order


class PanelJudged(UiMessage):
    """A panel has news; news of the same panel replaces what still waits."""

    def __init__(self, state: PanelState) -> None:
        super().__init__()
        self.state = state

    def can_replace(self, message: UiMessage) -> bool:
        """An older state of the same panel is not worth drawing."""
        return isinstance(message, PanelJudged) and message.state.id == self.state.id


class Noticed(UiMessage):
    """Something to tell although nobody asked, such as a switch of source."""

    def __init__(self, notice: Notice) -> None:
        super().__init__()
        self.notice = notice


class Failed(UiMessage):
    """Nothing can be asked any more; the program ends with this line and exit code."""

    def __init__(self, message: Message, code: int) -> None:
        super().__init__()
        self.why = message
        self.code = code
