"""The compose files of the repository: their services, and what each builds and mounts."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from runbooks.manual.project import Project

_NAMED: Final = re.compile(r"(?:^|/)(?:docker-)?compose[\w.-]*\.ya?ml$|(?:^|/)[\w.-]*compose[\w.-]*\.ya?ml$")


@dataclass(frozen=True, slots=True)
class Service:
    """One service. `context` and `dockerfile` are relative to the repository; `context` is None where an image is used."""

    name: str
    file: str
    context: str | None
    dockerfile: str
    mounts: tuple[tuple[str, str], ...]
    container_name: str


def services(project: Project) -> tuple[Service, ...]:
    """Of all compose files."""
    return project.fact(_read)


def compose_files(project: Project) -> list[str]:
    """By name, those at the root first."""
    found = [file for file in project.files if _NAMED.search(file)]
    return sorted(found, key=lambda file: (file.count("/"), len(file), file))


def unreadable(project: Project) -> bool:
    """Whether a compose file can't be read, or takes services from elsewhere."""
    return project.fact(_unreadable)


def _unreadable(project: Project) -> bool:
    return any(
        _load(project, file) is None or re.search(r"(?m)^include:|^\s+extends:", project.text(file))
        for file in compose_files(project)
    )


def _load(project: Project, file: str) -> dict[str, object] | None:
    import yaml

    class Tolerant(yaml.SafeLoader):
        """Takes compose's own tags (`!reset`) for nothing."""

    Tolerant.add_multi_constructor("!", lambda *_: None)
    try:
        found = yaml.load(project.text(file), Tolerant)  # noqa: S506  # a SafeLoader that also knows foreign tags
    except (yaml.YAMLError, RecursionError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _read(project: Project) -> tuple[Service, ...]:
    found = []
    for file in compose_files(project):
        table = (_load(project, file) or {}).get("services")
        for name, service in table.items() if isinstance(table, dict) else ():
            found.append(_service(file, str(name), service if isinstance(service, dict) else {}))
    return tuple(found)


def _service(file: str, name: str, table: dict[str, object]) -> Service:
    base = posixpath.dirname(file)
    build = table.get("build")
    context: str | None = None
    dockerfile = "Dockerfile"
    if isinstance(build, str):
        context = build
    elif isinstance(build, dict):
        context = str(build.get("context", "."))
        dockerfile = str(build.get("dockerfile", "Dockerfile"))
    if context is not None:
        context = posixpath.normpath(posixpath.join(base, context))
        context = "" if context == "." else context
        dockerfile = posixpath.normpath(posixpath.join(context, dockerfile))
    mounts = []
    volumes = table.get("volumes")
    for volume in volumes if isinstance(volumes, list) else ():
        source, target = "", ""
        if isinstance(volume, str) and ":" in volume:
            source, target = volume.split(":")[:2]
        elif isinstance(volume, dict):
            source, target = str(volume.get("source", "")), str(volume.get("target", ""))
        if source.startswith("."):
            mounts.append((posixpath.normpath(posixpath.join(base, source)), target))
    return Service(name, file, context, dockerfile, tuple(mounts), str(table.get("container_name", "")))
