"""What the journal's thread tells the face: messages of Textual, so that they arrive in the face's own thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message as UiMessage

if TYPE_CHECKING:
    from core.message import Message
    from incidents.events.incident import Incident
    from runbooks.library import Library


@dataclass(frozen=True, slots=True)
class Seen:
    """An incident as it was last folded, under the name that people call it by."""

    label: str
    incident: Incident


@dataclass(frozen=True, slots=True)
class JournalState:
    """How the journal is: `away` says why the team's database is not used, `problem` why nothing can be done at all."""

    place: str = ""
    read_only: bool = False
    away: Message | None = None
    spooled: int = 0
    problem: Message | None = None


class IncidentChanged(UiMessage):
    """An incident has new events, one's own or another's."""

    def __init__(self, seen: Seen) -> None:
        super().__init__()
        self.seen = seen

    def can_replace(self, message: UiMessage) -> bool:
        """An older fold of the same incident is not worth drawing."""
        return isinstance(message, IncidentChanged) and message.seen.incident.id == self.seen.incident.id


class JournalTold(UiMessage):
    """The journal came, went, filled its spool or emptied it."""

    def __init__(self, state: JournalState) -> None:
        super().__init__()
        self.state = state


class LibraryRead(UiMessage):
    """The runbooks are read, in the language of the screen."""

    def __init__(self, library: Library) -> None:
        super().__init__()
        self.library = library
