"""Stand-ins of Riot, the model and Discord over HTTP, with the limits and headers that these publish.

Riot: 20 calls a second and 100 in two minutes of a development key (developer portal, "Rate limiting").
Discord: 50 calls a second; 10 000 invalid ones in ten minutes end in a ban (developer documentation, "Rate limits").
"""

from __future__ import annotations

import json
import random
import sys
import threading
import time
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

RIOT_LIMITS = ((20, 1), (100, 120))
DISCORD_PER_S = 50
BAN_AT = 10_000
BAN_WINDOW_S = 600


class Window:
    """Counts events of the last `seconds`."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._times: deque[float] = deque()

    def count(self, now: float) -> int:
        """How many there are."""
        while self._times and self._times[0] <= now - self.seconds:
            self._times.popleft()
        return len(self._times)

    def add(self, now: float) -> None:
        """One more."""
        self._times.append(now)

    def wait(self, now: float) -> float:
        """Seconds until the oldest leaves."""
        return self._times[0] + self.seconds - now if self._times else 0.0


class Outside:
    """The state of all three."""

    def __init__(self, seed: int) -> None:
        self.lock = threading.Lock()
        self.chance = random.Random(seed)  # noqa: S311  # reproducible traffic, no secret
        self.riot = [(limit, Window(seconds)) for limit, seconds in RIOT_LIMITS]
        self.discord = Window(1)
        self.invalid = Window(BAN_WINDOW_S)

    def ask_riot(self) -> tuple[int, dict[str, str], bytes]:
        """A match, or 429 with what to wait."""
        now = time.monotonic()
        counts = ",".join(f"{window.count(now)}:{window.seconds:g}" for _, window in self.riot)
        headers = {
            "X-App-Rate-Limit": ",".join(f"{limit}:{window.seconds:g}" for limit, window in self.riot),
            "X-App-Rate-Limit-Count": counts,
        }
        for limit, window in self.riot:
            if window.count(now) >= limit:
                headers |= {"X-Rate-Limit-Type": "application", "Retry-After": str(int(window.wait(now)) + 1)}
                return 429, headers, b'{"status":{"status_code":429}}'
        for _, window in self.riot:
            window.add(now)
        return 200, headers, b'{"info":{"participants":[]}}'

    def ask_model(self) -> tuple[int, dict[str, str], bytes, float]:
        """An answer with token counts, now and then one that is no JSON; the last item is how long it thinks."""
        content = '{"summary":"ok"}' if self.chance.random() > 0.005 else "{not json"
        usage = {
            "prompt_tokens": self.chance.randint(600, 1200),
            "completion_tokens": self.chance.randint(150, 400),
        }
        body = {"choices": [{"message": {"content": content}}], "usage": usage}
        return 200, {}, json.dumps(body).encode(), min(4.0, self.chance.lognormvariate(-0.7, 0.5))

    def ask_discord(self, *, valid: bool) -> tuple[int, dict[str, str], bytes]:
        """Delivered, refused, limited, or banned by what stands before it: HTML and no limit headers."""
        now = time.monotonic()
        if self.invalid.count(now) >= BAN_AT:
            return 429, {"Content-Type": "text/html"}, b"<html>error code: 1015</html>"
        limited = self.discord.count(now) >= DISCORD_PER_S
        if limited or not valid:
            self.invalid.add(now)
        if limited:
            return (
                429,
                {"X-RateLimit-Scope": "global", "Retry-After": "1"},
                b'{"retry_after":0.9,"global":true}',
            )
        self.discord.add(now)
        headers = {"X-RateLimit-Limit": str(DISCORD_PER_S), "X-RateLimit-Bucket": "sandbox"}
        return (200, headers, b"{}") if valid else (401, headers, b'{"code":0}')


def handler(outside: Outside) -> type[BaseHTTPRequestHandler]:
    """The three by path: /riot, /llm, /discord (with ?bad=1 for an expired token)."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def do_PATCH(self) -> None:
            self._answer()

        def log_message(self, *args: object) -> None:
            """Quiet."""

        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            thinks = 0.0
            with outside.lock:
                if self.path.startswith("/riot"):
                    status, headers, body = outside.ask_riot()
                elif self.path.startswith("/llm"):
                    status, headers, body, thinks = outside.ask_model()
                elif self.path.startswith("/discord"):
                    status, headers, body = outside.ask_discord(valid="bad=1" not in self.path)
                else:
                    status, headers, body = 404, {}, b"{}"
            time.sleep(thinks)
            self.send_response(status)
            for name, value in {
                "Content-Type": "application/json",
                **headers,
                "Content-Length": str(len(body)),
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    return Handler


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), handler(Outside(int(sys.argv[2])))).serve_forever()
