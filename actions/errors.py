"""What can go wrong with an action, with the words that a person will read.

ActionError        the root
├── NoSuchAction       the id names none
├── BadParameter       a parameter is missing, unknown or not what it should be
├── PlanStale          the world is no longer what was confirmed; says what differs
├── ActionRefused      it may not be done: by the configuration, or because something blocks it
├── ActionFailed       it was begun and did not do what it should
└── Cancelled          somebody wanted it to end, or its time was over
"""

from __future__ import annotations

from core.errors import WarroomError


class ActionError(WarroomError):
    """Something is wrong with an action."""


class NoSuchAction(ActionError):
    """The id names no action."""


class BadParameter(ActionError):
    """A parameter is missing, unknown or not what it should be."""


class PlanStale(ActionError):
    """The plan that was confirmed is not the one that would run now."""


class ActionRefused(ActionError):
    """It may not be done."""


class ActionFailed(ActionError):
    """It was begun and did not do what it should; what was done until then stands in the output."""


class Cancelled(ActionError):
    """Somebody wanted it to end, or its time was over."""
