"""The sandbox's front in this process, over real slots, with a database of the test's own."""

from __future__ import annotations

import os
import threading
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from core.own_python import ROOT, module_command, own_environment
from sandbox import front
from sandbox.access import Access
from sandbox.children import Children
from sandbox.keys import write_keys
from sandbox.release_config import release_config
from sandbox.releases import FIRST, write_releases
from sandbox.rolling import WORKERS, write_instances
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

    def rolling(self, **more: object) -> dict[str, object]:
        """`[releases]` for one that rolls, as the sandbox writes it."""
        section = release_config(Access(self.releases.parent), int(self.url.rpartition(":")[2]), "rolling")
        written: dict[str, object] = tomllib.loads(section)["releases"]
        return {**written, "gates": [], **more}

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
def running_front(folder: Path, database: str, broker: str, *, rolls: bool = False) -> Iterator[Front]:
    """Nothing stands in its slots yet; with `rolls` everything in it is replaced one instance after the other."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "SANDBOX_REDIS": broker.removesuffix("/0"),
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
        if rolls:
            write_instances(releases, FIRST)
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


@contextmanager
def running_workers(front: Front, **variables: dict[str, str]) -> Iterator[None]:
    """The sandbox's two workers under its own supervisor; `variables` are those of one of them alone, by its name there."""
    folder = front.releases.parent
    write_keys(folder / ".env")
    environment = own_environment(
        **{name: os.environ[name] for name in os.environ if name.startswith(("SANDBOX_", "PROMETHEUS_"))},
        SANDBOX_OUTSIDE="http://127.0.0.1:9",
        SANDBOX_KEYS=str(folder / ".env"),
        SANDBOX_LIVE=str(front.releases / "live"),
    )
    command = module_command("sandbox.worker", "-A", "sandbox.app:app", "worker", "--loglevel=WARNING")
    queues = {"worker-1": ("matches,default", "threads"), "worker-2": ("ai", "prefork")}
    with ExitStack() as stack:
        for name, child in WORKERS.items():
            own = environment | variables.get(child.replace("-", "_"), {})
            children = stack.enter_context(Children(folder, own))
            children.is_up = True
            queue, pool = queues[child]
            options = ["--without-mingle", "--without-gossip", "-n", name, "-Q", queue, "-P", pool, "-c", "1"]
            children.start(child, [*command, *options], again=True)
        yield
