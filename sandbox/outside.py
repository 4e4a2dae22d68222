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
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

RIOT_LIMITS = ((20, 1), (100, 120))
RIOT_METHOD_LIMITS = ((50, 10),)
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


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a drill or a test asks of the stand-ins; `POST /control` with these names sets it."""

    riot_revoked: bool = False
    riot_down: bool = False
    llm_latency_s: float = 0.0
    llm_error_rate: float = 0.0
    ban_at: int = BAN_AT


class Outside:
    """The state of all three."""

    def __init__(self, seed: int) -> None:
        self.lock = threading.Lock()
        self.chance = random.Random(seed)  # noqa: S311  # reproducible traffic, no secret
        self.limits = {
            "application": [(limit, Window(seconds)) for limit, seconds in RIOT_LIMITS],
            "method": [(limit, Window(seconds)) for limit, seconds in RIOT_METHOD_LIMITS],
        }
        self.trouble = Trouble()
        self.discord = Window(1)
        self.invalid = Window(BAN_WINDOW_S)

    def answer(self, method: str, path: str, asked: bytes) -> tuple[int, dict[str, str], bytes, float]:
        """What the one whose path this is says: status, headers, body, and how long it thinks (s)."""
        if path.startswith("/llm"):
            return self.ask_model()
        if path.startswith("/riot"):
            return (*self.ask_riot(), 0.0)
        if path.startswith("/discord"):
            return (*self.ask_discord(valid="bad=1" not in path), 0.0)
        if path == "/control" and method == "POST":
            return (*self.control(asked), 0.0)
        return 404, {}, b"{}", 0.0

    def control(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Set the trouble; what is not named is lifted."""
        try:
            self.trouble = Trouble(**json.loads(body))
        except (TypeError, ValueError) as error:
            return 400, {}, json.dumps({"error": str(error)}).encode()
        return 200, {}, json.dumps(asdict(self.trouble)).encode()

    def ask_riot(self) -> tuple[int, dict[str, str], bytes]:
        """A match, or 429 with what to wait."""
        if self.trouble.riot_revoked:
            return 403, {}, b'{"status":{"status_code":403,"message":"Forbidden"}}'
        if self.trouble.riot_down:  # a service limit says neither its type nor how long to wait
            return 429, {}, b'{"status":{"status_code":429}}'
        now = time.monotonic()
        headers = {}
        for kind, name in (("application", "X-App-Rate-Limit"), ("method", "X-Method-Rate-Limit")):
            windows = self.limits[kind]
            headers[name] = ",".join(f"{limit}:{window.seconds:g}" for limit, window in windows)
            headers[name + "-Count"] = ",".join(
                f"{window.count(now)}:{window.seconds:g}" for _, window in windows
            )
        for kind, windows in self.limits.items():
            for limit, window in windows:
                if window.count(now) >= limit:
                    headers |= {"X-Rate-Limit-Type": kind, "Retry-After": str(int(window.wait(now)) + 1)}
                    return 429, headers, b'{"status":{"status_code":429}}'
        for _, window in (*self.limits["application"], *self.limits["method"]):
            window.add(now)
        return 200, headers, b'{"info":{"participants":[]}}'

    def ask_model(self) -> tuple[int, dict[str, str], bytes, float]:
        """An answer with token counts, now and then one that is no JSON; the last item is how long it thinks."""
        if self.chance.random() < self.trouble.llm_error_rate:
            return 429, {"Retry-After": "1"}, b'{"error":{"type":"rate_limit_error"}}', 0.0
        content = '{"summary":"ok"}' if self.chance.random() > 0.005 else "{not json"
        usage = {
            "prompt_tokens": self.chance.randint(600, 1200),
            "completion_tokens": self.chance.randint(150, 400),
        }
        body = {"choices": [{"message": {"content": content}}], "usage": usage}
        thinks = min(4.0, self.chance.lognormvariate(-0.7, 0.5)) + self.trouble.llm_latency_s
        return 200, {}, json.dumps(body).encode(), thinks

    def ask_discord(self, *, valid: bool) -> tuple[int, dict[str, str], bytes]:
        """Delivered, refused, limited, or banned by what stands before it: HTML and no limit headers."""
        now = time.monotonic()
        if self.invalid.count(now) >= self.trouble.ban_at:
            return 429, {"Content-Type": "text/html"}, b"<html>error code: 1015</html>"
        limited = self.discord.count(now) >= DISCORD_PER_S
        if limited or not valid:
            self.invalid.add(now)
        if limited:
            return (
                429,
                {"X-RateLimit-Global": "true", "X-RateLimit-Scope": "global", "Retry-After": "1"},
                b'{"retry_after":0.9,"global":true}',
            )
        self.discord.add(now)
        headers = {
            "X-RateLimit-Limit": str(DISCORD_PER_S),
            "X-RateLimit-Remaining": str(DISCORD_PER_S - self.discord.count(now)),
            "X-RateLimit-Reset-After": f"{self.discord.wait(now):.3f}",
            "X-RateLimit-Bucket": "webhooks",
        }
        return (200, headers, b"{}") if valid else (401, headers, b'{"code":0}')


def handler(outside: Outside) -> type[BaseHTTPRequestHandler]:
    """The three by path: /riot, /llm, /discord (with ?bad=1 for an expired token)."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = (
            True  # headers and body go in two writes; together with delayed acknowledgement, 40 ms
        )

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def do_PATCH(self) -> None:
            self._answer()

        def log_message(self, *args: object) -> None:
            """Quiet."""

        def _answer(self) -> None:
            asked = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            with outside.lock:
                status, headers, body, thinks = outside.answer(self.command, self.path, asked)
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
