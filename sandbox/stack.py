"""Starts the whole stack and takes it down: a process of its own that ends when its standard input does.

Whoever started it holds the other end of that pipe, so a killed parent, too, leaves nothing behind; for its own sudden
end it has a guard. `python -m sandbox.stack FOLDER PORTS SEED,LOAD,CONCURRENCY KEEP` prints one line of JSON when
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
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import urlopen

from core.errors import ConfigError
from core.message import say
from core.own_python import ROOT, module_command, own_environment
from sandbox.access import Access
from sandbox.children import Children
from sandbox.guard import lifeline_environment, start_guard
from sandbox.keys import write_keys
from sandbox.releases import FIRST, write_releases
from sandbox.servers import MAX_ANSWER_BYTES, ServerFailedError, free_port, is_free, run_postgres, run_valkey

if TYPE_CHECKING:
    from sandbox.settings import SandboxSettings

START_TIMEOUT_S = 40.0
RELEASES = "releases"
"""The folder of the service's releases within that of the sandbox."""
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
    """A port for each part that this machine can run: the configured one, or any that is free.

    Raises `ConfigError` where a configured port is taken: whoever listens there is left alone.
    """
    names = [field.name for field in fields(Ports)]
    configured = {name: 0 if settings is None else getattr(settings, f"{name}_port") for name in names}
    chosen = {port for port in configured.values() if port}
    for name, port in configured.items():
        if port and not is_free(port):
            raise ConfigError(say("sandbox.port_taken", name=f"{name}_port", port=port))
    for name in names:
        while not configured[name]:  # none is taken yet, so the same one may be found free twice
            if (port := free_port()) not in chosen:
                configured[name] = port
                chosen.add(port)
    if not shutil.which("prometheus") or (settings is not None and not settings.prometheus):
        configured["prometheus"] = 0
    return Ports(**configured)


def config_text(ports: Ports, access: Access) -> str:
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
profile = "chimera"

[signals]
metrics = {sources}
{prometheus if ports.prometheus else ""}
[signals.scrape]
rule_files = ["{RULES}"]
targets = [{{ url = "http://127.0.0.1:{ports.service}/metrics", interval_s = 2 }}]

[signals.redis]
url = "redis://127.0.0.1:{ports.valkey}/0"
password_file = {json.dumps(str(access.valkey_password_file))}
queues = ["matches", "ai", "default"]

[signals.celery]
broker_url = "redis://127.0.0.1:{ports.valkey}/0"
password_file = {json.dumps(str(access.valkey_password_file))}

[signals.postgres]
url = "postgresql://postgres@127.0.0.1:{ports.postgres}/postgres"
password_file = {json.dumps(str(access.postgres_password_file))}
migrations = {json.dumps(str(access.folder / RELEASES / "live" / "migrations"))}

[releases]
adapter = "own"
strategy = "blue-green"
name = "chimera"
timeout_s = 60

[releases.commands]
list = {_release_command(ports, access, "list")}
deploy = [{_release_command(ports, access, "deploy", "{slot}", "{version}")}]
switch = [{_release_command(ports, access, "switch", "{slot}")}]
environment = {{ PYTHONPATH = {json.dumps(str(ROOT))} }}

[releases.probe]
url = "http://127.0.0.1:{ports.service}/ready"
slots.blue = "http://127.0.0.1:{ports.service}/slots/blue/ready"
slots.green = "http://127.0.0.1:{ports.service}/slots/green/ready"

[releases.scripts]
alembic_ini = {json.dumps(str(access.folder / RELEASES / "{version}" / "migrations" / "alembic.ini"))}

[[releases.gates]]
id = "migrations"
argv = {json.dumps([sys.executable, "-P", "-m", "alembic", "-c", str(access.folder / RELEASES / "{version}" / "migrations" / "alembic.ini"), "heads"])}

[actions]  # what the profile says of a production that runs in containers, said of this one
checkout = {json.dumps(str(access.folder))}
folder = {json.dumps(str(access.folder / "runs"))}

[actions.staged_return]
queues = ["matches", "ai"]
rates = {{ "src.tasks.match_tasks.fetch_and_store_match" = "60/m", "src.tasks.analysis_tasks.analyze_match_task" = "60/m" }}
refusals = [
  {{ promql = '60 * sum(rate(chimera_riot_api_429_total[30s]))', expect = "< 20", unit = "1/min" }},
  {{ promql = '60 * sum(rate(chimera_discord_requests_total{{status=~"401|403|429",scope!="shared"}}[30s])) or 0 * sum(rate(chimera_riot_api_429_total[30s]))', expect = "< 50", unit = "1/min" }},
]

[actions.producers]
queues = ["matches"]

[actions.visuals]  # its pictures are texts
base_url = "http://127.0.0.1:{ports.service}/static/builds"
storage = "builds"
pattern = "*.json"
content_types = ["application/json"]

[actions.switches.cache]
file = {{ path = ".env", restart = {{ workers = true }} }}
positions = {{ on = {{ LLM_CACHE_ENABLED = "true" }}, off = {{ LLM_CACHE_ENABLED = "false" }} }}

