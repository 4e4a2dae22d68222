"""Checks in the runbooks' format, measured before an action (preflight) and after it (verify)."""

from __future__ import annotations

import asyncio
import os
import time
from typing import TYPE_CHECKING

from actions.model import Verification
from runbooks.checks.measure import measure
from runbooks.checks.observation import check_result
from runbooks.checks.permission import permit
from signals.reading import Verdict
from signals.sources import open_sources

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actions.model import Context
    from core.message import Message
    from runbooks.checks.observation import Observation
    from runbooks.checks.permission import Permission
    from runbooks.model import Check

POLL_S = 1.0
SCRAPE_PAUSE_S = 1.0
"""Between the two scrapes that a rate needs."""


def blockers(checks: Sequence[Check], context: Context) -> tuple[Message, ...]:
    """What the checks that are not met say; one that could not be measured speaks against it, too."""
    observations = asyncio.run(_measure(checks, context, wait=False))
    now = time.time()
    return tuple(check_result(each, now) for each in observations if each.verdict is not Verdict.OK)


def verifications(
    checks: Sequence[Check], context: Context, permission: Permission | None = None
) -> tuple[Verification, ...]:
    """What the checks say; one with `within` has so long to come true. `permission` is whom they may ask."""
    observations = asyncio.run(_measure(checks, context, permission, wait=True))
    now = time.time()
    return tuple(
        Verification(
            check_result(each, now), None if each.verdict is Verdict.UNKNOWN else each.verdict is Verdict.OK
        )
        for each in observations
    )


async def _measure(
    checks: Sequence[Check], context: Context, permission: Permission | None = None, *, wait: bool
) -> list[Observation]:
    if not checks:
        return []
    permission = permission or permit(context.settings.blocks, os.environ)
    async with open_sources(context.signals, lambda _: None) as sources:
        if sources.scrape is not None and any(check.promql for check in checks):
            await sources.scrape.scrape_once()
            await asyncio.sleep(SCRAPE_PAUSE_S)
            await sources.scrape.scrape_once()
        began = time.monotonic()
        while True:
            measured = [await measure(check, sources, time.time(), permission) for check in checks]
            waited_s = time.monotonic() - began
            open_checks = [
                check
                for check, observation in zip(checks, measured, strict=True)
                if observation.verdict is not Verdict.OK and check.within_s > waited_s
            ]
            if not wait or not open_checks or context.is_cancelled():
                return measured
            await asyncio.sleep(min(POLL_S, max(check.within_s for check in open_checks) - waited_s))
