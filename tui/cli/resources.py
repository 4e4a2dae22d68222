"""The journal that one call of the program works with; without a configuration file it is the user's own."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from core.errors import ConfigError
from core.message import say
from incidents.journal import open_journal
from tui.config.load import Config
from tui.runtime.log import open_log

if TYPE_CHECKING:
    from collections.abc import Iterator

    from incidents.journal import Journal
    from tui.cli.command import Invocation


def config_or_default(invocation: Invocation) -> Config:
    """The configuration; where there is no file at all, its defaults. A file that is wrong is an error."""
    try:
        return invocation.config()
    except ConfigError as error:
        if error.message.key == "config.none_found":
            return Config()
        raise


@contextmanager
def journal_of(
    invocation: Invocation, config: Config | None = None, *, read_only: bool = False
) -> Iterator[Journal]:
    """The journal, opened; says afterwards on standard error when events wait in the spool."""
    open_log()  # what the journal says of its troubles belongs there, not between the facts
    settings = (config or config_or_default(invocation)).journal
    journal = open_journal(settings, read_only=read_only)
    try:
        yield journal
        waiting = journal.spooled()
        if journal.away is not None and waiting:
            invocation.remark(say("journal.spooling", detail=journal.away, count=waiting))
    finally:
        journal.close()
