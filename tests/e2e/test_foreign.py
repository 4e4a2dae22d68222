"""The program against parts that it did not start: the distribution's servers where they are installed, wheels elsewhere.

Nothing here comes from the sandbox's stack but the means to run a server from a wheel.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
from celery import Celery
from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server

from sandbox.servers import free_port, run_postgres, run_valkey
from tests import waiting
from tests.postgres import open_folder
from tests.program import run_program
from tests.terminal import PROGRAM, Terminal

ROOT = Path(__file__).resolve().parent.parent.parent
DEBIAN_POSTGRES = Path("/usr/lib/postgresql/15/bin")
WAITING = 7

APP = """
import time
from celery import Celery
app = Celery("theirs", broker="{broker}", backend="{broker}")
@app.task(name="theirs.nap")
def nap(seconds):
    time.sleep(seconds)
"""


@dataclass(frozen=True)
class Foreign:
    """Where the parts listen, and the configuration that names them."""

    config: Path
    broker: str
    database: str
    metrics: str


@contextmanager
def process(command: list[str], log: Path, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as out:
        child = subprocess.Popen(command, stdout=out, stderr=out, **options)
    try:
        yield child
    finally:
        child.terminate()
        try:
            child.wait(80)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def until(what: str, probe: Any, seconds: float = 40) -> Any:
    """Poll until the probe gives something true; errors mean not yet."""
    deadline = waiting.deadline(seconds)
    while True:
        try:
            if found := probe():
                return found
        except (OSError, redis.RedisError, psycopg.Error):
            pass
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def start_broker(stack: ExitStack, folder: Path) -> str:
    if not (binary := shutil.which("redis-server")):
        return stack.enter_context(run_valkey(folder / "valkey")).url
    port = free_port()
    command = [binary, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    stack.enter_context(process(command, folder / "redis.log"))
    url = f"redis://127.0.0.1:{port}/0"
    until("Redis", lambda: redis.Redis.from_url(url).ping())
    return url


def start_database(stack: ExitStack, folder: Path) -> str:
    if not DEBIAN_POSTGRES.exists():
        return stack.enter_context(run_postgres(folder / "pg")).url
    data, port = folder / "pg", free_port()
    data.mkdir()
    as_user: dict[str, Any] = {"cwd": "/"}
    if os.geteuid() == 0:
        as_user["user"] = "nobody"
        shutil.chown(data, "nobody")
    subprocess.run(
        [DEBIAN_POSTGRES / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync"],
        check=True,
        capture_output=True,
        **as_user,
    )
    command = [
        str(DEBIAN_POSTGRES / "postgres"),
        "-D",
        str(data),
        "-h",
        "127.0.0.1",
        "-p",
        str(port),
        "-k",
        "",
    ]
    stack.enter_context(process(command, folder / "pg.log", **as_user))
    url = f"postgresql://postgres@127.0.0.1:{port}/postgres"

    def answers() -> bool:
        with psycopg.connect(url) as connection:
            return connection.execute("SELECT 1").fetchone() is not None

    until("Postgres", answers)
    return url


def start_metrics(stack: ExitStack, folder: Path) -> tuple[str, str]:
    """A page where a quarter of the requests fails, and a Prometheus over it if one is installed; the configuration of both."""
    registry = CollectorRegistry()
    requests = Counter("chimera_request_total", "Requests", ("service", "outcome"), registry=registry)
    Gauge("chimera_build_info", "Release", ("version",), registry=registry).labels("v7.7.7").set(1)
    page, port = free_port(), free_port()
    server, _ = start_http_server(page, "127.0.0.1", registry)
    stack.callback(server.server_close)
    stack.callback(server.shutdown)
    over = threading.Event()
    stack.callback(over.set)

    def live() -> None:
        while not over.wait(0.1):
            requests.labels("analyze", "success").inc(3)
            requests.labels("analyze", "failed").inc()

    threading.Thread(target=live, daemon=True).start()
    if not (binary := shutil.which("prometheus")):
        return (
            "scrape",
            f'[signals.scrape]\ntargets = [{{ url = "http://127.0.0.1:{page}/metrics", interval_s = 1 }}]',
        )
    job = {"job_name": "theirs", "static_configs": [{"targets": [f"127.0.0.1:{page}"]}]}
    gone = {"job_name": "gone", "static_configs": [{"targets": ["127.0.0.1:1"]}]}
    settings = {"global": {"scrape_interval": "1s"}, "scrape_configs": [job, gone]}
    (folder / "prometheus.yml").write_text(json.dumps(settings))
    command = [
        binary,
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/tsdb",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    stack.enter_context(process(command, folder / "prometheus.log"))
    return "prometheus", f'[signals.prometheus]\nurl = "http://127.0.0.1:{port}"'


@pytest.fixture(scope="module")
def foreign() -> Iterator[Foreign]:
    with ExitStack() as stack:
        folder = stack.enter_context(open_folder())
        source, metrics = start_metrics(stack, folder)
        broker = start_broker(stack, folder)
        database = start_database(stack, folder)
        subprocess.run(
            [
                sys.executable,
                "-m",
                "alembic",
                "-c",
                ROOT / "alembic.ini",
                "--name",
                "service",
                "-x",
                f"url={database}",
                "upgrade",
                "head",
            ],
            cwd=ROOT,
            check=True,
            capture_output=True,
        )
        (folder / "theirs.py").write_text(APP.format(broker=broker))
        worker = [
            sys.executable,
            "-m",
            "celery",
            "-A",
            "theirs",
            "worker",
            "-Q",
            "matches",
            "-P",
            "solo",
            "-n",
            "w@x",
        ]
        stack.enter_context(process(worker, folder / "worker.log", cwd=folder))
        app = Celery("theirs", broker=broker)
        for _ in range(WAITING):
            app.send_task("theirs.nap", (0,), queue="ai")  # nobody takes from this one
        app.send_task("theirs.nap", (0,), queue="matches")
        with redis.Redis.from_url(broker) as client:
            until("a worker that takes from matches", lambda: client.llen("matches") == 0)
        config = folder / "warroom.toml"
        config.write_text(
            f"""
