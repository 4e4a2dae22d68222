"""How a panel and its values are called: words before they have a language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.message import say
from core.units import exactly, quantity

if TYPE_CHECKING:
    from core.message import Message
    from panels.settings import Objective, PanelSpec, QuerySpec
    from panels.state import PanelState

__all__ = ["called", "exactly", "quantity", "title", "titled"]


def title(spec: PanelSpec) -> Message:
    """The panel's name in either language."""
    return say("panels.title", en=spec.title, zh=spec.title_zh or spec.title)


def titled(state: PanelState) -> Message:
    """The panel's name, then why it stands as it does."""
    return say("panels.of_service", service=state.title, reason=state.reason)


def called(named: QuerySpec | Objective) -> Message:
    """What a query or an objective is called in either language."""
    return say("panels.title", en=named.name, zh=named.name_zh or named.name)
