"""What stands around here that Warroom can watch: looked for by `warroom init`. Values of secrets are never kept."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DATABASE = ("DATABASE_URL", "POSTGRES_URL", "POSTGRES_DSN")
BROKER = ("CELERY_BROKER_URL", "BROKER_URL", "REDIS_URL")
PROMETHEUS = ("PROMETHEUS_URL",)


@dataclass(frozen=True, slots=True)
class Found:
    """Names of variables, addresses and files; empty where nothing was found."""

    exported: tuple[str, ...]
    in_dotenv: tuple[str, ...]
    prometheus: str
    alembic_ini: str
    celery_app: str
    rule_files: tuple[str, ...]

    def variable(self, names: tuple[str, ...]) -> tuple[str, bool]:
        """The first of `names` that is set somewhere, and whether this process has it."""
        for known, exported in ((self.exported, True), (self.in_dotenv, False)):
            for name in names:
                if name in known:
                    return name, exported
        return "", False


def discover(folder: Path, environment: Mapping[str, str]) -> Found:
    """Look into `folder`, the environment, and whether a Prometheus answers on its usual port."""
    wanted = (*DATABASE, *BROKER, *PROMETHEUS)
    dotenv = re.findall(r"^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*\S", _text(folder / ".env"), re.MULTILINE)
    rules = [
        path
        for pattern in ("*.yml", "*.yaml", "*/*.yml", "*/*.yaml")
        for path in sorted(folder.glob(pattern))
        if re.search(r"^\s*-\s*alert:", _text(path), re.MULTILINE)
    ]
    sources = [path for pattern in ("*.py", "*/*.py") for path in sorted(folder.glob(pattern))]
    celery = next((path for path in sources if re.search(r"=\s*Celery\(", _text(path))), None)
    return Found(
        exported=tuple(name for name in wanted if environment.get(name)),
        in_dotenv=tuple(name for name in wanted if name in dotenv),
        prometheus=_prometheus("http://127.0.0.1:9090"),
        alembic_ini="alembic.ini" if (folder / "alembic.ini").is_file() else "",
        celery_app=str(celery.relative_to(folder)) if celery else "",
        rule_files=tuple(str(path.relative_to(folder)) for path in rules),
    )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace") if path.stat().st_size < 1_000_000 else ""
    except OSError:
        return ""


def _prometheus(url: str) -> str:
    import httpx

    try:
        answer = httpx.get(f"{url}/api/v1/status/buildinfo", timeout=1.0, trust_env=False)
    except httpx.HTTPError:
        return ""
    return url if answer.is_success and '"success"' in answer.text[:200] else ""
