"""When the person last looked: keys that follow each other closely are one look, a rest ends it."""

from __future__ import annotations

from dataclasses import dataclass

REST_S = 60.0
"""Nobody reads a screen for longer without touching a key, or need not be told again what is new on it."""


@dataclass(frozen=True, slots=True)
class Looking:
    """`last` is the last key, `since` the last one of the look before (Unix seconds)."""

    last: float
    since: float

    def touched(self, now: float) -> Looking:
        """A key was pressed."""
        return Looking(now, self.seen(now))

    def seen(self, now: float) -> float:
        """What is newer than this was not there when the person looked last."""
        return self.last if now - self.last > REST_S else self.since
