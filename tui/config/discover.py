"""What this folder and environment hold that Warroom can watch, for `warroom init`. Values of secrets are never kept."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.files import read_text
from profiles.profile import recognised

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DATABASE = ("DATABASE_URL", "POSTGRES_URL", "POSTGRES_DSN")
BROKER = ("CELERY_BROKER_URL", "BROKER_URL", "REDIS_URL")
PROMETHEUS = ("PROMETHEUS_URL",)


@dataclass(frozen=True, slots=True)
class Discovery:
    """Names of variables, addresses and files; empty where nothing was found."""

    exported: tuple[str, ...]
    in_dotenv: tuple[str, ...]
    prometheus: str
    alembic_ini: str
    celery_app: str
    rule_files: tuple[str, ...]
    targets: tuple[str, ...] = ()
    profile: str = ""

    def variable(self, names: tuple[str, ...]) -> tuple[str, bool]:
        """The first of `names` that is set somewhere, and whether this process has it."""
        for known, exported in ((self.exported, True), (self.in_dotenv, False)):
            for name in names:
                if name in known:
                    return name, exported
        return "", False


def discover(folder: Path, environment: Mapping[str, str]) -> Discovery:
    """Look into `folder`, the environment, and whether a Prometheus answers on its usual port."""
    names = (*DATABASE, *BROKER, *PROMETHEUS)
    dotenv = re.findall(r"^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*\S", _text(folder / ".env"), re.MULTILINE)
    rules = [
        path
        for pattern in ("*.yml", "*.yaml", "*/*.yml", "*/*.yaml")
        for path in sorted(folder.glob(pattern))
        if re.search(r"^\s*-\s*alert:", _text(path), re.MULTILINE)
    ]
    prometheus = _prometheus("http://127.0.0.1:9090")
    metrics = {word for path in rules for word in re.findall(r"[a-zA-Z_:][\w:]*", _text(path))}
    profile = recognised(metrics | _metric_names(prometheus), _queues(folder))
    return Discovery(
        exported=tuple(name for name in names if environment.get(name)),
        in_dotenv=tuple(name for name in names if name in dotenv),
        prometheus=prometheus,
        alembic_ini=_alembic(folder),
        celery_app=_celery_app(folder),
        targets=_targets(folder),
        profile="" if profile is None else profile.id,
        rule_files=tuple(str(path.relative_to(folder)) for path in rules),
    )


def _alembic(folder: Path) -> str:
    """The file that says where the migrations are."""
    if (folder / "alembic.ini").is_file():
        return "alembic.ini"
    return "pyproject.toml" if "[tool.alembic]" in _text(folder / "pyproject.toml") else ""


def _starts(folder: Path) -> list[Path]:
    """Files in which workers may be started."""
    patterns = ("Procfile", "Makefile", "*compose*.y*ml", "*.sh", "*/*.sh")
    return [path for pattern in patterns for path in sorted(folder.glob(pattern))]


def _queues(folder: Path) -> frozenset[str]:
    """Of which queues workers are started here."""
    option = re.compile(r"(?:\s-Q|--queues)[\s\"',=]+([\w.-]+(?:,[\w.-]+)*)")
    return frozenset(
        name for path in _starts(folder) for names in option.findall(_text(path)) for name in names.split(",")
    )


def _celery_app(folder: Path) -> str:
    """As `-A` names it where workers are started, else the file in which an app is made."""
    for path in _starts(folder):
        if match := re.search(
            r"\bcelery[\s\"',]+(?:-A|--app)[\s\"',=]+([A-Za-z_][\w.]*(?::\w+)?)", _text(path)
        ):
            return match[1]
    for path in sorted((*folder.glob("*.py"), *folder.glob("*/*.py"))):
        if _makes_celery(_text(path)):
            return str(path.relative_to(folder))
    return ""


def _makes_celery(source: str) -> bool:
    if "Celery" not in source:
        return False
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return False
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return any(getattr(called, "id", getattr(called, "attr", "")) == "Celery" for called in calls)


def _targets(folder: Path) -> tuple[str, ...]:
    """The `/metrics` addresses that a prometheus.yml here scrapes, Prometheus itself left out."""
    import yaml

    urls: list[str] = []
    for path in sorted((*folder.glob("prometheus*.y*ml"), *folder.glob("*/prometheus*.y*ml"))):
        try:
            raw = yaml.safe_load(_text(path))
        except (yaml.YAMLError, RecursionError):
            continue
        for job in _dicts(raw.get("scrape_configs") if isinstance(raw, dict) else None):
            scheme, page = str(job.get("scheme", "http")), str(job.get("metrics_path", "/metrics"))
            for group in _dicts(job.get("static_configs")):
                hosts = group.get("targets")
                urls += [
                    f"{scheme}://{host}{page}"
                    for host in (hosts if isinstance(hosts, list) else ())
                    if re.fullmatch(r"[\w.\[\]:-]+", str(host)) and not str(host).endswith(":9090")
                ]
    return tuple(dict.fromkeys(urls))


def _dicts(value: object) -> list[dict[str, object]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _text(path: Path) -> str:
    try:
        return read_text(path, 1_000_000, errors="replace")
    except OSError:
        return ""


def _prometheus(url: str) -> str:
    import httpx

    try:
        answer = httpx.get(f"{url}/api/v1/status/buildinfo", timeout=1.0, trust_env=False)
    except httpx.HTTPError:
        return ""
    return url if answer.is_success and '"success"' in answer.text[:200] else ""


def _metric_names(url: str) -> frozenset[str]:
    """Every metric that the Prometheus at `url` knows; none where there is none."""
    import httpx

    if not url:
        return frozenset()
    try:
        answer = httpx.get(f"{url}/api/v1/label/__name__/values", timeout=5.0, trust_env=False)
        names = answer.json().get("data", [])
    except (httpx.HTTPError, ValueError, AttributeError):
        return frozenset()
    return frozenset(map(str, names)) if isinstance(names, list) else frozenset()
