"""What this folder and environment hold that Warroom can watch, for `warroom init`. Values of secrets are never kept."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.files import is_file, read_text
from profiles.profile import recognised
from signals.alerts.rules import rule_paths
from tui.config.prometheus_yml import read_prometheus_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from core.message import Message
    from tui.config.prometheus_yml import PrometheusFile, Table

DATABASE = ("DATABASE_URL", "POSTGRES_URL", "POSTGRES_DSN")
BROKER = ("CELERY_BROKER_URL", "BROKER_URL", "REDIS_URL")
PROMETHEUS = ("PROMETHEUS_URL",)
MAX_DEPTH = 3
SKIPPED = frozenset({"node_modules", ".git", ".venv", "venv", "vendor"})


@dataclass(frozen=True, slots=True)
class Discovery:
    """Names of variables, addresses and files; empty where nothing was found. `targets` are tables of the configuration."""

    exported: tuple[str, ...]
    in_dotenv: tuple[str, ...]
    prometheus: str
    alembic_ini: str
    celery_app: str
    rule_files: tuple[str, ...]
    targets: tuple[Table, ...] = ()
    profile: str = ""
    alertmanager: str = ""
    remarks: tuple[Message, ...] = ()

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
    files = [read_prometheus_file(path, folder) for path in _prometheus_files(folder)]
    rules = _rule_files(folder, files)
    paths = rule_paths([folder / entry for entry in rules])
    prometheus = _prometheus("http://127.0.0.1:9090")
    metrics = {word for path in paths for word in re.findall(r"[a-zA-Z_:][\w:]*", _text(path))}
    profile = recognised(metrics | _metric_names(prometheus), _queues(folder))
    return Discovery(
        exported=tuple(name for name in names if environment.get(name)),
        in_dotenv=tuple(name for name in names if name in dotenv),
        prometheus=prometheus,
        alembic_ini=_alembic(folder),
        celery_app=_celery_app(folder),
        targets=tuple(target for file in files for target in file.targets),
        alertmanager=next((url for file in files for url in file.alertmanagers), ""),
        remarks=tuple(remark for file in files for remark in file.remarks),
        profile="" if profile is None else profile.id,
        rule_files=rules,
    )


def _alembic(folder: Path) -> str:
    """The file that says where the migrations are."""
    if is_file(folder / "alembic.ini"):
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


def _prometheus_files(folder: Path) -> list[Path]:
    """Every prometheus.yml here, at most three folders down."""
    patterns = (f"{'*/' * depth}prometheus*.y*ml" for depth in range(MAX_DEPTH + 1))
    files = [path for pattern in patterns for path in sorted(folder.glob(pattern))]
    return [path for path in files if not SKIPPED & set(path.relative_to(folder).parts)]


def _rule_files(folder: Path, files: list[PrometheusFile]) -> tuple[str, ...]:
    """What a prometheus.yml loads; where none loads anything, every file that looks like one of rules."""
    if loaded := [entry for file in files for entry in file.rule_files]:
        return tuple(dict.fromkeys(loaded))
    return tuple(
        str(path.relative_to(folder))
        for pattern in ("*.yml", "*.yaml", "*/*.yml", "*/*.yaml")
        for path in sorted(folder.glob(pattern))
        if re.search(r"^\s*-\s*alert:", _text(path), re.MULTILINE)
    )


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
