"""A real Prometheus over the capture, and the corpus of its answers for machines that have none.

`python -m tests.signals.metrics.promql.oracle` records the corpus anew.
"""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from sandbox.servers import free_port
from tests import plain_http
from tests.signals.metrics.promql.capture import QUERY_TIMES, START, write
from tests.signals.metrics.promql.expressions import FIXED, generated

if TYPE_CHECKING:
    from collections.abc import Iterator

CORPUS = Path(__file__).parent / "corpus.json.gz"
GENERATED = 600
SPAN = (START + 1802.25, START + 3330.25, 60.0)
"""It does not end with a step: `@ end()` is the end of the range, not its last step."""


def questions() -> list[tuple[str, float]]:
    """Expressions with the time to evaluate them at."""
    fixed = [(expr, at) for expr in FIXED for at in QUERY_TIMES]
    return fixed + [(expr, QUERY_TIMES[i % len(QUERY_TIMES)]) for i, expr in enumerate(generated(GENERATED))]


@contextmanager
def prometheus(folder: Path, samples: Path) -> Iterator[httpx.Client]:
    """Prometheus with a file of samples (OpenMetrics text) as its only data."""
    data = folder / "data"
    subprocess.run(
        ["promtool", "tsdb", "create-blocks-from", "openmetrics", str(samples), str(data)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    with serving(folder) as client:
        yield client


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[httpx.Client]:
    """Prometheus over the blocks in the folder's `data`; it scrapes nothing."""
    (folder / "prometheus.yml").write_text("global: {scrape_interval: 1h}\n")
    port = free_port()
    with (folder / "prometheus.log").open("wb") as log:
        server = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={folder}/prometheus.yml",
                f"--storage.tsdb.path={folder}/data",
                "--storage.tsdb.retention.time=100y",
                f"--web.listen-address=127.0.0.1:{port}",
                *options,
            ],
            stdout=log,
            stderr=log,
        )
    try:
        with plain_http.open_client(base_url=f"http://127.0.0.1:{port}", timeout=80) as client:
            for _ in range(200):
                try:
                    if client.get("/-/ready").status_code == 200:
                        break
                except httpx.TransportError:
                    pass
                time.sleep(0.1)
            yield client
    finally:
        server.terminate()
        server.wait(80)


def ask(client: httpx.Client, expr: str, at: float) -> dict[str, Any]:
    """Its `data`, or {"error": …}."""
    body = client.post("/api/v1/query", data={"query": expr, "time": repr(at)}).json()
    return body["data"] if body["status"] == "success" else {"error": body["error"]}


def ask_span(client: httpx.Client, expr: str) -> dict[str, Any]:
    """Its matrix over SPAN, or {"error": …}."""
    start, end, step = SPAN
    body = client.post(
        "/api/v1/query_range", data={"query": expr, "start": start, "end": end, "step": step}
    ).json()
    return body["data"] if body["status"] == "success" else {"error": body["error"]}


def record() -> None:
    """Ask everything and write the corpus: the fixed questions and a tenth of the generated ones."""
    with (
        tempfile.TemporaryDirectory() as folder,
        prometheus(Path(folder), write(Path(folder) / "capture.om")) as client,
    ):
        version = client.get("/api/v1/status/buildinfo").json()["data"]["version"]
        asked = questions()
        few = asked[: len(FIXED) * len(QUERY_TIMES)] + asked[len(FIXED) * len(QUERY_TIMES) :: 10]
        rows = [[expr, at, ask(client, expr, at)] for expr, at in few]
    CORPUS.write_bytes(gzip.compress(json.dumps({"version": version, "rows": rows}).encode(), mtime=0))
    sys.stdout.write(f"{len(rows)} answers of Prometheus {version}, {CORPUS.stat().st_size} bytes\n")


def installed() -> bool:
    """Whether a Prometheus can be started here."""
    return shutil.which("prometheus") is not None and shutil.which("promtool") is not None


if __name__ == "__main__":
    record()
