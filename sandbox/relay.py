"""`POST /alerts` of the service: what an Alertmanager sends becomes one message in a Discord channel."""

from __future__ import annotations

import hmac
import json
import os
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx

from sandbox import metrics
from sandbox.pages import NO_TLS

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_ALERTS, MAX_CHARACTERS = 10, 1800


def relay(path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, dict[str, Any]]:
    """Check the secret, post the first alerts; status and JSON answer."""
    if not _known(path, headers):
        return 401, {"error": "unauthorized"}
    address = os.environ.get("ALERTS_DISCORD_WEBHOOK")
    if not address:
        return 503, {"error": "discord webhook not configured"}
    try:
        lines = [_line(alert) for alert in json.loads(body)["alerts"][:MAX_ALERTS]]
        response = httpx.post(
            address,
            json={"content": "\n".join(lines)[:MAX_CHARACTERS]},
            timeout=10,
            trust_env=False,
            verify=NO_TLS,
        )
    except (httpx.HTTPError, ValueError, KeyError, TypeError, AttributeError):
        return 500, {"error": "discord error"}
    metrics.count_discord("webhooks", "alerts", response)
    return (200, {"ok": True}) if response.status_code < 300 else (500, {"error": "discord send failed"})


def _known(path: str, headers: Mapping[str, str]) -> bool:
    """A secret that is not set lets nobody in."""
    secret = os.environ.get("ALERT_WEBHOOK_SECRET", "")
    given = {name.lower(): value for name, value in headers.items()}
    shown = (
        given.get("x-auth-token", ""),
        given.get("authorization", "").removeprefix("Bearer "),
        *parse_qs(urlsplit(path).query).get("token", ()),
    )
    return bool(secret) and any(hmac.compare_digest(secret.encode(), word.encode()) for word in shown)


def _line(alert: dict[str, Any]) -> str:
    labels, notes = alert.get("labels", {}), alert.get("annotations", {})
    return (
        f"[{labels.get('severity', '')}] {labels.get('alertname', '')} | service={labels.get('service', '')}"
        f" | {notes.get('summary', '')} - {notes.get('description', '')}"
    )
