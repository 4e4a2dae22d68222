"""Until when runs are in force, for what is printed about an incident."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from incidents.journal.errors import JournalError
from incidents.report.describe import short_time
from response.in_force import in_force
from tui.config.runs import run_settings

if TYPE_CHECKING:
    from incidents.journal import Journal
    from tui.config.model import Config


def in_force_until(journal: Journal, config: Config) -> dict[str, str] | None:
    """By the ids of the runs; None where nobody can say it now."""
    try:
        effects = in_force(journal, run_settings(config), dt.datetime.now(dt.UTC))
    except JournalError:
        return None
    return {str(effect.run.id): short_time(effect.until) for effect in effects}
