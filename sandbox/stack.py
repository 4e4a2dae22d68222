"""Starts the whole stack and takes it down: a process of its own that ends when its standard input does.

Whoever started it holds the other end of that pipe, so a killed parent, too, leaves nothing behind; for its own sudden
end it has a guard. `python -m sandbox.stack FOLDER PORTS SEED,LOAD,CONCURRENCY KEEP` prints one line of JSON when
everything answers, or when something did not come up.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import threading
import time
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import urlopen

from core.own_python import ROOT, module_command, own_environment
from sandbox.children import Children
from sandbox.guard import stand_guard
from sandbox.keys import write_keys
from sandbox.servers import free_port, run_postgres, run_valkey

if TYPE_CHECKING:
    from sandbox.settings import SandboxSettings

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


@dataclass(frozen=True, slots=True)
class Traffic:
    """How the community behaves, and how many tasks each worker runs at a time (`sandbox.settings`)."""

    seed: int = 1
    load: float = 1.0
    concurrency: int = 2


def choose_ports(settings: SandboxSettings | None = None) -> Ports:
    """A port for each part that this machine can run: the wished one, or any that is free."""
    names = [field.name for field in fields(Ports)]
    wished = {name: 0 if settings is None else getattr(settings, f"{name}_port") for name in names}
    chosen = {port for port in wished.values() if port}
    for name in names:
        while not wished[name]:  # none is taken yet, so the same one may be found free twice
            if (port := free_port()) not in chosen:
                wished[name] = port
                chosen.add(port)
    if not shutil.which("prometheus") or (settings is not None and not settings.prometheus):
        wished["prometheus"] = 0
    return Ports(**wished)


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

[runbooks.addresses]  # what a check of a runbook asks the provider is asked of its stand-in
"https://na1.api.riotgames.com" = "http://127.0.0.1:{ports.outside}/riot"
"https://discord.com/api/v10" = "http://127.0.0.1:{ports.outside}/discord"
"""


def run(folder: Path, ports: Ports, traffic: Traffic) -> None:
    """Start everything, say so, wait for the end of standard input, take everything down.

    What the board shows first is started first; the workers, who import most, come last.
    """
    multiprocess = folder / "prom"
    multiprocess.mkdir()
    builds = folder / "builds"
    builds.mkdir()
    keys = folder / ".env"
    write_keys(keys)
    environment = own_environment(
        SANDBOX_REDIS=f"redis://127.0.0.1:{ports.valkey}",
        SANDBOX_OUTSIDE=f"http://127.0.0.1:{ports.outside}",
        ALERTS_DISCORD_WEBHOOK=f"http://127.0.0.1:{ports.outside}/discord/webhooks/0/alerts",
        SANDBOX_KEYS=str(keys),
        SANDBOX_BUILDS=str(builds),
        PROMETHEUS_MULTIPROC_DIR=str(multiprocess),
    )
    options = ("--loglevel=WARNING", "-E", "--without-mingle", "--without-gossip")
    worker = module_command("sandbox.worker", "-A", "sandbox.app:app", "worker", *options)
    with run_valkey(folder / "valkey", ports.valkey), Children(folder, environment) as children:
        load = [str(traffic.seed), str(traffic.load)]
        children.start("service", module_command("sandbox.service", str(ports.service), *load))
        if ports.prometheus:
            children.start("prometheus", _prometheus(folder, ports))
        stand_ins = [str(ports.outside), str(traffic.seed), str(keys)]
        children.start("outside", module_command("sandbox.outside", *stand_ins))
        _wait_for(f"http://127.0.0.1:{ports.service}/health", children)
        tasks = str(traffic.concurrency)
        fetch, analyze = (
            ("-Q", "matches,default", "-P", "threads", "-c", tasks),
            ("-Q", "ai", "-P", "prefork", "-c", tasks),
        )
        children.start("worker-1", [*worker, "-n", "fetch@sandbox", *fetch])
        children.start("worker-2", [*worker, "-n", "analyze@sandbox", *analyze])
        with run_postgres(folder / "postgres", ports.postgres) as database:
            _migrate(database.url)
            children.check()
            _tell({"ready": True, **asdict(ports), "env": str(keys)})
            _ended.wait()


_ended = threading.Event()


def _tell(fact: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(fact) + "\n")
    sys.stdout.flush()


def _migrate(url: str) -> None:
    """Bring the database to the newest revision of the service's own migrations."""
    from alembic import command
    from alembic.config import Config

    scripts = ROOT / "migrations" / "service"
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


def _wait_for(url: str, children: Children) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while not _ended.is_set():
        children.check()
        try:
            with urlopen(url, timeout=2):  # noqa: S310  # our own address on loopback
                return
        except (URLError, OSError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _watch_parent() -> None:
    while os.read(0, 4096):  # not `sys.stdin`: a reader that holds its lock aborts the interpreter at the end
        pass
    _ended.set()


def main(arguments: list[str]) -> int:
    """See the module."""
    folder, ports, keep = (
        Path(arguments[0]),
        Ports(*map(int, arguments[1].split(","))),
        arguments[3] == "keep",
    )
    seed, load, concurrency = arguments[2].split(",")
    traffic = Traffic(int(seed), float(load), int(concurrency))
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, lambda *_: _ended.set())
    stand_guard(folder, _ended.set, keep=keep)
    threading.Thread(target=_watch_parent, daemon=True).start()
    try:
        run(folder, ports, traffic)
    except Exception as error:
        first, *log = str(error).strip().splitlines() or [type(error).__name__]
        _tell({"ready": False, "detail": " ".join([first, *log[-1:]])})
        raise
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
