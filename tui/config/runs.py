"""What planning and running need of the configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.runner.request import RunSettings
from tui.config.secrets import collect_secrets

if TYPE_CHECKING:
    from tui.config.model import Config


def run_settings(config: Config) -> RunSettings:
    """The sections that planning and running need."""
    return RunSettings(
        service=config.service.name,
        environment=config.service.environment,
        allow_chaos=config.drills.allow_chaos,
        signals=config.signals,
        actions=config.actions,
        releases=config.releases,
        journal=config.journal,
        secrets=tuple(sorted(collect_secrets(config))),
    )
