"""Rounds over what is in force: by `warroom keep` in the foreground, by `warroom worker` beside its work."""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING

from actions.runner.keeper import ROUND_S, sign
from core.errors import WarroomError
from core.message import say
from response.in_force import keep_round
from tui.actions.identity import who
from tui.cli.resources import open_configured_journal
from tui.config.runs import run_settings
from tui.runtime.exit import report_crash

if TYPE_CHECKING:
    from incidents.journal import Journal
    from tui.cli.command import Invocation
    from tui.config.model import Config


def keep_in_force(invocation: Invocation, config: Config, *, once: bool = False) -> None:
    """Go round for ever, whatever fails; with `once` a single time, which raises what fails."""
    with open_configured_journal(invocation, config) as journal:
        while not once:
            _try_round(journal, invocation, config)
            time.sleep(ROUND_S)
        _round(journal, invocation, config)


def _try_round(journal: Journal, invocation: Invocation, config: Config) -> None:
    try:
        _round(journal, invocation, config)
    except WarroomError as error:
        invocation.print_notice(error.message)
    except Exception as error:  # noqa: BLE001  # logged and said: what is in force is kept by nobody else
        key, values = report_crash(error)
        invocation.print_notice(say(key, **values))


def _round(journal: Journal, invocation: Invocation, config: Config) -> None:
    own = config.actions.model_copy(update={"executor": "local"})  # who keeps does it
    settings = run_settings(config).model_copy(update={"actions": own})
    made = keep_round(journal, settings, who(journal), dt.datetime.now(dt.UTC))
    for message in made.changes:
        invocation.print_line(invocation.words.say(message))
    sign(settings.actions, made.not_kept)
