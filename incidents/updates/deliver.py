"""Sends status updates to webhooks. A failure is told and journalled; it never stops the one who leads.

429 is obeyed (Retry-After in seconds or as a date, Discord's `retry_after` in the body); 5xx, timeouts and lost
connections are tried again with growing pauses; anything else is final. A request whose answer was lost is sent
again: an update that arrives twice is better than one that does not arrive.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import logging
import random
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, NamedTuple

from core.errors import WarroomError
from incidents.events.body import UpdateDelivered
from incidents.journal.errors import JournalError
from incidents.updates.update import address
from signals.connections.proxy import proxy_for

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import httpx

    from incidents.events.event import Event
    from incidents.journal import Journal
    from incidents.settings import WebhookSettings
    from incidents.updates.update import Sending

MAX_WAIT_S = 60.0
"""Who asks to wait longer gets no update: people need it now or not at all."""
FIRST_BACKOFF_S = 0.5
LOG = logging.getLogger(__name__)


class Outcome(NamedTuple):
    """How one sending went; `detail` holds a status or a cause, never the address."""

    target: str
    ok: bool
    detail: str


async def deliver(
    journal: Journal,
    update: Event,
    actor: str,
    sendings: Sequence[Sending],
    webhooks: Mapping[str, WebhookSettings],
) -> tuple[Outcome, ...]:
    """Send to all targets at once, and write down what became of each. Of a drill nothing is sent, whoever planned it."""
    is_drill = await asyncio.to_thread(_is_drill, journal, update)
    if is_drill:
        LOG.error("an update of a drill was to be sent")
        return tuple(Outcome(sending.target, ok=False, detail="DRILL") for sending in sendings)
    return tuple(
        await asyncio.gather(
            *(_deliver_one(journal, update, actor, sending, webhooks[sending.target]) for sending in sendings)
        )
    )


def _is_drill(journal: Journal, update: Event) -> bool:
    """A journal that is away keeps no real update back."""
    try:
        return journal.load(update.chain).drill
    except JournalError:
        return False


async def _deliver_one(
    journal: Journal, update: Event, actor: str, sending: Sending, webhook: WebhookSettings
) -> Outcome:
    outcome = await send(sending, webhook)
    body = UpdateDelivered(update=update.id, target=outcome.target, ok=outcome.ok, detail=outcome.detail)
    try:
        await asyncio.to_thread(journal.append, update.chain, actor, body)
    except JournalError:
        LOG.exception("the outcome of an update is not in the journal")
    return outcome


async def send(sending: Sending, webhook: WebhookSettings) -> Outcome:
    """Post until it is taken, refused or given up; raises nothing."""
    import httpx

    detail = "?"
    try:
        url = address(sending.target, webhook)
        proxy = proxy_for(url, webhook.proxy)
        async with httpx.AsyncClient(timeout=webhook.timeout_s, proxy=proxy, trust_env=False) as client:
            for attempt in range(webhook.tries):
                try:
                    status, retry_after = await _post(client, url, sending, webhook.timeout_s)
                    detail = f"HTTP {status}"
                    if 200 <= status < 300:
                        return Outcome(sending.target, ok=True, detail=detail)
                    if status != 429 and status < 500:
                        break
                except (httpx.TransportError, TimeoutError) as error:
                    detail, retry_after = type(error).__name__, None
                backoff = FIRST_BACKOFF_S * 2**attempt * random.uniform(0.8, 1.2)  # noqa: S311  # jitter, no secret
                wait = backoff if retry_after is None else retry_after
                if wait > MAX_WAIT_S:
                    detail += f", Retry-After {wait:.0f} s"
                    break
                if attempt + 1 < webhook.tries:
                    await asyncio.sleep(wait)
    except (WarroomError, httpx.InvalidURL, ValueError, OSError) as error:
        detail = type(error).__name__
    return Outcome(sending.target, ok=False, detail=f"{sending.host}: {detail}")


async def _post(
    client: httpx.AsyncClient, url: str, sending: Sending, timeout_s: float
) -> tuple[int, float | None]:
    """The status, and how long the other side asks to wait."""
    headers = {"Content-Type": "application/json; charset=utf-8"}
    async with (
        asyncio.timeout(timeout_s),
        client.stream("POST", url, content=sending.body, headers=headers) as response,
    ):
        if response.status_code != 429:
            return response.status_code, _retry_after(response.headers.get("retry-after", ""))
        body = b""
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > 10_000:
                break
        from_body = _discord_retry_after(body) if sending.kind == "discord" else None
        from_header = _retry_after(response.headers.get("retry-after", ""))
        return response.status_code, from_header if from_body is None else from_body


def _retry_after(header: str) -> float | None:
    """Seconds from the header (RFC 9110, section 10.2.3); None when it says nothing."""
    if not header:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        at = parsedate_to_datetime(header)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=dt.UTC)
    return max(0.0, (at - dt.datetime.now(dt.UTC)).total_seconds())


def _discord_retry_after(body: bytes) -> float | None:
    """Discord's body is finer than its header (Discord documentation, "Rate Limits")."""
    try:
        return max(0.0, float(json.loads(body)["retry_after"]))
    except (ValueError, KeyError, TypeError):
        return None
