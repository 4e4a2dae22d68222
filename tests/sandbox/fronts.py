"""The sandbox's front in this process, over real slots, with a database of the test's own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from core.own_python import ROOT, module_command
from sandbox import front
from sandbox.releases import write_releases
from sandbox.servers import free_port

TOKEN = "t0ken"


@dataclass(frozen=True)
class Front:
    """Where it listens, its slots, and the folder of its releases."""

    url: str
    slots: front.Slots
    releases: Path
    header_file: Path

    def command(self, verb: str, *words: str) -> list[str]:
        """The sandbox's deploy tool."""
        return module_command("sandbox.release", verb, self.url, str(self.header_file), *words)

    def settings(self, **more: object) -> dict[str, object]:
        """`[releases]` for it, as the sandbox writes it."""
        return {
            "adapter": "own",
            "strategy": "blue-green",
            "name": "chimera",
            "commands": {
                "list": self.command("list"),
                "deploy": [self.command("deploy", "{slot}", "{version}")],
                "switch": [self.command("switch", "{slot}")],
                "environment": {"PYTHONPATH": str(ROOT)},
            },
            "probe": {
                "url": f"{self.url}/ready",
                "slots": {slot: f"{self.url}/slots/{slot}/ready" for slot in front.SLOTS},
                "wait_s": 10,
            },
            "scripts": {"alembic_ini": str(self.releases / "{version}" / "migrations" / "alembic.ini")},
            **more,
        }


@contextmanager
def running_front(folder: Path, database: str, broker: str) -> Iterator[Front]:
    """Nothing stands in its slots yet."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "SANDBOX_REDIS": broker,
            "SANDBOX_POSTGRES": database,
            "SANDBOX_TOKEN": TOKEN,
            "SANDBOX_NONCE": "n0nce",
            "SANDBOX_BUILDS": str(folder),
            "PROMETHEUS_MULTIPROC_DIR": str(folder),
            "PYTHONPATH": str(ROOT),
        }.items():
            patch.setenv(name, value)
        releases = folder / "releases"
        write_releases(releases)
        header_file = folder / "control.header"
        header_file.write_text(f"Authorization: Bearer {TOKEN}\n")
        slots = front.Slots(releases)
        port = free_port()
        server = ThreadingHTTPServer(("127.0.0.1", port), front.handler(slots))
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield Front(f"http://127.0.0.1:{port}", slots, releases, header_file)
        finally:
            server.shutdown()
            server.server_close()
            slots.end()
