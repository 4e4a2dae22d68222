"""A real Prometheus and a real Alertmanager, as Debian packages them, with whatever rules and routes a test needs."""

from __future__ import annotations

import shutil
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import yaml

from sandbox.servers import free_port
from tests import plain_http, waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ALERTMANAGER = shutil.which("alertmanager") or shutil.which("prometheus-alertmanager")
PROMETHEUS = shutil.which("prometheus")
DEADLINE_S = 30.0


def missing() -> str:
    """Which program is not installed here, as the reason to skip."""
    return "" if ALERTMANAGER and PROMETHEUS else "needs prometheus and alertmanager on PATH"


def eventually(what: Callable[[], Any], why: str) -> Any:
    """What `what` answers, as soon as that is not empty; it may fail until then."""
    deadline, last = waiting.deadline(DEADLINE_S), ""
    while time.monotonic() < deadline:
        try:
            if answer := what():
                return answer
        except (httpx.HTTPError, ValueError, KeyError, IndexError) as error:
            last = repr(error)
        time.sleep(0.05)
    raise AssertionError(f"{why} {last}")


def get(url: str, **params: str) -> Any:
    """The JSON that a server answers."""
    return plain_http.get(url, params=params).raise_for_status().json()


@contextmanager
def alertmanager(folder: Path, config: dict[str, Any] | None = None, port: int = 0) -> Iterator[str]:
    """An Alertmanager; its address. Silences stay in `folder`, so that one may be started again."""
    folder.mkdir(exist_ok=True)
    quiet = {"route": {"receiver": "none", "group_wait": "1s"}, "receivers": [{"name": "none"}]}
    (folder / "alertmanager.yml").write_text(yaml.safe_dump({**quiet, **(config or {})}))
    address = f"127.0.0.1:{port or free_port()}"
    command = [
        str(ALERTMANAGER),
        f"--config.file={folder}/alertmanager.yml",
        f"--storage.path={folder}/data",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
    ]
    with _running(command, folder / "alertmanager.log"):
        eventually(lambda: get(f"http://{address}/api/v2/status"), "Alertmanager did not come up")
        yield f"http://{address}"


@contextmanager
def prometheus(
    folder: Path,
    rules: list[dict[str, Any]],
    *,
    managers: tuple[str, ...] = (),
    external: dict[str, str] | None = None,
    config: dict[str, Any] | None = None,
    evaluated: bool = True,
    history: str = "",
) -> Iterator[str]:
    """A Prometheus over these alert rules, once it has evaluated them; it scrapes itself.

    `history` is OpenMetrics text of samples that it has from earlier.
    """
    folder.mkdir(exist_ok=True)
    if history:
        (folder / "history.om").write_text(history)
        promtool = [
            "promtool",
            "tsdb",
            "create-blocks-from",
            "openmetrics",
            f"{folder}/history.om",
            f"{folder}/tsdb",
        ]
        subprocess.run(promtool, check=True, stdout=subprocess.DEVNULL)
    address = f"127.0.0.1:{free_port()}"
    (folder / "rules.yml").write_text(
        yaml.safe_dump({"groups": [{"name": "g", "interval": "1s", "rules": rules}]})
    )
    whole = {
        "global": {
            "scrape_interval": "1s",
            "evaluation_interval": "1s",
            "external_labels": external or {},
        },
        "rule_files": [f"{folder}/rules.yml"],
        "scrape_configs": [{"job_name": "self", "static_configs": [{"targets": [address]}]}],
        "alerting": {
            "alertmanagers": [
                {"static_configs": [{"targets": [manager.removeprefix("http://") for manager in managers]}]}
            ]
        },
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump({**whole, **(config or {})}))
    command = [
        str(PROMETHEUS),
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/tsdb",
        f"--web.listen-address={address}",
        # What fired before it has found its Alertmanagers (5 s) would be sent again after a minute only.
        "--rules.alert.resend-delay=1s",
    ]
    with _running(command, folder / "prometheus.log"):
        if evaluated and rules:
            eventually(lambda: _evaluated(address), "Prometheus did not evaluate its rules")
        else:
            eventually(lambda: get(f"http://{address}/api/v1/rules"), "Prometheus did not come up")
        yield f"http://{address}"


def silence(manager: str, *matchers: tuple[str, str], regex: bool = False, after_s: float = 0.0) -> str:
    """Silences for an hour what meets the matchers; `after_s` from now. Returns its id."""
    begins = time.time() + after_s
    body = {
        "matchers": [
            {"name": name, "value": value, "isRegex": regex, "isEqual": True} for name, value in matchers
        ],
        "startsAt": _rfc3339(begins),
        "endsAt": _rfc3339(begins + 3600),
        "createdBy": "op1",
        "comment": "known",
    }
    answer = plain_http.post(f"{manager}/api/v2/silences", json=body).raise_for_status()
    return str(answer.json()["silenceID"])


def post_alert(manager: str, **labels: str) -> None:
    """An alert that somebody else than a Prometheus sends."""
    plain_http.post(f"{manager}/api/v2/alerts", json=[{"labels": labels}]).raise_for_status()


def held(manager: str) -> dict[str, dict[str, Any]]:
    """What an Alertmanager holds, by name."""
    return {alert["labels"]["alertname"]: alert for alert in get(f"{manager}/api/v2/alerts")}


def _evaluated(address: str) -> bool:
    (group,) = get(f"http://{address}/api/v1/rules")["data"]["groups"]
    return all(not rule["lastEvaluation"].startswith("0001-") for rule in group["rules"])


def _rfc3339(at: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


@contextmanager
def _running(command: list[str], log: Path) -> Iterator[None]:
    with log.open("ab") as output:
        server = subprocess.Popen(command, stdout=output, stderr=output)
        try:
            yield
        finally:
            server.terminate()
            server.wait(80)
