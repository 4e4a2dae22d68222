"""A small service that is not the sandbox: `serve` is it, `restart` what its supervisor does.

It is slow as `chaos.env` says (read when it starts), without its cache while a key stands in Redis (read at each request), and
fails as was posted to `/chaos`. `/metrics` tells all three.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import redis

CACHE_KEY = "shop:cache-down"


def serve(folder: Path, port: int, redis_url: str) -> None:
    settings = dict(
        line.split("=", 1) for line in (folder / "chaos.env").read_text().splitlines() if "=" in line
    )
    slow_s = float(settings.get("SEARCH_LATENCY_MS", "20")) / 1000
    chaos: dict[str, object] = {"error_rate": None}
    client = redis.Redis.from_url(redis_url)

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/metrics":
                cache = 0 if client.get(CACHE_KEY) else 1
                self._answer(
                    f"shop_search_seconds {slow_s}\nshop_cache_up {cache}\n"
                    f"shop_error_ratio {float(str(chaos['error_rate'] or 0))}\n",
                )
            else:
                self._answer(json.dumps(chaos))

        def do_POST(self) -> None:
            chaos.update(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self._answer(json.dumps(chaos))

        def _answer(self, text: str) -> None:
            self.send_response(200)
            self.send_header(
                "Content-Type", "text/plain; version=0.0.4" if self.path == "/metrics" else "application/json"
            )
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            """Nothing: nobody reads it."""

    ThreadingHTTPServer.allow_reuse_address = True
    server = ThreadingHTTPServer(("127.0.0.1", port), Answer)
    (folder / "shop.pid").write_text(str(os.getpid()))
    server.serve_forever()


def end(folder: Path) -> None:
    """Until its process is gone."""
    file = folder / "shop.pid"
    if not file.exists():
        return
    pid = int(file.read_text())
    file.unlink()
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
        while True:
            os.kill(pid, 0)
            time.sleep(0.02)


def restart(folder: Path, port: int, redis_url: str) -> None:
    """Returns when it answers again."""
    end(folder)
    subprocess.Popen(
        [sys.executable, __file__, "serve", str(folder), str(port), redis_url],
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while True:
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5):
            return
        time.sleep(0.05)


if __name__ == "__main__":
    {"serve": serve, "restart": restart}[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
