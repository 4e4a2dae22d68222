"""What commands open: the configuration, the journal, the sources of metrics."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

from core.message import say
from tui.config.file import ConfigNotFound

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from incidents.journal import Journal
    from signals.settings import SignalsSettings
    from signals.sources import Sources
    from tui.cli.command import Invocation
    from tui.config.load import Config

SCRAPE_PAUSE_S = 1.0
"""Between the two scrapes that a rate needs."""


def config_or_default(invocation: Invocation) -> Config:
    """The configuration; where there is no file at all, its defaults. A file that is wrong is an error."""
    try:
        return invocation.config()
    except ConfigNotFound:
        from tui.config.load import Config

        return Config()


@contextmanager
def open_configured_journal(
    invocation: Invocation, config: Config | None = None, *, read_only: bool = False
) -> Iterator[Journal]:
    """The journal, the user's own where none is configured; says afterwards when events wait in the spool."""
    from incidents.journal import open_journal

    settings = (config or config_or_default(invocation)).journal
    journal = open_journal(settings, read_only=read_only)
    try:
        yield journal
        waiting = journal.spooled()
        if journal.away is not None and waiting:
            invocation.print_notice(say("journal.spooling", detail=journal.away, count=waiting))
    finally:
        journal.close()


@asynccontextmanager
async def open_configured_sources(settings: SignalsSettings) -> AsyncIterator[Sources]:
    """The sources, scraped once; twice where no Prometheus is configured, so that rates have a value."""
    from signals.sources import open_sources

    async with open_sources(settings, lambda _: None) as sources:
        if sources.scrape is not None:
            await sources.scrape.scrape_once()
            if sources.prometheus is None:
                await asyncio.sleep(SCRAPE_PAUSE_S)
                await sources.scrape.scrape_once()
        yield sources
