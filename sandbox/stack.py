"""Starts the whole stack and takes it down: a process of its own that ends when its standard input does.

Whoever started it holds the other end of that pipe, so a killed parent, too, leaves nothing behind; for its own sudden
end it has a guard. `python -m sandbox.stack FOLDER PORTS SEED,LOAD,CONCURRENCY KEEP STRATEGY` prints one line of JSON when
everything answers, or when something did not come up.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shutil
import signal
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from core.own_python import module_command, own_environment
from sandbox.access import Access
from sandbox.alertmanager import alertmanager_command
from sandbox.breakages import control
from sandbox.breakages.ledger import Ledger
from sandbox.breakages.model import Stack
from sandbox.breakages.state import FILE, VARIABLE
from sandbox.children import Children
from sandbox.guard import lifeline_environment, start_guard
from sandbox.keys import ENV_FILE, write_keys
from sandbox.ports import Ports
from sandbox.prometheus import prometheus_command
from sandbox.release_config import RELEASES
from sandbox.releases import FIRST, write_releases
from sandbox.rolling import WORKERS, write_instances
from sandbox.servers import MAX_ANSWER_BYTES, ServerFailedError, run_postgres
from sandbox.valkey import Valkey

START_TIMEOUT_S = 40.0


@dataclass(frozen=True, slots=True)
class Traffic:
    """How the community behaves, and how many tasks each worker runs at a time (`sandbox.settings`)."""

    seed: int = 1
    load: float = 1.0
    concurrency: int = 2


def run(folder: Path, ports: Ports, traffic: Traffic, strategy: str, lifeline: dict[str, str]) -> None:
    """Start everything, say so, wait for the end of standard input, take everything down.

    What the board shows first is started first; the workers, who import most, come last.
    """
    multiprocess = folder / "prom"
    multiprocess.mkdir()
    builds = folder / "builds"
    builds.mkdir()
    releases = folder / RELEASES
    write_releases(releases)
    if strategy == "rolling":
        write_instances(releases, FIRST)
    keys = folder / ENV_FILE
    write_keys(keys)
    access, nonce = Access(folder), secrets.token_urlsafe(16)
    valkey_password = access.valkey_password_file.read_text(encoding="utf-8")
    environment = own_environment(
        SANDBOX_REDIS=f"redis://:{valkey_password}@127.0.0.1:{ports.valkey}",
        SANDBOX_OUTSIDE=f"http://127.0.0.1:{ports.outside}",
        ALERT_WEBHOOK_SECRET=access.alerts_token_file.read_text(encoding="utf-8"),
        ALERTS_DISCORD_WEBHOOK=f"http://127.0.0.1:{ports.outside}/discord/webhooks/0/alerts",
        SANDBOX_POSTGRES=access.postgres_url(ports.postgres),
        SANDBOX_KEYS=str(keys),
        SANDBOX_BUILDS=str(builds),
        SANDBOX_LIVE=str(releases / "live"),
        SANDBOX_TOKEN=access.token,
        SANDBOX_NONCE=nonce,
        **{VARIABLE: str(folder / FILE)},
        PROMETHEUS_MULTIPROC_DIR=str(multiprocess),
        **lifeline,
    )
    options = ("--loglevel=WARNING", "-E", "--without-mingle", "--without-gossip")
    worker = module_command("sandbox.worker", "-A", "sandbox.app:app", "worker", *options)
    with (
        Valkey(folder / "valkey", ports.valkey, valkey_password) as valkey,
        Children(folder, environment) as children,
    ):
        load = [str(traffic.seed), str(traffic.load)]
        front = [str(ports.service), *load, str(releases)]
        children.start("service", module_command("sandbox.front", *front))
        if ports.prometheus:
            children.start("prometheus", prometheus_command(folder, ports))
        if ports.alertmanager:
            children.start(
                "alertmanager", alertmanager_command(folder, ports.alertmanager, ports.service, access)
            )
        stand_ins = [str(ports.outside), str(traffic.seed), str(keys)]
        children.start("outside", module_command("sandbox.outside", *stand_ins))
        for port in (ports.service, ports.outside):
            _wait_for(f"http://127.0.0.1:{port}/health", nonce, children)
        tasks = str(traffic.concurrency)
        fetch, analyze = (
            ("-Q", "matches,default", "-P", "threads", "-c", tasks),
            ("-Q", "ai", "-P", "prefork", "-c", tasks),
        )
        for (name, child), queues in zip(WORKERS.items(), (fetch, analyze), strict=True):
            children.start(child, [*worker, "-n", name, *queues], again=True)
        postgres_password = access.postgres_password_file.read_text(encoding="utf-8")
        with run_postgres(folder / "postgres", ports.postgres, postgres_password) as database:
            _migrate(database.url, releases)
            if ports.prometheus:  # its flags name the configuration that it was started with: ours
                url = f"http://127.0.0.1:{ports.prometheus}/api/v1/status/flags"
                _wait_for(url, str(folder / "prometheus.yml"), children)
            if ports.alertmanager:  # its configuration names the page that its alerts go to: ours
                url = f"http://127.0.0.1:{ports.alertmanager}/api/v2/status"
                _wait_for(url, f"127.0.0.1:{ports.service}/alerts", children)
            children.check()
            children.is_up = True
            stack = Stack(folder=folder, ports=asdict(ports), access=access, children=children, valkey=valkey)
            control.serve(folder, Ledger(stack))
            _report(
                {
                    "ready": True,
                    **asdict(ports),
                    "env": str(keys),
                    "postgres_url": access.postgres_url(ports.postgres),
                    "valkey_password_file": str(access.valkey_password_file),
                    "control_header_file": str(access.control_header_file),
                }
            )
            _ended.wait()


_ended = threading.Event()


def _report(fact: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(fact) + "\n")
    sys.stdout.flush()


def _migrate(url: str, releases: Path) -> None:
    """Bring the database to the newest revision of the release that runs at the start."""
    from alembic import command
    from alembic.config import Config

    scripts = releases / FIRST / "migrations"
    config = Config(cmd_opts=argparse.Namespace(x=[f"url={url}"]))
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    command.upgrade(config, "head")


def _wait_for(url: str, proof: str, children: Children) -> None:
    """Wait until `url` answers with `proof` in its body: a foreign server on the port is never taken for ours."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while not _ended.is_set():
        children.check()
        try:
            with urlopen(url, timeout=2) as answer:  # noqa: S310  # our own address on loopback
                if proof.encode() in answer.read(MAX_ANSWER_BYTES):
                    return
        except (URLError, OSError):
            pass  # nobody listens yet
        if time.monotonic() > deadline:
            raise ServerFailedError(f"{url} is not answered by the sandbox's own server")
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
    read = start_guard(folder, _ended.set, keep=keep)
    lifeline = lifeline_environment(read, folder, keep=keep)
    threading.Thread(target=_watch_parent, daemon=True).start()
    try:
        run(folder, ports, traffic, arguments[4], lifeline)
    except Exception as error:
        first, *log = str(error).strip().splitlines() or [type(error).__name__]
        _report({"ready": False, "detail": " ".join([first, *log[-1:]])})
        raise
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
