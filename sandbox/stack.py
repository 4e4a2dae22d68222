"""Starts the whole stack and takes it down: a process of its own that ends when its standard input does.

Whoever started it holds the other end of that pipe, so a killed parent, too, leaves nothing behind.
`python -m sandbox.stack FOLDER PORTS SEED KEEP` prints one line when everything answers.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from sandbox.servers import free_port, run_postgres, run_valkey

START_LIMIT_S = 40.0
RULES = Path(__file__).resolve().with_name("alerts.yml")


@dataclass(frozen=True, slots=True)
class Ports:
    """Where everything will listen; chosen before anything starts, so that the board can open at once."""

    valkey: int
    postgres: int
    outside: int
    service: int
    prometheus: int
    """0 when no Prometheus is installed; the service is then scraped directly."""


def choose_ports() -> Ports:
    """Free ports, one for each part that this machine can run."""
    prometheus = free_port() if shutil.which("prometheus") else 0
    return Ports(free_port(), free_port(), free_port(), free_port(), prometheus)


def config_text(ports: Ports) -> str:
    """A `warroom.toml` for the stack."""
    sources = '["prometheus", "scrape"]' if ports.prometheus else '["scrape"]'
    prometheus = f"""
[signals.prometheus]
url = "http://127.0.0.1:{ports.prometheus}"
"""
    return f"""# Written by `warroom sandbox`: a disposable stack on this machine.
[service]
name = "chimera"
environment = "sandbox"

[signals]
metrics = {sources}
{prometheus if ports.prometheus else ""}
[signals.scrape]
rule_files = ["{RULES}"]
targets = [{{ url = "http://127.0.0.1:{ports.service}/metrics", interval_s = 2 }}]

[signals.redis]
url = "redis://127.0.0.1:{ports.valkey}/0"
queues = ["matches", "ai", "default"]

[signals.celery]
broker_url = "redis://127.0.0.1:{ports.valkey}/0"

[signals.postgres]
url = "postgresql://postgres@127.0.0.1:{ports.postgres}/postgres"
"""


def run(folder: Path, ports: Ports, seed: int) -> None:
    """Start everything, say so, wait for the end of standard input, take everything down."""
    multiprocess = folder / "prom"
    multiprocess.mkdir()
    builds = folder / "builds"
    builds.mkdir()
    environment = {
        **os.environ,
        "SANDBOX_REDIS": f"redis://127.0.0.1:{ports.valkey}",
        "SANDBOX_OUTSIDE": f"http://127.0.0.1:{ports.outside}",
        "SANDBOX_BUILDS": str(builds),
        "PROMETHEUS_MULTIPROC_DIR": str(multiprocess),
        "PYTHONPATH": str(Path(__file__).resolve().parent.parent),
    }
    worker = [
        sys.executable,
        "-m",
        "celery",
        "-A",
        "sandbox.app:app",
        "worker",
        "--loglevel=WARNING",
        "-E",
        "--without-mingle",
        "--without-gossip",
    ]
    commands = {
        "outside": [sys.executable, "-m", "sandbox.outside", str(ports.outside), str(seed)],
        "service": [sys.executable, "-m", "sandbox.service", str(ports.service), str(seed)],
        "worker-1": [*worker, "-n", "fetch@sandbox", "-Q", "matches,default", "-P", "threads", "-c", "2"],
        "worker-2": [*worker, "-n", "analyze@sandbox", "-Q", "ai", "-P", "prefork", "-c", "2"],
    }
    if ports.prometheus:
        commands["prometheus"] = _prometheus(folder, ports)
    with ExitStack() as stack:
        stack.enter_context(run_valkey(folder / "valkey", ports.valkey))
        for name, command in commands.items():
            stack.enter_context(_child(name, command, folder, environment))
        database = stack.enter_context(run_postgres(folder / "postgres", ports.postgres))
        _migrate(database.url)
        _wait_for(f"http://127.0.0.1:{ports.service}/health")
        sys.stdout.write(json.dumps({"ready": True, **asdict(ports)}) + "\n")
        sys.stdout.flush()
        _ended.wait()


_ended = threading.Event()


def _migrate(url: str) -> None:
    """Bring the database to the newest revision of the service's own migrations."""
    from alembic import command
    from alembic.config import Config

    scripts = Path(__file__).resolve().parent.parent / "migrations" / "service"
    config = Config(cmd_opts=argparse.Namespace(x=[f"url={url}"]))
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    command.upgrade(config, "head")


def _prometheus(folder: Path, ports: Ports) -> list[str]:
    """The command of a Prometheus that scrapes the service every two seconds; its configuration is written here."""
    settings = {
        "global": {"scrape_interval": "2s", "scrape_timeout": "2s", "evaluation_interval": "5s"},
        "rule_files": [str(RULES)],
        "scrape_configs": [
            {
                "job_name": "chimera_app",
                "static_configs": [
                    {"targets": [f"127.0.0.1:{ports.service}"], "labels": {"service": "chimera-app"}}
                ],
            }
        ],
    }
    path = folder / "prometheus.yml"
    path.write_text(json.dumps(settings), encoding="utf-8")  # JSON is YAML
    return [
        "prometheus", f"--config.file={path}", f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{ports.prometheus}", "--log.level=warn",
    ]  # fmt: skip


class _child:  # noqa: N801  # a context manager that reads as a verb
    """A process with a log of its own; ended politely, then firmly, its own children with it."""

    def __init__(self, name: str, command: list[str], folder: Path, environment: dict[str, str]) -> None:
        self._log = (folder / f"{name}.log").open("ab")
        self._process = subprocess.Popen(
            command,
            stdout=self._log,
            stderr=self._log,
            stdin=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
            cwd=folder,
        )

    def __enter__(self) -> None:
        """It is running already."""

    def __exit__(self, *_: object) -> None:
        for how, patience in ((signal.SIGTERM, 2.0), (signal.SIGKILL, 5.0)):
            try:
                os.killpg(self._process.pid, how)
            except ProcessLookupError:
                break
            try:
                self._process.wait(patience)
            except subprocess.TimeoutExpired:
                continue
        self._log.close()


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while not _ended.is_set():
        try:
            with urlopen(url, timeout=2):  # noqa: S310  # our own address on loopback
                return
        except (URLError, OSError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _watch_parent() -> None:
    while sys.stdin.buffer.read(4096):
        pass
    _ended.set()


def main(arguments: list[str]) -> int:
    """See the module."""
    folder, ports, seed, keep = (
        Path(arguments[0]),
        Ports(*map(int, arguments[1].split(","))),
        int(arguments[2]),
        arguments[3] == "keep",
    )
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, lambda *_: _ended.set())
    threading.Thread(target=_watch_parent, daemon=True).start()
    try:
        run(folder, ports, seed)
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
