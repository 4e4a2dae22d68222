"""Stand-ins of Riot, the model and Discord over HTTP, with the limits and headers that these publish.

Riot: 20 calls a second and 100 in two minutes of a development key (developer portal, "Rate limiting").
Discord: see `sandbox.discord`. Who shows no valid key is refused; `POST /portal/riot` (or discord, llm) ends the old
key and answers with a new one, as the provider's own portal does. `GET /control/deliveries?prefix=` are the messages that
users were shown. `/control` and `/portal` ask for the sandbox's token.
"""

from __future__ import annotations

import json
import os
import random
import sys
import threading
import time
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from sandbox.breakages.marks import MODEL_SLOW_S, TOKENS_FACTOR
from sandbox.breakages.state import number_of
from sandbox.deliveries import Deliveries
from sandbox.discord import BAN_AT, Discord, Response
from sandbox.guard import follow_supervisor
from sandbox.keys import PROVIDERS, Keys, read_keys, shows_token
from sandbox.window import Window

if TYPE_CHECKING:
    from collections.abc import Mapping
    from email.message import Message as Headers

RIOT_LIMITS = ((20, 1), (100, 120))
RIOT_METHOD_LIMITS = ((50, 10),)
FORBIDDEN = b'{"status":{"status_code":403,"message":"Forbidden"}}'


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a drill or a test asks of the stand-ins; `POST /control` with these names sets it."""

    riot_down: bool = False
    llm_latency_s: float = 0.0
    llm_error_rate: float = 0.0
    llm_invalid_rate: float = 0.005
    discord_shared: bool = False
    ban_at: int = BAN_AT


class Outside:
    """The state of all three."""

    def __init__(self, seed: int, keys: Mapping[str, str], token: str = "", nonce: str = "") -> None:
        self.keys = Keys(keys)
        self.token, self.nonce = token, nonce
        self.lock = threading.Lock()
        self.chance = random.Random(seed)  # noqa: S311  # reproducible traffic, no secret
        self.limits = {
            "application": [(limit, Window(seconds)) for limit, seconds in RIOT_LIMITS],
            "method": [(limit, Window(seconds)) for limit, seconds in RIOT_METHOD_LIMITS],
        }
        self.trouble = Trouble()
        self.discord = Discord()
        self.deliveries = Deliveries()

    def answer(
        self, method: str, path: str, headers: Headers, request_body: bytes
    ) -> tuple[int, dict[str, str], bytes, float]:
        """What the one whose path this is says: status, headers, body, and how long it thinks (s)."""
        provider, _, rest = path.removeprefix("/").partition("/")
        authorized = provider in PROVIDERS and self.keys.accepts(provider, headers)
        match provider:
            case "llm":
                return self.ask_model(method, request_body, authorized=authorized)
            case "riot":
                response = self.ask_riot() if authorized else (403, {}, FORBIDDEN)
            case "discord":
                response = self.ask_discord(rest, authorized=authorized)
                self.deliveries.keep(method, rest, request_body, response[0])
            case "health":
                response = (200, {}, json.dumps({"status": "healthy", "nonce": self.nonce}).encode())
            case "control" | "portal" if not shows_token(headers.get("Authorization"), self.token):
                response = (401, {}, b'{"error":"no valid token"}')
            case "control":
                response = self.control(method, rest, request_body)
            case "portal" if method == "POST" and rest in PROVIDERS:
                new = {PROVIDERS[rest].variable: self.keys.regenerate(rest)}
                response = (200, {}, json.dumps(new).encode())
            case "portal" if method == "POST":
                response = self.end_key(rest)
            case _:
                response = (404, {}, b"{}")
        return (*response, 0.0)

    def end_key(self, path: str) -> Response:
        """`PROVIDER/revoke`: its key ends and nobody is given a new one; `PROVIDER/restore` takes that back."""
        match path.split("/"):
            case [provider, "revoke"] if provider in PROVIDERS:
                self.keys.revoke(provider)
                self.discord.remember()
            case [provider, "restore"] if provider in PROVIDERS:
                self.keys.restore(provider)
                self.discord.forget()
            case _:
                return 404, {}, b"{}"
        return 200, {}, b"{}"

    def control(self, method: str, path: str, body: bytes) -> Response:
        """Set the trouble: what is not named is lifted. Or say what users were shown."""
        if method != "POST":
            return 200, {}, self.deliveries.document(path)
        try:
            self.trouble = Trouble(**json.loads(body))
        except (TypeError, ValueError) as error:
            return 400, {}, json.dumps({"error": str(error)}).encode()
        return 200, {}, json.dumps(asdict(self.trouble)).encode()

    def ask_riot(self) -> Response:
        """A match, or 429 with what to wait."""
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

    def ask_discord(self, path: str, *, authorized: bool) -> Response:
        """A webhook's token stands in its path (`bad`: it has expired); everything else needs the bot's."""
        address = urlsplit(path)
        webhook = address.path.split("/", 1)[0] == "webhooks"
        return self.discord.ask(
            address.path,
            valid="bad" not in parse_qs(address.query) if webhook else authorized,
            shared=self.trouble.discord_shared,
            ban_at=self.trouble.ban_at,
        )

    def ask_model(
        self, method: str, request_body: bytes = b"", *, authorized: bool
    ) -> tuple[int, dict[str, str], bytes, float]:
        """An answer with token counts, now and then one that is no JSON; the last item is how long it thinks.

        Whoever only looks which models there are is answered at once.
        """
        if not authorized:
            return 401, {}, b'{"error":{"code":"invalid_api_key"}}', 0.0
        if method == "GET":
            return 200, {}, b'{"data":[]}', 0.0
        if self.chance.random() < self.trouble.llm_error_rate:
            return 429, {"Retry-After": "1"}, b'{"error":{"type":"rate_limit_error"}}', 0.0
        content = '{"summary":"ok"}' if self.chance.random() >= self.trouble.llm_invalid_rate else "{not json"
        factor = number_of(TOKENS_FACTOR, 1.0)
        usage = {
            "prompt_tokens": int(factor * self.chance.randint(600, 1200)),
            "completion_tokens": int(factor * self.chance.randint(150, 400)),
        }
        body = {"choices": [{"message": {"content": content}}], "usage": usage}
        slow_s = self.trouble.llm_latency_s + number_of(MODEL_SLOW_S, 0.0)
        thinks = min(4.0, self.chance.lognormvariate(-0.7, 0.5)) + slow_s
        if b"-fast" in request_body:
            thinks /= 4
        return 200, {}, json.dumps(body).encode(), thinks


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
            request_body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            with outside.lock:
                status, headers, body, thinks = outside.answer(
                    self.command, self.path, self.headers, request_body
                )
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
    follow_supervisor()
    token, nonce = os.environ.get("SANDBOX_TOKEN", ""), os.environ.get("SANDBOX_NONCE", "")
    stand_ins = Outside(int(sys.argv[2]), read_keys(Path(sys.argv[3])), token, nonce)
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), handler(stand_ins)).serve_forever()
