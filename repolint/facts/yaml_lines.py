"""YAML with line numbers: also templates of Helm, several documents in a file, and YAML or JSON inside a ConfigMap."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import yaml

    from repolint.project import Project

Content: TypeAlias = "str | Mapping[str, Yaml] | tuple[Yaml, ...]"
DEEPEST = 40
MAX_NODES = 200_000


@dataclass(frozen=True, slots=True)
class Yaml:
    """A value and the lines that it covers; every scalar is a text."""

    value: Content
    line: int
    last: int

    def text(self) -> str:
        """The scalar ('' for anything else)."""
        return self.value.strip() if isinstance(self.value, str) else ""

    def get(self, key: str) -> Yaml:
        """A member of a mapping; an empty text where there is none."""
        return (
            self.value.get(key, Yaml("", self.line, self.line))
            if isinstance(self.value, dict)
            else replace(self, value="")
        )

    def fields(self) -> Mapping[str, Yaml]:
        """The members of a mapping, else nothing."""
        return self.value if isinstance(self.value, dict) else {}

    def each(self) -> tuple[Yaml, ...]:
        """The elements of a list, else nothing."""
        return self.value if isinstance(self.value, tuple) else ()


def read_yaml(project: Project, file: str) -> list[Yaml]:
    """All documents of a file, and those that stand as text inside them. Nothing where it is no YAML."""
    read = project.fact(_all_read)
    if file not in read:
        read[file] = read_text(project.text(file))
    return read[file]


def _all_read(_: Project) -> dict[str, list[Yaml]]:
    """Each file is read once, however many rules ask."""
    return {}


def read_text(text: str, above: int = 0, depth: int = 0) -> list[Yaml]:
    """The same for a text whose first line is line `above` + 1."""
    documents = [document for document in _documents(text, above) if not isinstance(document.value, str)]
    if depth < 2:
        for document in list(documents):
            for inner in walk(document):
                if isinstance(inner.value, str) and "\n" in inner.value and _EMBEDDED.search(inner.value):
                    documents += read_text(inner.value, inner.line, depth + 1)
    return documents


def walk(node: Yaml, depth: int = 0) -> Iterator[Yaml]:
    """The node and everything in it."""
    yield node
    if depth > DEEPEST:
        return
    for child in (*node.fields().values(), *node.each()):
        yield from walk(child, depth + 1)


_EMBEDDED = re.compile(r"^\s*(groups|scrape_configs|rule_files|route)\s*:", re.MULTILINE)
_ACTION_LINE = re.compile(r"^\s*\{\{.*\}\}\s*$", re.MULTILINE)
_ACTION = re.compile(r"\{\{.*?\}\}")


def _documents(text: str, above: int) -> list[Yaml]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for attempt in (text, _ACTION.sub("0", _ACTION_LINE.sub("", text)) if "{{" in text else None):
        if attempt is None:
            return []
        try:
            nodes = list(yaml.compose_all(attempt, Loader=loader))
        except (yaml.YAMLError, RecursionError, ValueError):
            continue
        budget = [MAX_NODES]
        return [_convert(node, above, budget, 0) for node in nodes]
    return []


def _convert(node: yaml.Node, above: int, budget: list[int], depth: int) -> Yaml:
    import yaml

    budget[0] -= 1
    line, last = node.start_mark.line + 1 + above, node.end_mark.line + 1 + above
    if budget[0] < 0 or depth > DEEPEST:  # aliases that multiply, or hold themselves
        return Yaml("", line, last)
    if isinstance(node, yaml.MappingNode):
        fields: dict[str, Yaml] = {}
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                read = _convert(value, above, budget, depth + 1)
                if key.value == "<<":
                    for step in (read, *read.each()):
                        fields = {**step.fields(), **fields}
                else:
                    fields[key.value] = read
        return Yaml(fields, line, last)
    if isinstance(node, yaml.SequenceNode):
        return Yaml(tuple(_convert(child, above, budget, depth + 1) for child in node.value), line, last)
    return Yaml(str(node.value), line, last)