[service]
name = "theirs"
profile = "chimera"
[signals]
metrics = ["{source}"]
{metrics}
[signals.redis]
url = "{broker}"
queues = ["matches", "ai"]
[signals.celery]
broker_url = "{broker}"
[signals.postgres]
url = "{database}"
"""
        )
        yield Foreign(config, broker, database, source)


def told(foreign: Foreign, *words: str) -> subprocess.CompletedProcess[str]:
    return run_program(*words, "--config", str(foreign.config), env=os.environ, cwd=Path.cwd())


def ratio(foreign: Foreign) -> float | None:
    answer = told(
        foreign,
        "query",
        "--json",
        'sum(rate(chimera_request_total{outcome="failed"}[1m])) / sum(rate(chimera_request_total[1m]))',
    )
    if answer.returncode:
        return None
    found = json.loads(answer.stdout)
    return float(found["result"][0]["value"][1]) if found["result"] else None


def test_a_query_tells_the_ratio_that_was_made(foreign: Foreign) -> None:
    assert until("two scrapes", lambda: ratio(foreign)) == pytest.approx(0.25, abs=0.03)


def test_the_status_tells_their_queues_their_release_and_their_schema(foreign: Foreign) -> None:
    answer = told(foreign, "status", "--json", "--wait", "10")
    panels = {panel["id"]: panel for panel in json.loads(answer.stdout)["panels"]}
    revision = next(reading for reading in panels["release"]["readings"] if reading["name"] == "revision")
    assert (revision["value"], revision["source"]) == (1, "postgres")
    queues = {reading["name"]: reading for reading in panels["queues"]["readings"]}
    assert queues["ai waiting"]["value"] == WAITING
    assert queues["matches waiting"]["value"] == 0
    errors = next(reading for reading in panels["slo"]["readings"] if reading["name"] == "errors 5m")
    assert errors["value"] == pytest.approx(0.25, abs=0.03)
    assert errors["source"] == foreign.metrics
    assert panels["slo"]["verdict"] == "burning"
    assert answer.returncode == 1


def test_the_doctor_tells_what_answers_and_what_nobody_exports(foreign: Foreign) -> None:
    lines = told(foreign, "doctor").stdout.splitlines()
    sound = [line.split(":")[0].split(maxsplit=1)[1] for line in lines if line.startswith("ok")]
    assert {"signals.redis", "metrics", "slo.errors 5m", "release.running"} <= set(sound)
    if foreign.metrics == "prometheus":
        (gone,) = [line for line in lines if line.startswith("BAD 127.0.0.1:1:")]
        assert "connection refused" in gone
    assert any(line.startswith("BAD") and "chimera_celery_queue_length" in line for line in lines)


def test_the_board_shows_their_release_and_their_failures(foreign: Foreign) -> None:
    terminal = Terminal([PROGRAM, "--config", str(foreign.config)], 120, 40)
    try:
        terminal.wait_for("v7.7.7", 40)
        terminal.wait_for("schema = head", 40)
        terminal.wait_for("SLO", 40)
    finally:
        terminal.press("q")
        assert terminal.wait_end(25) == 0
