"""What actions need of the configuration, and who is at the keyboard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from actions.runner.request import RunSettings
from incidents.journal.errors import JournalAway
from response.identity import Identity, login_name, read_identity
from tui.config.secrets import collect_secrets

if TYPE_CHECKING:
    from incidents.journal import Journal
    from tui.cli.command import Invocation
    from tui.config.model import Config


@dataclass(frozen=True, slots=True)
class Desk:
    """What whoever runs something has in front of them."""

    journal: Journal
    settings: RunSettings
    identity: Identity
    invocation: Invocation


def run_settings(config: Config) -> RunSettings:
    """The sections that planning and running need."""
    return RunSettings(
        service=config.service.name,
        environment=config.service.environment,
        signals=config.signals,
        actions=config.actions,
        releases=config.releases,
        journal=config.journal,
        secrets=tuple(sorted(collect_secrets(config))),
    )


def who(journal: Journal) -> Identity:
    """The person; proven by nothing while only the team's journal could say it."""
    try:
        return read_identity(journal)
    except JournalAway:
        return Identity(actor=login_name(), proven="")
