"""The repository's Alertmanager configurations: where their routes send, and which receivers they define."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from repolint.facts.yaml_lines import read_yaml, walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.facts.yaml_lines import Yaml
    from repolint.project import Project


@dataclass(frozen=True, slots=True)
class Route:
    """`receiver` is '' where the route names none. `severities`: those that it matches, each with its line."""

    receiver: str
    line: int
    goes_on: bool
    severities: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Routing:
    """One configuration. `receivers`: by name whether it sends anywhere. `templated`: some name is filled in later."""

    file: str
    routes: tuple[Route, ...]
    receivers: dict[str, bool]
    templated: bool


def routings(project: Project) -> tuple[Routing, ...]:
    """Every Alertmanager configuration of the repository."""
    return tuple(_read(project))


def _read(project: Project) -> Iterator[Routing]:
    for file in project.matching(".yml", ".yaml"):
        text = project.text(file)
        if "receivers:" not in text or "route:" not in text:
            continue
        for document in read_yaml(project, file):
            if document.get("receivers").each() and document.get("route").fields():
                receivers = {
                    receiver.get("name").text(): any(key.endswith("_configs") for key in receiver.fields())
                    for receiver in document.get("receivers").each()
                }
                templated = any("{{" in name or "$" in name for name in receivers)
                routes = tuple(_route(node) for node in walk(document.get("route")))
                yield Routing(file, routes, receivers, templated)


def _route(node: Yaml) -> Route:
    receiver = node.get("receiver")
    name = "" if isinstance(receiver.value, dict) else receiver.text()
    return Route(name, receiver.line, node.get("continue").text() == "true", tuple(_severities(node)))


def _severities(node: Yaml) -> Iterator[tuple[str, int]]:
    severity = node.get("match").get("severity")
    if severity.text():
        yield severity.text(), severity.line
    for matcher in node.get("matchers").each():
        match = re.fullmatch(r"\s*severity\s*=\s*\"?([\w-]+)\"?\s*", matcher.text())
        if match:
            yield match[1], matcher.line
