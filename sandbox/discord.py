"""Discord's limits, as its developer documentation publishes them ("Rate limits").

A bucket for every route and its top-level resource; 50 calls a second in all, from which interaction webhooks are
exempt; 10 000 answers of 401, 403 or 429 (those of a shared limit do not count) in ten minutes end in a ban by what
stands before Discord: HTML without any limit header (support article 6223003921559).
"""

from __future__ import annotations

import hashlib
import json
import math
import time

from sandbox.window import Window

GLOBAL_PER_S = 50
BAN_AT = 10_000
BAN_WINDOW_S = 600.0
BUCKETS = {"webhooks": (5, 2.0), "channels": (5, 5.0)}
"""Calls and seconds of a bucket: those that Discord is seen to publish for webhooks and for messages in a channel."""

Response = tuple[int, dict[str, str], bytes]
"""Status, headers, body."""


class Discord:
    """Counts what is asked of it; not safe for threads."""

    def __init__(self) -> None:
        self._everything = Window(1)
        self._invalid = Window(BAN_WINDOW_S)
        self._buckets: dict[str, Window] = {}
        self._remembered: float | None = None

    def ask(self, path: str, *, valid: bool, shared: bool, ban_at: int) -> Response:
        """Answer a call of `path` below /discord; `shared`: others have used up what the channel may take."""
        now = time.monotonic()
        if self._invalid.count(now) >= ban_at:
            return 429, {"Content-Type": "text/html"}, b"<html>error code: 1015</html>"
        route = path.split("/", 1)[0]
        limit, seconds = BUCKETS.get(route, BUCKETS["channels"])
        bucket = self._buckets.setdefault(path, Window(seconds))
        if shared and route == "channels":
            return _limited("shared", 1.0)
        if route != "webhooks" and self._everything.count(now) >= GLOBAL_PER_S:
            return self._refused(_limited("global", self._everything.wait(now)), now)
        headers = {
            "X-RateLimit-Bucket": hashlib.md5(route.encode(), usedforsecurity=False).hexdigest(),
            "X-RateLimit-Limit": str(limit),
        }
        if bucket.count(now) >= limit:
            status, extra, body = _limited("user", bucket.wait(now))
            reset = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset-After": f"{bucket.wait(now):.3f}"}
            return self._refused((status, headers | reset | extra, body), now)
        self._everything.add(now)
        bucket.add(now)
        headers["X-RateLimit-Remaining"] = str(limit - bucket.count(now))
        headers["X-RateLimit-Reset-After"] = f"{bucket.wait(now):.3f}"
        if valid:
            return 200, headers, b"{}"
        text, code = ("Invalid Webhook Token", 50027) if route == "webhooks" else ("401: Unauthorized", 0)
        body = json.dumps({"message": text, "code": code}).encode()
        return self._refused((401, headers, body), now)

    def remember(self) -> None:
        """From now on it is known what was refused."""
        self._remembered = time.monotonic()

    def forget(self) -> None:
        """What was refused since then never was; a ban that comes from it ends."""
        if self._remembered is not None:
            self._invalid.drop_since(self._remembered)
            self._remembered = None

    def _refused(self, response: Response, now: float) -> Response:
        self._invalid.add(now)
        return response


def _limited(scope: str, wait_s: float) -> Response:
    headers = {"X-RateLimit-Scope": scope, "Retry-After": str(max(1, math.ceil(wait_s)))}
    if scope == "global":
        headers["X-RateLimit-Global"] = "true"
    body = {
        "message": "You are being rate limited.",
        "retry_after": round(wait_s, 3),
        "global": scope == "global",
    }
    return 429, headers, json.dumps(body).encode()
