"""What commands open: the configuration, the journal, the sources of metrics, and the panels over them."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

from core.message import say
from tui.config.file import ConfigNotFound

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from incidents.journal import Journal
    from panels.state import PanelState
    from signals.settings import SignalsSettings
    from signals.sources import Sources
    from tui.cli.command import Invocation
    from tui.config.model import Config

SCRAPE_PAUSE_S = 1.0
"""Between the two scrapes that a rate needs."""
FIRST_SAMPLE_POLL_S, POLL_S = 0.05, 0.5


def config_or_default(invocation: Invocation) -> Config:
    """The configuration; where there is no file at all, its defaults. A file that is wrong is an error."""
    try:
        return invocation.config()
    except ConfigNotFound:
        from tui.config.model import Config

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


async def poll_panels_once(
    config: Config, wait_s: float, *, only: str | None = None
) -> tuple[PanelState, ...]:
    """The state of all panels, or of one; while rates have no second sample yet, again until `wait_s` is over."""
    from panels.poll import poll_once
    from signals.sources import open_sources

    deadline = time.monotonic() + wait_s
    specs = tuple(spec for spec in config.board() if only in (None, spec.id))
    schemas = config.release_schemas()
    async with open_sources(config.signals, lambda _: None) as sources:
        while True:
            over = time.monotonic() >= deadline
            # On a busy machine, too, no panel is judged before there is a sample.
            unscraped = sources.scrape is not None and sources.scrape.since is None
            if over or not unscraped:
                states = await poll_once(specs, sources, schemas)
                complete = not any(reading.is_missing for state in states for reading in state.readings)
                if complete or over:
                    return states
            await asyncio.sleep(FIRST_SAMPLE_POLL_S if unscraped else POLL_S)
