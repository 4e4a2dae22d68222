"""A real Prometheus that scrapes the sandbox's service, where it is installed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.ports import Ports

RULES = Path(__file__).resolve().with_name("alerts.yml")


def prometheus_command(folder: Path, ports: Ports) -> list[str]:
    """The command of a Prometheus that scrapes the service every two seconds; its configuration is written here."""
    settings: dict[str, object] = {
        "global": {"scrape_interval": "2s", "scrape_timeout": "2s", "evaluation_interval": "2s"},
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
    if ports.alertmanager:
        targets = [{"targets": [f"127.0.0.1:{ports.alertmanager}"]}]
        settings["alerting"] = {"alertmanagers": [{"static_configs": targets}]}
    path = folder / "prometheus.yml"
    path.write_text(json.dumps(settings), encoding="utf-8")  # JSON is YAML
    address = f"--web.listen-address=127.0.0.1:{ports.prometheus}"
    storage = f"--storage.tsdb.path={folder / 'tsdb'}"
    return ["prometheus", f"--config.file={path}", storage, address, "--log.level=warn"]
