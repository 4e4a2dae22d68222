"""Who is at the keyboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from incidents.journal.errors import JournalAway
from response.identity import Identity, login_name, read_identity

if TYPE_CHECKING:
    from incidents.journal import Journal


def who(journal: Journal) -> Identity:
    """The person; proven by nothing while only the team's journal could say it."""
    try:
        return read_identity(journal)
    except JournalAway:
        return Identity(actor=login_name(), proven="")
