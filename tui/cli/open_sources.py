"""The configured sources for one look from the command line: opened, and scraped often enough that rates have a value."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from signals.sources import open_sources

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from signals.settings import SignalsSettings
    from signals.sources import Sources

YOUNG_S = 1.0
"""Between the two scrapes that a rate needs."""


@asynccontextmanager
async def sources_now(settings: SignalsSettings) -> AsyncIterator[Sources]:
    """Where no Prometheus is configured, the pages are read twice before anything is asked."""
    async with open_sources(settings, lambda _: None) as sources:
        if sources.scrape is not None and sources.prometheus is None:
            await sources.scrape.scrape_once()
            await asyncio.sleep(YOUNG_S)
            await sources.scrape.scrape_once()
        elif sources.scrape is not None:
            await sources.scrape.scrape_once()
        yield sources
