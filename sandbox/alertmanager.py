"""The stack's Alertmanager: what fires becomes a message in the Discord stand-in, by way of the service's page of alerts."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.access import Access


def alertmanager_program() -> str | None:
    """Under its own name, or under the one that Debian gives it."""
    return shutil.which("alertmanager") or shutil.which("prometheus-alertmanager")


def alertmanager_command(folder: Path, port: int, service: int, access: Access) -> list[str]:
    """Its command; its configuration is written here. Silences stay in its folder, so that it can be started again."""
    page = {
        "url": f"http://127.0.0.1:{service}/alerts",
        "http_config": {"authorization": {"credentials_file": str(access.alerts_token_file)}},
    }
    route = {"receiver": "discord", "group_by": ["alertname"], "group_wait": "2s", "group_interval": "10s"}
    settings = {"route": route, "receivers": [{"name": "discord", "webhook_configs": [page]}]}
    path = folder / "alertmanager.yml"
    path.write_text(json.dumps(settings), encoding="utf-8")  # JSON is YAML
    return [
        alertmanager_program() or "alertmanager",
        f"--config.file={path}",
        f"--storage.path={folder / 'alertmanager'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
        "--log.level=warn",
    ]
