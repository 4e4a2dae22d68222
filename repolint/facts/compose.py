"""The Compose files of the repository: their services, what each builds and mounts, and under which names others reach it."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from repolint.facts.yaml_lines import read_yaml, walk

if TYPE_CHECKING:
    from repolint.facts.yaml_lines import Yaml
    from repolint.project import Project

_NAMED: Final = re.compile(r"(?:^|/)[\w.-]*compose[\w.-]*\.ya?ml$")


@dataclass(frozen=True, slots=True)
class Service:
    """One service of one file.

    `context` and `dockerfile` are relative to the repository; `context` is None where an image is used. `mounts` are the
    bind mounts: the repository's side and the container's. `ports` are those inside the container that the file names;
    `published` are the machine's port (0 where a variable decides) and the container's, one by one;
    `names` are its own, its container's and its aliases; `text` is all that it says.
    """

    name: str
    file: str
    image: str
    context: str | None
    dockerfile: str
    mounts: tuple[tuple[str, str], ...]
    container_name: str
    ports: frozenset[int]
    published: frozenset[tuple[int, int]]
    names: frozenset[str]
    host_network: bool
    text: str


def services(project: Project) -> tuple[Service, ...]:
    """Of all Compose files."""
    return project.fact(_read)


def compose_files(project: Project) -> list[str]:
    """By name, those at the root first."""
    files = [file for file in project.files if _NAMED.search(file)]
    return sorted(files, key=lambda file: (file.count("/"), len(file), file))


def unreadable(project: Project) -> bool:
    """Whether a Compose file can't be read, or takes services from elsewhere."""
    return project.fact(_unreadable)


def joins_foreign_network(project: Project) -> bool:
    """Whether a Compose file uses a network or services that something else brings: then other names may be reachable."""
    return unreadable(project) or any(
        node.get("external").text() == "true" or node.get("external").fields()
        for file in {service.file for service in services(project)}
        for document in read_yaml(project, file)
        for node in document.get("networks").fields().values()
    )


def reachable_names(project: Project) -> frozenset[str]:
    """Every name under which one container can reach another."""
    return frozenset().union(*(service.names for service in services(project)))


def mounting(project: Project, file: str) -> list[Service]:
    """The services into which a file of the repository is mounted, itself or with a folder above it."""
    return [
        service for service in services(project) if any(_covers(mount, file) for mount, _ in service.mounts)
    ]


def _covers(mount: str, file: str) -> bool:
    return file == mount or file.startswith(mount.rstrip("/") + "/")


def _unreadable(project: Project) -> bool:
    return any(
        not any(document.fields() for document in read_yaml(project, file))
        or re.search(r"(?m)^include:|^\s+extends:", project.text(file))
        for file in compose_files(project)
    )


def _read(project: Project) -> tuple[Service, ...]:
    return tuple(
        _service(name, node, file)
        for file in compose_files(project)
        for document in read_yaml(project, file)
        for name, node in document.get("services").fields().items()
    )


def _service(name: str, node: Yaml, file: str) -> Service:
    folder = posixpath.dirname(file)
    context, dockerfile = _build(node, folder)
    container = node.get("container_name").text()
    return Service(
        name=name,
        file=file,
        image=node.get("image").text(),
        context=context,
        dockerfile=dockerfile,
        mounts=tuple(mount for volume in node.get("volumes").each() if (mount := _mount(volume, folder))),
        container_name=container,
        ports=_ports(node),
        published=_published(node),
        names=frozenset({name, container, *_other_names(node)} - {""}),
        host_network=node.get("network_mode").text() == "host",
        text=" ".join(inner.value for inner in walk(node) if isinstance(inner.value, str)),
    )


def _build(node: Yaml, folder: str) -> tuple[str | None, str]:
    build = node.get("build")
    if "build" not in node.fields():
        return None, "Dockerfile"
    context = posixpath.normpath(posixpath.join(folder, build.text() or build.get("context").text() or "."))
    context = "" if context == "." else context
    file = build.get("dockerfile").text() or "Dockerfile"
    return context, posixpath.normpath(posixpath.join(context, file))


def _other_names(node: Yaml) -> set[str]:
    names = {node.get("hostname").text()}
    for network in node.get("networks").fields().values():
        names |= {alias.text() for alias in network.get("aliases").each()}
    hosts = node.get("extra_hosts")
    names |= {entry.text().partition(":")[0].partition("=")[0] for entry in hosts.each()}
    names |= set(hosts.fields())
    return names | {entry.text().rpartition(":")[2] for entry in node.get("links").each()}


def _ports(node: Yaml) -> frozenset[int]:
    ports: set[int] = set()
    for port_node in (*node.get("ports").each(), *node.get("expose").each()):
        text = port_node.get("target").text() or port_node.text()
        inside = re.sub(r"/(tcp|udp)$", "", text).rpartition(":")[2]
        first, _, last = inside.partition("-")
        if first.isdigit():
            ports |= set(range(int(first), int(last if last.isdigit() else first) + 1))
    return frozenset(ports)


def _published(node: Yaml) -> frozenset[tuple[int, int]]:
    pairs: set[tuple[int, int]] = set()
    for port_node in node.get("ports").each():
        outside, _, inside = re.sub(r"/(?:tcp|udp)$", "", port_node.text()).rpartition(":")
        outside, inside = (
            port_node.get("published").text() or outside,
            port_node.get("target").text() or inside,
        )
        if inside.isdigit():
            port = outside.rpartition(":")[2]
            pairs.add((int(port) if port.isdigit() and "$" not in outside else 0, int(inside)))
    return frozenset(pairs)


def _mount(node: Yaml, folder: str) -> tuple[str, str] | None:
    """Both sides of a bind mount of something in the repository; None for a named volume and for places of the machine."""
    source, target = node.get("source").text(), node.get("target").text()
    if node.text():
        source, target = (*node.text().split(":"), "")[:2]
    if source.startswith("/") or not (source.startswith(".") or "/" in source):
        return None
    return posixpath.normpath(posixpath.join(folder, source)), target
