"""`warroom doctor --repo`: what a repository asks for, against a page and a Prometheus that are live."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from sandbox.servers import free_port
from tests import plain_http, waiting
from tests.bad_servers import answer, serve
from tests.tui.config.test_config import warroom
from tui.doctor.repo import manuals

if TYPE_CHECKING:
    from collections.abc import Iterator

CODE = """from prometheus_client import Counter, Gauge

DONE = Counter("mill_sacks_total", "Sacks", ["grain"])
WIND = Gauge("mill_wind_speed", "Wind")
"""
RULES = """groups:
  - name: mill
    rules:
      - {alert: MillStands, expr: "rate(mill_sacks_total[5m]) == 0"}
      - {alert: MillBlown, expr: mill_wind_speed > 30}
      - {alert: MillNoGrain, expr: 'mill_sacks_total{crop="rye"} < 1'}
      - {alert: MillBurns, expr: mill_fire_total > 0 or absent(mill_smoke)}
"""
PAGE = b'mill_sacks_total{grain="rye"} 7\nmill_sacks_total{grain="oat"} 1\n'


@contextmanager
def page() -> Iterator[str]:
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
        % len(PAGE)
    )
    with serve(answer(head + PAGE)) as url:
        yield url


def repository(folder: Path, target: str = "mill:9000") -> Path:
    root = folder / "repo"
    (root / "docs").mkdir(parents=True)
    (root / "mill.py").write_text(CODE)
    (root / "rules.yml").write_text(RULES)
    (root / "prometheus.yml").write_text(
        f"scrape_configs:\n  - job_name: mill\n    static_configs:\n      - targets: ['{target}', 'old:9000']\n"
    )
    (root / "docs" / "runbook.md").write_text("# Mill\n\nLook at `rate(mill_stones_total[5m])`.\n")
    return root


def told(folder: Path, root: Path, config: str) -> dict[str, str]:
    """What is said about each place of the repository, when it is bad."""
    path = folder / "warroom.toml"
    path.write_text(config)
    done = warroom("doctor", "--json", "--config", str(path), "--repo", str(root), folder=folder)
    assert done.returncode == 1, done.stderr
    found = [
        one for one in json.loads(done.stdout) if one["check"] in ("repo", "rule", "target") and not one["ok"]
    ]
    assert all(one["fix"] for one in found)
    return {one["where"]: f"{one['what']} {one['fix']}" for one in found}


def test_what_is_not_there_now_is_told_with_its_line(tmp_path: Path) -> None:
    with page() as url:
        found = told(tmp_path, repository(tmp_path), f'[signals.scrape]\ntargets = [{{ url = "{url}" }}]\n')
    assert sorted(found) == ["docs/runbook.md:3", "rules.yml:5", "rules.yml:6", "rules.yml:7"]
    assert "mill_stones_total" in found["docs/runbook.md:3"]
    assert "mill.py:4" in found["rules.yml:5"], "the code defines it, so a process is missing"
    assert "crop" in found["rules.yml:6"]
    assert "mill_fire_total" in found["rules.yml:7"]


def test_manuals_are_found_by_name_and_folder(tmp_path: Path) -> None:
    for name in (
        "docs/RUNBOOK.md",
        "运维手册.md",
        "runbooks/a.md",
        "README.md",
        "docs/guide.md",
        "runbooks/a.py",
    ):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("")
    assert sorted(path.relative_to(tmp_path).as_posix() for path in manuals(tmp_path)) == [
        "docs/RUNBOOK.md",
        "runbooks/a.md",
        "运维手册.md",
    ]


if shutil.which("prometheus"):

    def test_targets_and_alerts_are_compared_with_a_live_prometheus(tmp_path: Path) -> None:
        with page() as url:
            address = url.removeprefix("http://").rstrip("/")
            root = repository(tmp_path, address)
            live = RULES.replace("> 30", "> 40").replace("{alert: MillNoGrain", "{alert: MillElse")
            (tmp_path / "live.yml").write_text(live)
            with prometheus(tmp_path, address) as server:
                found = told(tmp_path, root, f'[signals.prometheus]\nurl = "{server}"\n')
        assert "old:9000" in found["prometheus.yml:4"]
        assert "MillNoGrain" in found["rules.yml:6"]
        assert "MillBlown" in found["rules.yml:5"]
        assert "rules.yml:4" not in found, "it is evaluated as it is written"


@contextmanager
def prometheus(folder: Path, target: str) -> Iterator[str]:
    """A Prometheus that scrapes `target` as job `mill`, once it has evaluated its rules."""
    (folder / "live-prometheus.yml").write_text(
        f"global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nrule_files: [{folder}/live.yml]\n"
        f"scrape_configs: [{{job_name: mill, static_configs: [{{targets: ['{target}']}}]}}]\n"
    )
    port = free_port()
    command = [
        "prometheus",
        f"--config.file={folder}/live-prometheus.yml",
        f"--storage.tsdb.path={folder}/tsdb",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (folder / "prometheus.log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            wait(f"http://127.0.0.1:{port}")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(80)


def wait(url: str) -> None:
    deadline = waiting.deadline(30)
    while time.monotonic() < deadline:
        try:
            groups = plain_http.get(f"{url}/api/v1/rules").json()["data"]["groups"]
            up = plain_http.get(f"{url}/api/v1/query", params={"query": "mill_sacks_total"}).json()
            if up["data"]["result"] and not groups[0]["lastEvaluation"].startswith("0001-"):
                return
        except (httpx.HTTPError, ValueError, KeyError, IndexError):  # 'Service Unavailable' is no JSON
            pass
        time.sleep(0.2)
    raise AssertionError("Prometheus did not come up")
