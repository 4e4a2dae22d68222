"""When the person last looked at the screen: what is newer is marked as new, and a notice stays until a key says it was read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.message import Message

IDLE_S = 60.0
"""Keys closer together than this belong to one look: nobody reads a screen for longer without touching a key."""
READ_S = 1.0
"""A key within this of a notice was meant for what stood there before."""


@dataclass(frozen=True, slots=True)
class Activity:
    """`last_key` is the last key, `look_before` the last one of the look before (Unix seconds)."""

    last_key: float
    look_before: float

    def with_key(self, now: float) -> Activity:
        """A key was pressed."""
        return Activity(now, self.last_look(now))

    def last_look(self, now: float) -> float:
        """What is newer than this was not there when the person looked last."""
        return self.last_key if now - self.last_key > IDLE_S else self.look_before


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to say at the foot of every screen, and since when it stands there."""

    message: Message
    at: float

    def read_by(self, now: float) -> bool:
        """Whether a key at `now` says that it was read."""
        return now - self.at > READ_S
