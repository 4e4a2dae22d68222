"""What can go wrong with faults, each with its sentence."""

from __future__ import annotations

from core.errors import WarroomError


class NoSuchFault(WarroomError):
    """No fault of this name; the message names those there are."""


class NotInjected(WarroomError):
    """The fault could not be injected; what was there is there again."""


class NotLifted(WarroomError):
    """It is not lifted yet; the watchdog and the sandbox itself go on trying."""
