"""How the containers of the repository's Compose files reach one another: names, ports, networks, mounted files."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runbooks.manual.compose_source import unreadable
from runbooks.manual.yaml_lines import read_yaml, walk

if TYPE_CHECKING:
    from runbooks.manual.project import Project
    from runbooks.manual.yaml_lines import Yaml

_COMPOSE = re.compile(r"(^|/)[\w.-]*compose[\w.-]*\.ya?ml$")


@dataclass(frozen=True, slots=True)
class Service:
    """One service of one file. `ports` are those inside the container that the file names; `text` is all it says."""

    name: str
    file: str
    image: str
    built: bool
    ports: frozenset[int]
    names: frozenset[str]
    mounts: tuple[str, ...]
    host_network: bool
    text: str
    networks: frozenset[str]


def services(project: Project) -> tuple[Service, ...]:
    """All services of all Compose files."""
    found: list[Service] = []
    for file in sorted(project.files):
        if _COMPOSE.search(file) and "services" in project.text(file):
            for document in read_yaml(project, file):
                found += [
                    _service(name, node, document, file)
                    for name, node in document.get("services").fields().items()
                ]
    return tuple(found)


def reachable_names(project: Project) -> frozenset[str]:
    """Every name under which one container can reach another."""
    return frozenset().union(*(one.names for one in project.fact(services)))


def joins_foreign_network(project: Project) -> bool:
    """Whether a Compose file uses a network or services that something else brings: then other names may be reachable."""
    return unreadable(project) or any(
        node.get("external").text() == "true" or node.get("external").fields()
        for file in {one.file for one in project.fact(services)}
        for document in read_yaml(project, file)
        for node in document.get("networks").fields().values()
    )


def mounting(project: Project, file: str) -> list[Service]:
    """The services into which a file of the repository is mounted, itself or with a folder above it."""
    return [one for one in project.fact(services) if any(_covers(mount, file) for mount in one.mounts)]


def _covers(mount: str, file: str) -> bool:
    return file == mount or (bool(mount) and file.startswith(mount.rstrip("/") + "/"))


def _service(name: str, node: Yaml, document: Yaml, file: str) -> Service:
    folder = posixpath.dirname(file)
    names = {name, node.get("container_name").text(), node.get("hostname").text()}
    networks = node.get("networks")
    for network in networks.fields().values():
        names |= {alias.text() for alias in network.get("aliases").each()}
    names |= {entry.text().partition(":")[0].partition("=")[0] for entry in node.get("extra_hosts").each()}
    names |= set(node.get("extra_hosts").fields())
    links = {entry.text().rpartition(":")[2] for entry in node.get("links").each()}
    joined = set(networks.fields()) | {one.text() for one in networks.each()}
    return Service(
        name=name,
        file=file,
        image=node.get("image").text(),
        built="build" in node.fields(),
        ports=_ports(node),
        names=frozenset((names | links) - {""}),
        mounts=tuple(_mount(one, folder) for one in node.get("volumes").each()),
        host_network=node.get("network_mode").text() == "host",
        text=" ".join(one.value for one in walk(node) if isinstance(one.value, str)),
        networks=frozenset(joined or ({"default"} if document.fields() else set())),
    )


def _ports(node: Yaml) -> frozenset[int]:
    found: set[int] = set()
    for one in (*node.get("ports").each(), *node.get("expose").each()):
        text = one.get("target").text() or one.text()
        inside = re.sub(r"/(tcp|udp)$", "", text).rpartition(":")[2]
        first, _, last = inside.partition("-")
        if first.isdigit():
            found |= set(range(int(first), int(last if last.isdigit() else first) + 1))
    return frozenset(found)


def _mount(node: Yaml, folder: str) -> str:
    """The repository's side of a bind mount, '' for a named volume."""
    source = node.get("source").text() or node.text().partition(":")[0]
    if not source.startswith((".", "/")) and "/" not in source:
        return ""
    return posixpath.normpath(posixpath.join(folder, source)) if not source.startswith("/") else ""
