"""Who is at the keyboard, and what they have in front of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from incidents.journal.errors import JournalAway
from response.identity import Identity, login_name, read_identity

if TYPE_CHECKING:
    from actions.runner.request import RunSettings
    from incidents.journal import Journal
    from tui.cli.command import Invocation


@dataclass(frozen=True, slots=True)
class Desk:
    """What whoever runs something has in front of them."""

    journal: Journal
    settings: RunSettings
    identity: Identity
    invocation: Invocation


def who(journal: Journal) -> Identity:
    """The person; proven by nothing while only the team's journal could say it."""
    try:
        return read_identity(journal)
    except JournalAway:
        return Identity(actor=login_name(), proven="")
