"""What users were shown: the messages by which Discord's stand-in has replaced a deferred answer, the newest thousands."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

KEPT, MAX_CHARACTERS = 5_000, 2_000
"""Discord takes no longer message (developer documentation, "Create Message")."""
ORIGINAL = "/messages/@original"


class Deliveries:
    """By the token of the interaction; not safe for threads."""

    def __init__(self) -> None:
        self._by_token: dict[str, dict[str, Any]] = {}

    def keep(self, method: str, path: str, body: bytes, status: int) -> None:
        """Remember a message that was taken (200); `path` is below /discord, and any other call is none."""
        address = urlsplit(path).path
        if (
            status != 200
            or method != "PATCH"
            or not address.startswith("webhooks/")
            or not address.endswith(ORIGINAL)
        ):
            return
        token = address.removesuffix(ORIGINAL).rpartition("/")[2]
        content, kind = _message(body)
        self._by_token[token] = {"token": token, "at": time.time(), "kind": kind, "content": content}
        if len(self._by_token) > KEPT:
            del self._by_token[next(iter(self._by_token))]

    def document(self, path: str) -> bytes:
        """Those whose token begins with `?prefix=`, as JSON."""
        prefix = "".join(parse_qs(urlsplit(path).query).get("prefix", ()))
        chosen = [each for token, each in self._by_token.items() if token.startswith(prefix)]
        return json.dumps({"deliveries": chosen}).encode()


def _message(body: bytes) -> tuple[str, str]:
    """Its text, and the title of its first embed, by which a reader knows an analysis, a template or an error."""
    try:
        message: Mapping[str, Any] = json.loads(body or b"{}")
        embeds = message.get("embeds") or [{}]
        return str(message.get("content") or "")[:MAX_CHARACTERS], str(embeds[0].get("title") or "")[:100]
    except (ValueError, AttributeError, LookupError, TypeError):
        return "", ""
