"""What a command that runs something has in front of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from actions.runner.request import RunSettings
    from incidents.journal import Journal
    from response.identity import Identity
    from tui.cli.command import Invocation


@dataclass(frozen=True, slots=True)
class Desk:
    """The journal, the settings, the person, and where to print."""

    journal: Journal
    settings: RunSettings
    identity: Identity
    invocation: Invocation