[actions.switches.model]
http = {{ url = "http://127.0.0.1:{ports.service}", path = "/switches", token_file = {json.dumps(str(access.control_token_file))} }}
positions = {{ standard = {{ model = "standard" }}, fast = {{ model = "fast" }} }}

[actions.secrets.riot]
pattern = ""
restart = ["workers"]
prove.url = "http://127.0.0.1:{ports.outside}/riot/lol/status/v4/platform-data"
prove.headers = {{ X-Riot-Token = "{{value}}" }}

[actions.secrets.discord-bot]
pattern = ""
restart = ["workers"]
prove.url = "http://127.0.0.1:{ports.outside}/discord/users/@me"
prove.headers = {{ Authorization = "Bot {{value}}" }}

[actions.secrets.openai]
restart = ["workers"]
prove.url = "http://127.0.0.1:{ports.outside}/llm/models"
prove.headers = {{ Authorization = "Bearer {{value}}" }}

[actions.secrets.database]  # who starts the sandbox's servers gives them their passwords
write = []

[actions.secrets.broker]
write = []

[runbooks.addresses]  # what a check of a runbook asks the provider is asked of its stand-in
"https://na1.api.riotgames.com" = "http://127.0.0.1:{ports.outside}/riot"
"https://discord.com/api/v10" = "http://127.0.0.1:{ports.outside}/discord"
"""


def _release_command(ports: Ports, access: Access, *words: str) -> str:
    """The sandbox's deploy tool with the words of one of its verbs, as TOML."""
    verb, *rest = words
    where = (f"http://127.0.0.1:{ports.service}", str(access.control_header_file))
    return json.dumps(module_command("sandbox.release", verb, *where, *rest))


def run(folder: Path, ports: Ports, traffic: Traffic, lifeline: dict[str, str]) -> None:
    """Start everything, say so, wait for the end of standard input, take everything down.

    What the board shows first is started first; the workers, who import most, come last.
    """
    multiprocess = folder / "prom"
    multiprocess.mkdir()
    builds = folder / "builds"
    builds.mkdir()
    releases = folder / RELEASES
    write_releases(releases)
    keys = folder / ".env"
    write_keys(keys)
    access, nonce = Access(folder), secrets.token_urlsafe(16)
    valkey_password = access.valkey_password_file.read_text(encoding="utf-8")
    environment = own_environment(
        SANDBOX_REDIS=f"redis://:{valkey_password}@127.0.0.1:{ports.valkey}",
        SANDBOX_OUTSIDE=f"http://127.0.0.1:{ports.outside}",
        ALERTS_DISCORD_WEBHOOK=f"http://127.0.0.1:{ports.outside}/discord/webhooks/0/alerts",
        SANDBOX_POSTGRES=access.postgres_url(ports.postgres),
        SANDBOX_KEYS=str(keys),
        SANDBOX_BUILDS=str(builds),
        SANDBOX_TOKEN=access.token,
        SANDBOX_NONCE=nonce,
        PROMETHEUS_MULTIPROC_DIR=str(multiprocess),
        **lifeline,
    )
    options = ("--loglevel=WARNING", "-E", "--without-mingle", "--without-gossip")
    worker = module_command("sandbox.worker", "-A", "sandbox.app:app", "worker", *options)
    with (
        run_valkey(folder / "valkey", ports.valkey, password=valkey_password),
        Children(folder, environment) as children,
    ):
        load = [str(traffic.seed), str(traffic.load)]
        front = [str(ports.service), *load, str(releases)]
        children.start("service", module_command("sandbox.front", *front))
        if ports.prometheus:
            children.start("prometheus", _prometheus(folder, ports))
        stand_ins = [str(ports.outside), str(traffic.seed), str(keys)]
        children.start("outside", module_command("sandbox.outside", *stand_ins))
        for port in (ports.service, ports.outside):
            _wait_for(f"http://127.0.0.1:{port}/health", nonce, children)
        tasks = str(traffic.concurrency)
        fetch, analyze = (
            ("-Q", "matches,default", "-P", "threads", "-c", tasks),
            ("-Q", "ai", "-P", "prefork", "-c", tasks),
        )
        children.start("worker-1", [*worker, "-n", "fetch@sandbox", *fetch], again=True)
        children.start("worker-2", [*worker, "-n", "analyze@sandbox", *analyze], again=True)
        postgres_password = access.postgres_password_file.read_text(encoding="utf-8")
        with run_postgres(folder / "postgres", ports.postgres, postgres_password) as database:
            _migrate(database.url, releases)
            if ports.prometheus:  # its flags name the configuration that it was started with: ours
                url = f"http://127.0.0.1:{ports.prometheus}/api/v1/status/flags"
                _wait_for(url, str(folder / "prometheus.yml"), children)
            children.check()
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
    address = f"--web.listen-address=127.0.0.1:{ports.prometheus}"
    storage = f"--storage.tsdb.path={folder / 'tsdb'}"
    return ["prometheus", f"--config.file={path}", storage, address, "--log.level=warn"]


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
        run(folder, ports, traffic, lifeline)
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
