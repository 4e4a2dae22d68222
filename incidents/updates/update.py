"""A status update: when one is due, its text, and what exactly would be sent where (shown before anything leaves).

A drill's update goes nowhere: people outside it would take it for real. It is written down, and counts for the clock.

Intervals: *SRE* ch. 14 and PagerDuty's response guide (SEV1 15–30 min, SEV2 30–60 min); configurable. Every update
of a drill begins with DRILL, whatever the template says.
"""

from __future__ import annotations

import datetime as dt
import json
import string
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from core.errors import ConfigError
from core.message import say
from core.text import clean_block
from signals.connections.credentials import read_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from core.message import Message
    from incidents.events.body import Severity
    from incidents.events.incident import Incident
    from incidents.settings import UpdateSettings, WebhookSettings

    Say = Callable[[Message], str]

DISCORD_LIMIT = 2000
"""Characters of `content` (Discord documentation, "Execute Webhook")."""
SLACK_LIMIT = 40_000
"""Characters of `text` (Slack documentation, "chat.postMessage", truncation)."""


class UpdateClock(NamedTuple):
    """`left_s` is negative when the update is overdue."""

    due_at: dt.datetime
    left_s: float

    @property
    def overdue(self) -> bool:
        """Somebody should have said something by now."""
        return self.left_s < 0


def interval_s(severity: Severity, settings: UpdateSettings) -> float:
    """How long people may be left without news."""
    minutes = {
        "SEV1": settings.sev1_min,
        "SEV2": settings.sev2_min,
        "SEV3": settings.sev3_min,
        "SEV4": settings.sev4_min,
    }
    return minutes[severity] * 60


def update_clock(incident: Incident, settings: UpdateSettings, now: dt.datetime) -> UpdateClock | None:
    """The clock at `now`; None once the incident is resolved.

    Each update and the opening restart it. A clock that was set back gives the whole interval again, not more.
    """
    if incident.status == "resolved":
        return None
    interval = interval_s(incident.severity, settings)
    since = incident.updates[-1].at if incident.updates else incident.opened_at
    left = min(interval, interval - (now - since).total_seconds())
    return UpdateClock(now + dt.timedelta(seconds=left), left)


class Sending(NamedTuple):
    """One request that would be made; `url` is secret and shows nowhere, `host` stands for it."""

    target: str
    kind: str
    host: str
    body: bytes


def update_text(
    incident: Incident,
    label: str,
    settings: UpdateSettings,
    words: Say,
    text: str,
    *,
    numbers: Sequence[str] = (),
    now: dt.datetime | None = None,
) -> str:
    """The update as people will read it; `numbers` are lines about what the panels say now."""
    now = now or dt.datetime.now(dt.UTC)
    resolved = incident.status == "resolved"
    end = incident.times.get("resolved", now) if resolved else now
    minutes = max(0, int((end - incident.opened_at).total_seconds())) // 60
    next_at = now + dt.timedelta(seconds=interval_s(incident.severity, settings))
    values = {
        "incident": label,
        "title": incident.title,
        "severity": incident.severity,
        "status": words(say(f"update.status_{incident.status}")),
        "elapsed": words(_elapsed(minutes)),
        "ic": incident.roles.get("ic", "–"),
        "next": words(say("update.none_next")) if resolved else next_at.strftime("%H:%M UTC"),
        "numbers": "\n".join(f"• {number}" for number in numbers),
        "text": text,
    }
    template = settings.template or words(say("update.template"))
    lines = string.Formatter().vformat(template, (), values).split("\n")
    rendered = "\n".join(line.rstrip() for line in lines if line.strip())
    return clean_block(f"{words(say('update.drill'))} {rendered}" if incident.drill else rendered)


def _elapsed(minutes: int) -> Message:
    if minutes < 60:
        return say("update.minutes", minutes=minutes)
    return say("update.hours", hours=minutes // 60, minutes=f"{minutes % 60:02}")


def plan_sendings(
    text: str, incident: Incident, label: str, webhooks: Mapping[str, WebhookSettings]
) -> tuple[Sending, ...]:
    """What would be sent, exactly, and nothing of a drill; raises `ConfigError` for a webhook without a usable address."""
    if incident.drill:
        return ()
    return tuple(
        Sending(name, webhook.kind, host_of(name, webhook), _body(text, incident, label, webhook.kind))
        for name, webhook in webhooks.items()
    )


def address(name: str, webhook: WebhookSettings) -> str:
    """The secret URL; raises `ConfigError` when there is none."""
    url = read_secret(webhook.secret_url, webhook.secret_url_file)
    parts = urlsplit(url or "")
    if not url or parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(say("update.no_address", name=name))
    return url


def host_of(name: str, webhook: WebhookSettings) -> str:
    """What stands for the secret address; raises `ConfigError` when there is none."""
    parts = urlsplit(address(name, webhook))
    return f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname or ""


def _body(text: str, incident: Incident, label: str, kind: str) -> bytes:
    if kind == "discord":  # nobody is pinged by a name that stands in a note
        value: dict[str, object] = {"content": _cut(text, DISCORD_LIMIT), "allowed_mentions": {"parse": []}}
    elif kind == "slack":
        safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        value = {"text": _cut(safe, SLACK_LIMIT)}
    else:
        value = {
            "text": text,
            "incident": label,
            "uuid": str(incident.id),
            "title": incident.title,
            "severity": incident.severity,
            "status": incident.status,
            "drill": incident.drill,
        }
    return json.dumps(value, ensure_ascii=False).encode()


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
